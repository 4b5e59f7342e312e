import { leave, settings } from '../role.ts';
import { arrivals, countAsTold, wantedEvents } from '../work.ts';
import { open, subscribe } from './client.ts';

const connections = await Promise.all(
  wantedEvents().map(async (names) => {
    const connection = await open(settings.addresses[0]);
    await subscribe(connection, names, arrivals.check(names));
    return connection;
  }),
);

await countAsTold();
await Promise.all(connections.map((connection) => connection.endAsync(true)));
leave();
