import { array, assert, integer, oneof, property, constant } from 'fast-check';
import { expect, test } from 'vitest';
import { collectGarbage } from '../loop/collect-garbage.ts';
import { Fifo, ringSize } from '../../src/queue/fifo.ts';

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

test('Fifo: there is nothing before the oldest item and behind the newest, also when the ring is full', () => {
  const queue = new Fifo<number>();
  for (let i = 0; i < 16; i += 1) queue.push(i);
  expect([-1, 0, 15, 16].map((index) => queue.at(index))).toEqual([undefined, 0, 15, undefined]);
});

test('Fifo: an item that was taken is not kept alive', async () => {
  const queue = new Fifo<object>();
  const items = Array.from({ length: 10 }, () => {
    const item = {};
    queue.push(item);
    return new WeakRef(item);
  });
  while (queue.length > 1) queue.shift();
  // A reference that was just made is kept until the next turn.
  await new Promise((resolve) => setImmediate(resolve));
  collectGarbage();
  expect(items.filter((item) => item.deref() !== undefined)).toHaveLength(1);
});

test.each([
  ['it is empty', 4_096, 0, 5, 256],
  ['little is left, now and then', 4_096, 128, 1_024, 256],
  ['little is left, in between', 4_096, 128, 1_023, 4_096],
  ['more is left', 4_096, 129, 1_024, 4_096],
  ['it is small', 1_024, 0, 0, 1_024],
])('ringSize: where %s', (_where, size, length, head, expected) => {
  expect(ringSize(size, length, head)).toBe(expected);
});
