import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A connection to the relay. */
export async function open(path: string): Promise<Socket> {
  const socket = connect(path);
  await once(socket, 'connect');
  return socket;
}

/** Calls a function with each line. */
export function onLine(socket: Socket, take: (line: string) => void): void {
  let rest = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    rest += text;
    for (let end = rest.indexOf('\n'); end !== -1; end = rest.indexOf('\n')) {
      const line = rest.slice(0, end);
      rest = rest.slice(end + 1);
      take(line);
    }
  });
}
