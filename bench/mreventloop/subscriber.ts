import { connect, Peer } from 'mreventloop';
import { leave, settings } from '../role.ts';
import { arrivals, countAsTold, wantedEvents } from '../work.ts';
import type { Ticks } from './events.ts';

const peers = await Promise.all(
  wantedEvents().map(async (names) => {
    const peer = new Peer<Ticks, {}>(...settings.addresses, names, []);
    const take = arrivals.check(names);
    for (const name of names) connect(peer, name, take);
    return peer.start();
  }),
);

await countAsTold();
await Promise.all(peers.map((peer) => peer.stop()));
leave();
