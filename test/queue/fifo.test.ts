import { array, assert, integer, oneof, property, constant } from 'fast-check';
import { expect, test } from 'vitest';
import { collectGarbage } from '../loop/collect-garbage.ts';
import { Fifo } from '../../src/queue/fifo.ts';

test('Fifo: first in, first out', () => {
  const queue = new Fifo<string>();
  queue.push('a');
  queue.push('b');
  expect([queue.length, queue.shift(), queue.shift(), queue.shift(), queue.length]).toEqual([
    2,
    'a',
    'b',
    undefined,
    0,
  ]);
});

test('Fifo: does what an array does, whatever comes in which order', () => {
  // Runs of pushes and shifts, long enough for the ring to grow while it wraps around, and to shrink.
  const step = oneof(integer({ min: 1, max: 40 }), integer({ min: -40, max: -1 }), constant(1500), constant(-1500));
  assert(
    property(array(step, { maxLength: 60 }), (steps) => {
      const queue = new Fifo<number>();
      const model: number[] = [];
      let next = 0;
      for (const count of steps) {
        for (let i = 0; i < Math.abs(count); i += 1) {
          if (count > 0) {
            queue.push(next);
            model.push(next);
            next += 1;
          } else if (queue.shift() !== model.shift()) {
            return false;
          }
          if (queue.length !== model.length) return false;
        }
      }
      while (model.length > 0) if (queue.shift() !== model.shift()) return false;
      return queue.shift() === undefined;
    }),
    { numRuns: 200 },
  );
});

test('Fifo: undefined is an item like any other', () => {
  const queue = new Fifo<undefined>();
  queue.push(undefined);
  expect(queue.length).toBe(1);
  queue.shift();
  expect(queue.length).toBe(0);
});

test('Fifo: what a burst took is given back, also where something is always left', () => {
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const queue = new Fifo<number>();
  for (let i = 0; i < 2 ** 20; i += 1) queue.push(i);
  while (queue.length > 1_000) queue.shift();
  collectGarbage();
  // A million places are 8 MB.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_000_000);
  expect(queue.length).toBe(1_000);
});
