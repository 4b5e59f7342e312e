import { AddressError } from '../../errors.ts';
import type { Door } from '../bus.ts';

/** Replaces `websocket-door.ts` in bundles for browsers (see `browser` in package.json). */
export function makeWebSocketDoor(): Promise<Door> {
  return Promise.reject(new AddressError('browsers cannot serve WebSockets'));
}
