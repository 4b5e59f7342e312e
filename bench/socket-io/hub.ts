// The server passes on events to those who are in the room with their name, as a broker does, and questions to the one
// who answers them.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, type Socket } from 'socket.io';
import { leave, readyUntilStopped, settings } from '../role.ts';
import { SERVERS } from './client.ts';

const http = createServer().listen(0, '127.0.0.1');
await once(http, 'listening');
const hub = new Server(http, { transports: ['websocket'], serveClient: false, cors: { origin: '*' } });
let server: Socket | undefined;

hub.on('connection', (socket) => {
  socket.on('join', async (rooms: string[], done: () => void) => {
    await socket.join(rooms);
    if (rooms.includes(SERVERS)) server = socket;
    done();
  });
  for (const name of settings.names) socket.on(name, (payload: string) => hub.to(name).emit(name, payload));
  socket.on('echo', async (question: string, answer: (text: string) => void) => {
    answer((await server?.emitWithAck('echo', question)) as string);
  });
});

await readyUntilStopped(`http://127.0.0.1:${(http.address() as AddressInfo).port}`);
await hub.close();
leave();
