import { expect, test } from 'vitest';
import { type BusPlace, busSuite, FaultyNetwork } from 'mreventloop/testing';
import { systemClock } from '../../src/stream/clock.ts';

const nothing = (): Promise<void> => Promise.resolve();

/** A place in memory. */
function serve(more: Partial<BusPlace>): Promise<BusPlace> {
  const network = new FaultyNetwork({ clock: systemClock(), seed: 7 });
  return Promise.resolve({ bus: () => Promise.resolve(network.bus()), stop: nothing, start: nothing, ...more });
}

const [counting, ...others] = busSuite.filter(({ countsHandles }) => countsHandles);

test('bus suite: what counts handles fails where they are not told, and does not where they are and none is left', async () => {
  expect([counting?.name, others]).toEqual(['close: no handle is left', []]);
  await expect(counting?.run({ serve: () => serve({}) })).rejects.toThrow('the place has no handles()');
  await counting?.run({ serve: () => serve({ handles: () => 3 }) });
});
