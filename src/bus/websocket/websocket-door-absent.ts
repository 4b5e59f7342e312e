import { AddressError } from '../../errors.ts';
import type { Door } from '../bus.ts';

/** Stands in for `websocket-door.ts` where bundles are made for browsers (see `browser` in package.json). */
export function makeWebSocketDoor(): Promise<Door> {
  return Promise.reject(new AddressError('browsers cannot serve WebSockets'));
}
