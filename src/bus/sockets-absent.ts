import { AddressError } from '../errors.ts';
import type { Endpoints } from './bus.ts';

/**
 * Replaces `ipc.ts`, `nats.ts`, `redis.ts` and `zeromq.ts` in bundles for browsers (see `browser` in package.json). A
 * broker in a page has no door or uplink of these kinds either.
 */
function refuse(where: string | Endpoints): Promise<never> {
  const address = typeof where === 'string' ? where : where.in;
  return Promise.reject(new AddressError(`'${address}' cannot be used: browsers have ws:// and nats+ws://`));
}

export {
  refuse as makeIpcBus,
  refuse as makeNatsBus,
  refuse as makeNatsUplink,
  refuse as makeRedisBus,
  refuse as makeZeromqBus,
  refuse as makeZeromqDoor,
  refuse as openIpcDoors,
};
