import { nameOf } from '../payload.ts';
import { leave, settings } from '../role.ts';
import { payloadOf, publishAsTold } from '../work.ts';
import { open } from './client.ts';

/** How many commands go out together: more or fewer were no faster. */
const TOGETHER = 100;

const redis = await open(settings.addresses[1]);
const { names } = settings;

await publishAsTold({
  async publish(first, end) {
    for (let count = first; count < end;) {
      const pipeline = redis.pipeline();
      for (const until = Math.min(end, count + TOGETHER); count < until; count += 1) {
        pipeline.publish(nameOf(count, names), JSON.stringify([payloadOf(count)]));
      }
      await pipeline.exec();
    }
  },
});
redis.disconnect();
leave();
