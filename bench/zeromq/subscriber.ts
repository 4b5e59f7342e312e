import { leave, settings } from '../role.ts';
import { arrivals, countAsTold, wantedEvents } from '../work.ts';
import { MIXED, openSubscriber, read, type Request } from './sockets.ts';

const sockets = await Promise.all(
  wantedEvents().map(async (names) => {
    const socket = await openSubscriber(settings.addresses[0], [...names, MIXED]);
    const take = arrivals.check(names);
    const takes = new Map(names.map((name) => [name, take]));
    const reading = read(socket, (requests) => {
      for (const { method, params } of requests as Request[]) takes.get(method)?.(params[0]);
    });
    return { socket, reading };
  }),
);

await countAsTold();
for (const { socket } of sockets) socket.close();
await Promise.all(sockets.map(({ reading }) => reading));
leave();
