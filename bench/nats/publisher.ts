import { leave, makePayload, publishAsTold, settings } from '../role.ts';
import { open, publish } from './client.ts';

const connection = await open(settings.addresses[1]);
const [name] = settings.names as [string];

await publishAsTold(async (first, end) => {
  // Without a pause, which suits it best: turns of the runtime or flushes in between made it no faster.
  for (let number = first; number < end; number += 1) publish(connection, name, makePayload(number));
  await connection.flush();
});
await connection.close();
leave();
