import { io } from 'socket.io-client';
import { Arrivals } from '../payload.ts';
import type { Page } from '../page.ts';

let arrivals: Arrivals;

const bench: Page = {
  async start(settings) {
    arrivals = new Arrivals(settings);
    const { page, names } = settings;
    const socket = io(page, { transports: ['websocket'] });
    const take = arrivals.check(names);
    for (const name of names) socket.on(name, take);
    await socket.emitWithAck('join', names);
  },
  expect: (count) => arrivals.expect(count),
};
Object.assign(globalThis, { bench });
