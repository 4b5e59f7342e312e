import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { StepClock } from 'mreventloop/testing';
import { within } from '../../src/peer/within.ts';

test('within: what nobody waits for any more may fail', async () => {
  const reason = new Error('enough');
  let fail!: (error: Error) => void;
  const work = new Promise<void>((_, reject) => (fail = reject));
  await expect(within(new StepClock(), work, 100, AbortSignal.abort(reason), () => 'late')).rejects.toBe(reason);
  // An unhandled rejection would end the run.
  fail(new Error('nobody is interested'));
  await new Promise((resolve) => setImmediate(resolve));
});

test('within: nothing is left of the waiting, however it ends', async () => {
  const clock = new StepClock();
  const { signal } = new AbortController();
  await within(clock, Promise.resolve(), 100, signal, () => 'late');
  await expect(within(clock, Promise.reject(new Error('no')), 100, signal, () => 'late')).rejects.toThrow('no');
  const late = expect(within(clock, new Promise(() => {}), 100, signal, () => 'late')).rejects.toThrow('late');
  clock.advance(100);
  await late;
  expect([clock.pending, getEventListeners(signal, 'abort')]).toEqual([0, []]);
});
