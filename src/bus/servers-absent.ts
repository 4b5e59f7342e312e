import { AddressError } from '../errors.ts';

/** Stands in for `nats.ts` and `redis.ts` where bundles are made for browsers (see `browser` in package.json). */
export function makeNatsBus(address: string): Promise<never> {
  return Promise.reject(
    new AddressError(
      `'${address}' cannot be used: browsers have no such sockets; they reach NATS at nats+ws:// and nats+wss://`,
    ),
  );
}

export {
  /** No broker in a page has one. */
  makeNatsBus as makeNatsUplink,
  makeNatsBus as makeRedisBus,
};
