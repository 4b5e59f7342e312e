import { expect, test } from 'vitest';
import { StepClock } from 'mreventloop/testing';
import { Batcher } from '../../src/stream/batcher.ts';
import { Log } from '../../src/stream/log.ts';
import { Outbox } from '../../src/stream/outbox.ts';

test('what is to be said after the events of a turn is said at its end, also where the last of them filled a frame', () => {
  const clock = new StepClock();
  const happened: string[] = [];
  const batcher = new Batcher('P', clock, (event) => happened.push(event));
  const log = new Log('a');
  const add = (n: number): void => {
    log.append('[]', 2, n);
    log.send();
    batcher.add(log, '[]');
  };
  add(1);
  batcher.afterwards(() => happened.push('said'));
  for (let n = 2; n <= 1_024; n += 1) add(n);
  expect(happened).toEqual(['a']);
  clock.advance(0);
  expect(happened).toEqual(['a', 'said']);
});

test('what is to leave with its turn leaves before it is dropped, as it is too large for the next way', () => {
  const clock = new StepClock();
  const happened: string[] = [];
  const batcher = new Batcher('P', clock, (_event, frame) => happened.push(frame));
  const options = { window: 100, limit: 100, size: 1e6, history: 0, events: {} };
  const outbox = new Outbox('P', ['a'], options, clock, {
    event: (log, args) => batcher.add(log, args),
    flush: () => batcher.flush(),
    heads() {},
    mark() {},
    replay() {},
    overflow: (event) => happened.push(`dropped ${event}`),
  });
  outbox.open();
  const large = 'x'.repeat(100);
  outbox.publish('a', [large]);
  outbox.pause();
  outbox.largest = 50;
  outbox.open();
  clock.advance(0);
  expect(happened).toEqual([expect.stringContaining(`"params": ["${large}"]`), 'dropped a']);
});
