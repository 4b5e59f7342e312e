import { expect, test } from 'vitest';
import { StepClock } from 'mreventloop/testing';
import { Readiness } from '../../src/peer/readiness.ts';

test('readiness: asks every 25 ms at first, and less often the longer it waits', async () => {
  const clock = new StepClock();
  const asked: number[] = [];
  const readiness = new Readiness(clock, () => asked.push(clock.now()));
  const answered = readiness.ask(Infinity, new AbortController().signal);
  clock.advance(400);
  const pauses = (): number[] => asked.slice(1).map((at, i) => at - (asked[i] as number));
  expect(pauses().slice(0, 6)).toEqual([2, 4, 8, 16, 25, 25]);
  clock.advance(29_600);
  for (const [i, pause] of pauses().entries()) {
    expect(pause).toBeLessThanOrEqual(Math.min(250, Math.max(25, (asked[i] as number) / 20)));
  }
  expect(asked.length).toBeLessThan(200);
  expect(pauses().at(-1)).toBe(250);
  readiness.answered(asked.length);
  await answered;
  expect(clock.pending).toBe(0);
});

test('readiness: the answer to the first probe is enough, and one to a probe from before does not count', async () => {
  const clock = new StepClock();
  const asked: number[] = [];
  const readiness = new Readiness(clock, (count) => asked.push(count));
  const { signal } = new AbortController();
  const first = readiness.ask(Infinity, signal);
  readiness.answered(1);
  await first;
  const second = readiness.ask(100, signal);
  readiness.answered(1);
  const late = expect(second).rejects.toThrow('no answer within 100 ms');
  await clock.until(late);
  const last = asked.length;
  const third = readiness.ask(100, signal);
  // As when the link breaks.
  readiness.forget();
  readiness.answered(last + 1);
  clock.advance(2);
  readiness.answered(last + 2);
  await clock.until(third);
  expect(clock.now()).toBe(102);
});
