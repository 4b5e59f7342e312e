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
