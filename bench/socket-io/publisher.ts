import { setImmediate } from 'node:timers/promises';
import { nameOf } from '../payload.ts';
import { leave, settings } from '../role.ts';
import { payloadOf, publishAsTold } from '../work.ts';
import { open } from './client.ts';

/** How many events go out together: more or fewer were no faster. */
const TOGETHER = 100;

const socket = await open(settings.addresses[1]);
const { names } = settings;

await publishAsTold({
  async publish(first, end) {
    for (let count = first; count < end; count += 1) {
      socket.emit(nameOf(count, names), payloadOf(count));
      if (count % TOGETHER === 0) await setImmediate();
    }
  },
});
socket.disconnect();
leave();
