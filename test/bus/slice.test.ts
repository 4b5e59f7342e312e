import { expect, test } from 'vitest';
import { freeEndpoints } from '../support/addresses.ts';
import { cli } from '../support/program.ts';
import { mostBetweenTurns } from './busy-listener.ts';

test.each(['ipc', 'tcp', 'ws', 'ws+unix'] as const)(
  '%s: while events flow, a listener that takes its time leaves timers their turn, after a message at the latest',
  async (scheme) => {
    const free = freeEndpoints(scheme);
    // In a process of its own, so that there is always something to read.
    const broker = cli('broker', ...(scheme === 'tcp' ? [free.in, free.out] : new Set([free.in, free.out])));
    const addresses = (await broker.line()).match(/\b\w[\w+]*:\/\/\S+/g) as string[];
    // A message of a WebSocket has 98 of the events, a frame 49.
    expect(await mostBetweenTurns(addresses.at(0) as string, addresses.at(-1))).toBeLessThan(200);
  },
);
