import { expect, test } from 'vitest';
import { StepClock } from 'mreventloop/testing';
import { Batcher } from '../../src/stream/batcher.ts';
import { Log } from '../../src/stream/log.ts';

test('what is to be said after the events of a turn is said at its end, also where the last of them filled a frame', () => {
  const clock = new StepClock();
  const happened: string[] = [];
  const batcher = new Batcher('P', clock, (event) => happened.push(event));
  const log = new Log('a');
  const add = (n: number): void => {
    log.append('[]', 2, n);
    log.send(undefined);
    batcher.add(log, n);
  };
  add(1);
  batcher.afterwards(() => happened.push('said'));
  for (let n = 2; n <= 1_024; n += 1) add(n);
  expect(happened).toEqual(['a']);
  clock.advance(0);
  expect(happened).toEqual(['a', 'said']);
});
