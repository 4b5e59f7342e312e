import { leave, settings } from '../role.ts';
import { arrivals, countAsTold, wantedEvents } from '../work.ts';
import { open, subscribe } from './client.ts';

const connections = await Promise.all(
  wantedEvents().map(async (names) => {
    const connection = await open(settings.addresses[0]);
    const take = arrivals.check(names);
    for (const name of names) await subscribe(connection, name, take);
    return connection;
  }),
);

await countAsTold();
await Promise.all(connections.map((connection) => connection.close()));
leave();
