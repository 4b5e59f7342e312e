import { once } from 'node:events';
import { io, type Socket } from 'socket.io-client';

/** The room of those who answer questions. */
export const SERVERS = 'servers';

/** Without the detour that it takes for the sake of old proxies. */
export const OPTIONS = { transports: ['websocket'] };

export async function open(url: string): Promise<Socket> {
  const socket = io(url, OPTIONS);
  await once(socket as never, 'connect');
  return socket;
}

/** Calls a function with the payload of each event. */
export async function subscribe(
  socket: Socket,
  names: readonly string[],
  onPayload: (payload: string) => void,
): Promise<void> {
  for (const name of names) socket.on(name, onPayload);
  await socket.emitWithAck('join', names);
}
