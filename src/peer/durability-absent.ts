import { AddressError } from '../errors.ts';

/** In bundles for browsers, where no bus has a store, in the place of what uses one. */
export class Durability {
  constructor() {
    throw new AddressError('events can be kept in a store by programs only, and not by pages');
  }
}
