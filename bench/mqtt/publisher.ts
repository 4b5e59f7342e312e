import { nameOf } from '../payload.ts';
import { leave, settings } from '../role.ts';
import { payloadOf, publishAsTold } from '../work.ts';
import { open, publish } from './client.ts';

/** How many events go out together: more or fewer were no faster. */
const TOGETHER = 1_000;

const connection = await open(settings.addresses[1]);
const { names } = settings;

await publishAsTold({
  async publish(first, end) {
    for (let count = first; count < end;) {
      const last = Math.min(end, count + TOGETHER) - 1;
      for (; count < last; count += 1) publish(connection, nameOf(count, names), payloadOf(count));
      // Without a pause, all events would be kept in memory, which is slower.
      await new Promise<void>((resolve) => publish(connection, nameOf(count, names), payloadOf(count), resolve));
      count += 1;
    }
  },
});
await connection.endAsync(true);
leave();
