import { leave, settings } from '../role.ts';
import { arrivals, countAsTold, wantedEvents } from '../work.ts';
import { open, subscribe } from './client.ts';

const sockets = await Promise.all(
  wantedEvents().map(async (names) => {
    const socket = await open(settings.addresses[0]);
    await subscribe(socket, names, arrivals.check(names));
    return socket;
  }),
);

await countAsTold();
for (const socket of sockets) socket.disconnect();
leave();
