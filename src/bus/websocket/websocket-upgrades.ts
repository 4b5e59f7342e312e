import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { AddressInUseError } from '../../errors.ts';
import type { UpgradeServer } from './websocket-options.ts';

/** Takes the requests for WebSockets at a path. */
export type TakeUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** The doors on one server. They share one listener, so that it is known which requests are for none of them. */
interface Doors {
  readonly byPath: Map<string, TakeUpgrade>;
  readonly listener: TakeUpgrade;
}

const doorsOf = new WeakMap<UpgradeServer, Doors>();

/**
 * Takes the requests that come to a path of a server.
 * @returns a function that stops taking them
 * @throws AddressInUseError
 */
export function takeUpgrades(server: UpgradeServer, path: string, take: TakeUpgrade): () => void {
  const { byPath, listener } = doorsOf.get(server) ?? beginAt(server);
  if (byPath.has(path)) throw new AddressInUseError(`'${path}' is in use: another broker serves it on this server`);
  byPath.set(path, take);
  return () => {
    byPath.delete(path);
    if (byPath.size > 0) return;
    server.off('upgrade', listener as Parameters<UpgradeServer['off']>[1]);
    doorsOf.delete(server);
  };
}

function beginAt(server: UpgradeServer): Doors {
  const byPath = new Map<string, TakeUpgrade>();
  const listener: TakeUpgrade = (request, socket, head) => {
    const [asked = ''] = (request.url ?? '').split('?');
    const take = byPath.get(asked);
    if (take !== undefined) take(request, socket, head);
    // The request may be meant for other listeners.
    else if (server.listenerCount('upgrade') === 1) deny(socket, 404);
  };
  server.on('upgrade', listener as Parameters<UpgradeServer['on']>[1]);
  const doors = { byPath, listener };
  doorsOf.set(server, doors);
  return doors;
}

/** Denies a request, without waiting until the other side has closed its end, too. */
export function deny(socket: Duplex, status: number): void {
  socket.on('error', () => {});
  const answer = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
  socket.end(answer, () => socket.destroy());
}
