import { array, assert, boolean, constantFrom, integer, property } from 'fast-check';
import { OverflowError } from 'mreventloop';
import { describe, expect, test } from 'vitest';
import { BoundedQueue, type OverflowPolicy, type QueueOptions } from '../../src/queue/bounded-queue.ts';

/** What a bounded queue should do, in the plainest way. */
class Model {
  readonly items: number[] = [];
  readonly dropped: number[] = [];

  constructor(
    readonly limit: number,
    readonly overflow: OverflowPolicy,
  ) {}

  /** Whether it took the item. */
  push(item: number): boolean {
    if (this.items.length === this.limit) {
      if (this.overflow === 'error') return false;
      if (this.overflow === 'drop-newest') {
        this.dropped.push(item);
        return true;
      }
      this.dropped.push(...this.items.splice(0, this.overflow === 'drop-oldest' ? 1 : this.limit));
    }
    this.items.push(item);
    return true;
  }
}

function takes(queue: BoundedQueue<number>, item: number): boolean {
  try {
    queue.push(item);
    return true;
  } catch (error) {
    if (error instanceof OverflowError) return false;
    throw error;
  }
}

const POLICIES: OverflowPolicy[] = ['error', 'drop-oldest', 'drop-newest', 'latest'];

test('BoundedQueue: does what its model does, under every policy', () => {
  assert(
    property(
      constantFrom(...POLICIES),
      integer({ min: 1, max: 40 }),
      array(boolean(), { maxLength: 300 }),
      (overflow, limit, pushes) => {
        const dropped: number[] = [];
        const queue = new BoundedQueue<number>({ limit, overflow }, (item) => dropped.push(item));
        const model = new Model(limit, overflow);
        pushes.forEach((push, i) => {
          if (push) expect(takes(queue, i)).toBe(model.push(i));
          else expect(queue.shift()).toBe(model.items.shift());
          expect(queue.length).toBe(model.items.length);
        });
        expect(dropped).toEqual(model.dropped);
        while (queue.length > 0) expect(queue.shift()).toBe(model.items.shift());
        expect(model.items).toEqual([]);
      },
    ),
    { numRuns: 500 },
  );
});

describe('defaults', () => {
  test.each<[options: QueueOptions, limit: number, overflow: OverflowPolicy]>([
    [{}, Infinity, 'error'],
    [{ limit: undefined, overflow: undefined }, Infinity, 'error'],
    [{ overflow: 'latest' }, 1, 'latest'],
    [{ overflow: 'latest', limit: 3 }, 3, 'latest'],
    [{ overflow: 'drop-oldest' }, Infinity, 'drop-oldest'],
    [{ limit: 3 }, 3, 'error'],
  ])('BoundedQueue: %j means a limit of %s and the policy %s', (options, limit, overflow) => {
    const queue = new BoundedQueue(options, () => {});
    expect([queue.limit, queue.overflow]).toEqual([limit, overflow]);
  });
});

describe('wrong options', () => {
  test.each([0, -1, 1.5, Number.NaN, -Infinity])('BoundedQueue: a limit of %s is refused', (limit) => {
    expect(() => new BoundedQueue({ limit }, () => {})).toThrow(
      new RangeError('limit must be a whole number of at least 1, or Infinity'),
    );
  });

  test('BoundedQueue: a policy that does not exist is refused, with those that do', () => {
    expect(() => new BoundedQueue({ overflow: 'drop' as OverflowPolicy }, () => {})).toThrow(
      new TypeError('overflow must be one of error, drop-oldest, drop-newest, latest'),
    );
  });
});

test('BoundedQueue: the policy error says how many wait, and refuses the item only', () => {
  const queue = new BoundedQueue<number>({ limit: 2 }, () => {});
  queue.push(1);
  queue.push(2);
  expect(() => queue.push(3)).toThrow(new OverflowError('the queue is full: 2 wait already'));
  expect([queue.shift(), queue.shift(), queue.shift()]).toEqual([1, 2, undefined]);
});

test.each<OverflowPolicy>(['drop-oldest', 'drop-newest', 'latest'])(
  'BoundedQueue: never exceeds its limit under %s, also when onDrop pushes',
  (overflow) => {
    let longest = 0;
    let pushes = 0;
    const queue: BoundedQueue<number> = new BoundedQueue<number>({ limit: 3, overflow }, () => {
      pushes += 1;
      if (pushes < 5) queue.push(-pushes);
      longest = Math.max(longest, queue.length);
    });
    for (let i = 0; i < 10; i += 1) {
      queue.push(i);
      longest = Math.max(longest, queue.length);
    }
    expect(longest).toBe(3);
  },
);
