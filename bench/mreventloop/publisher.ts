import { Peer } from 'mreventloop';
import { leave, makePayload, publishAsTold, settings } from '../role.ts';
import type { Ticks } from './events.ts';

const names = settings.names as (keyof Ticks)[];
const peer = new Peer<{}, Ticks>(...settings.addresses, [], names);
await peer.start();
for (const name of names) await peer.waitFor({ subscribers: name });

await publishAsTold(async (first, end) => {
  const functions = names.map((name) => peer.publish[name]);
  for (let number = first; number < end;) {
    for (const publish of functions) await publish(makePayload(number++));
  }
});
await peer.stop();
leave();
