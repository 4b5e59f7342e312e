import { AddressError } from '../errors.ts';

/** Replaces `websocket-library.ts` in bundles for browsers, which have WebSockets of their own. */
export function libraryWebSocket(): Promise<never> {
  return Promise.reject(new AddressError('browsers reach ws:// and wss:// addresses only'));
}
