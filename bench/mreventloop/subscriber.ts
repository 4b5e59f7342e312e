import { connect, Peer } from 'mreventloop';
import { countArrivals, leave, readyUntilStopped, settings } from '../role.ts';
import type { Ticks } from './events.ts';

const names = settings.names as (keyof Ticks)[];
const peer = new Peer<Ticks, {}>(...settings.addresses, names, []);
const take = countArrivals(settings);
for (const name of names) connect(peer, name, take);
await peer.start();

await readyUntilStopped();
await peer.stop();
leave();
