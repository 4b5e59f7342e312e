// Passes on what comes from one connection to all others, as it comes.
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { leave, readyUntilStopped, settings } from '../role.ts';

const sockets = new Set<Socket>();
const server = createServer((socket) => {
  sockets.add(socket);
  socket.once('close', () => sockets.delete(socket));
  socket.on('data', (bytes) => {
    for (const other of sockets) if (other !== socket) other.write(bytes);
  });
});
server.listen(settings.addresses[0]);
await once(server, 'listening');

await readyUntilStopped();
for (const socket of sockets) socket.destroy();
server.close();
leave();
