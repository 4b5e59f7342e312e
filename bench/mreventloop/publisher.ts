import { Peer } from 'mreventloop';
import { nameOf } from '../payload.ts';
import { leave, settings } from '../role.ts';
import { payloadOf, publishAsTold, subscribersOfEach } from '../work.ts';
import type { Ticks } from './events.ts';

const { names, size } = settings;
// A publisher keeps 64 Mi characters at most, of which the usual window would be more where events are large.
const peer = new Peer<{}, Ticks>(...settings.addresses, [], names, { window: size > 4_096 ? 256 : 4_096 });
await peer.start();
for (const name of names) await peer.waitFor({ subscribers: name, count: subscribersOfEach() });

await publishAsTold({
  async publish(first, end) {
    for (let count = first; count < end; count += 1) await peer.publish[nameOf(count, names)]?.(payloadOf(count));
  },
});
await peer.stop();
leave();
