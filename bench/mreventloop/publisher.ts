import { Peer } from 'mreventloop';
import { nameOf } from '../payload.ts';
import { leave, settings } from '../role.ts';
import { payloadOf, publishAsTold, subscribersOfEach } from '../work.ts';
import type { Ticks } from './events.ts';

const { names } = settings;
const peer = new Peer<{}, Ticks>(...settings.addresses, [], names);
await peer.start();
for (const name of names) await peer.waitFor({ subscribers: name, count: subscribersOfEach() });

await publishAsTold({
  async publish(first, end) {
    for (let count = first; count < end; count += 1) await peer.publish[nameOf(count, names)]?.(payloadOf(count));
  },
});
await peer.stop();
leave();
