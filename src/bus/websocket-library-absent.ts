import { AddressError } from '../errors.ts';

/** Stands in for `websocket-library.ts` where bundles are made for browsers, which have WebSockets of their own. */
export function libraryWebSocket(): Promise<never> {
  return Promise.reject(new AddressError('browsers reach ws:// and wss:// addresses only'));
}
