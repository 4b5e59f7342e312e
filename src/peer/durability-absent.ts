import { AddressError } from '../errors.ts';

/** Replaces the code that uses a store in bundles for browsers, where no bus has one. */
export class Durability {
  constructor() {
    throw new AddressError('events can be kept in a store by programs only, and not by pages');
  }
}
