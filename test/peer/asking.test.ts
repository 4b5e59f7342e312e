import { expect, test } from 'vitest';
import { StepClock } from 'mreventloop/testing';
import { delay } from '../../src/peer/asking.ts';

test('a signal that has aborted already: there is no wait, and no timer is left', async () => {
  const clock = new StepClock();
  await delay(clock, AbortSignal.abort());
  expect(clock.pending).toBe(0);
});
