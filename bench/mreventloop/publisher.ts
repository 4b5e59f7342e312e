import { Peer } from 'mreventloop';
import { leave, publishAsTold, settings } from '../role.ts';
import type { Ticks } from './events.ts';

const names = settings.names as (keyof Ticks)[];
const peer = new Peer<{}, Ticks>(...settings.addresses, [], names);
await peer.start();
for (const name of names) await peer.waitFor({ subscribers: name });

await publishAsTold(async (payloads) => {
  const functions = names.map((name) => peer.publish[name]);
  for (let index = 0; index < payloads.length;) {
    for (const publish of functions) await publish(payloads[index++] as string);
  }
});
await peer.stop();
leave();
