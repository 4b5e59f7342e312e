import { AddressError } from '../errors.ts';

/** Stands in for `nats.ts` where bundles are made for browsers (see `browser` in package.json). */

export function makeNatsBus(address: string): Promise<never> {
  return Promise.reject(new AddressError(`'${address}' cannot be used: browsers reach brokers, by WebSockets`));
}

export const makeNatsUplink: typeof makeNatsBus = makeNatsBus;
