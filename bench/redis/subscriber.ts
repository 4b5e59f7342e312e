import { leave, settings } from '../role.ts';
import { arrivals, countAsTold, wantedEvents } from '../work.ts';
import { open, subscribe } from './client.ts';

const connections = await Promise.all(
  wantedEvents().map(async (names) => {
    const redis = await open(settings.addresses[0]);
    await subscribe(redis, names, arrivals.check(names));
    return redis;
  }),
);

await countAsTold();
for (const redis of connections) redis.disconnect();
leave();
