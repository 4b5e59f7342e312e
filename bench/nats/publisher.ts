import { nameOf } from '../payload.ts';
import { leave, settings } from '../role.ts';
import { payloadOf, publishAsTold } from '../work.ts';
import { open, publish } from './client.ts';

const connection = await open(settings.addresses[1]);
const { names } = settings;

await publishAsTold({
  // Without a pause, which suits it best: turns of the runtime or flushes in between made it no faster.
  async publish(first, end) {
    for (let count = first; count < end; count += 1) publish(connection, nameOf(count, names), payloadOf(count));
  },
  flush: () => connection.flush(),
});
await connection.close();
leave();
