import { countArrivals, leave, readyUntilStopped, settings } from '../role.ts';
import { openSubscriber, read, type Request } from './sockets.ts';

const [name] = settings.names as [string];
const socket = await openSubscriber(settings.addresses[0], [name]);
const take = countArrivals(settings);
const reading = read(socket, name, (requests) => {
  for (const { params } of requests as Request[]) take(params[0]);
});

await readyUntilStopped();
socket.close();
await reading;
leave();
