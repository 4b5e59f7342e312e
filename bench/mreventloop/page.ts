import { connect, Peer } from 'mreventloop';
import { Arrivals } from '../payload.ts';
import type { Page } from '../page.ts';
import type { Ticks } from './events.ts';

let arrivals: Arrivals;

const bench: Page = {
  async start(settings) {
    arrivals = new Arrivals(settings);
    const { page, names } = settings;
    const peer = new Peer<Ticks, {}>(page, page, names, []);
    const take = arrivals.check(names);
    for (const name of names) connect(peer, name, take);
    await peer.start();
  },
  expect: (count) => arrivals.expect(count),
};
Object.assign(globalThis, { bench });
