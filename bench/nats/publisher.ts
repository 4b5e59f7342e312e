import { leave, publishAsTold, settings } from '../role.ts';
import { open, publish } from './client.ts';

/** How many events are published before the server is waited for: as many as may be under way in a peer. */
const WINDOW = 4096;

const connection = await open(settings.addresses[1]);
const [name] = settings.names as [string];

await publishAsTold(async (payloads) => {
  for (const [index, payload] of payloads.entries()) {
    publish(connection, name, payload);
    if (index % WINDOW === WINDOW - 1) await connection.flush();
  }
  await connection.flush();
});
await connection.close();
leave();
