import { connect, EventLoop, type LoopOverflow, OverflowError, slot } from 'mreventloop';
import { expect, test } from 'vitest';
import { collectUncaught, settled } from './uncaught.ts';

class Consumer {
  readonly eventLoop: EventLoop;
  readonly done: number[] = [];
  readonly onWork = slot(this, (n: number) => {
    this.done.push(n);
    return n;
  });

  constructor(options: ConstructorParameters<typeof EventLoop>[0]) {
    this.eventLoop = new EventLoop(options);
  }
}

/** Five calls for a loop that has not started yet, what became of each, and what the loop said. */
async function fiveCalls(options: ConstructorParameters<typeof EventLoop>[0]) {
  const consumer = new Consumer(options);
  const overflows: LoopOverflow[] = [];
  connect(consumer.eventLoop, 'overflow', (overflow) => overflows.push(overflow));
  const calls = [1, 2, 3, 4, 5].map((n) => consumer.onWork(n));
  const size = consumer.eventLoop.size;
  consumer.eventLoop.start();
  const outcomes = (await Promise.allSettled(calls)).map((outcome) =>
    outcome.status === 'fulfilled' ? outcome.value : (outcome.reason as Error).message,
  );
  await consumer.eventLoop.stop();
  return { done: consumer.done, outcomes, overflows, size };
}

const DROPPED = 'the call of Consumer.onWork was dropped: its event loop was full';

test('bounded loop: drop-oldest keeps the newest calls', async () => {
  expect(await fiveCalls({ limit: 2, overflow: 'drop-oldest' })).toEqual({
    done: [4, 5],
    outcomes: [DROPPED, DROPPED, DROPPED, 4, 5],
    overflows: [1, 2, 3].map((dropped) => ({ policy: 'drop-oldest', dropped })),
    size: 2,
  });
});

test('bounded loop: drop-newest keeps the oldest calls', async () => {
  expect(await fiveCalls({ limit: 2, overflow: 'drop-newest' })).toEqual({
    done: [1, 2],
    outcomes: [1, 2, DROPPED, DROPPED, DROPPED],
    overflows: [1, 2, 3].map((dropped) => ({ policy: 'drop-newest', dropped })),
    size: 2,
  });
});

test('bounded loop: latest keeps the last call only', async () => {
  expect(await fiveCalls({ overflow: 'latest' })).toEqual({
    done: [5],
    outcomes: [DROPPED, DROPPED, DROPPED, DROPPED, 5],
    overflows: [1, 2, 3, 4].map((dropped) => ({ policy: 'latest', dropped })),
    size: 1,
  });
});

test('bounded loop: latest with a limit drops the whole line for the call that does not fit', async () => {
  expect(await fiveCalls({ overflow: 'latest', limit: 3 })).toEqual({
    done: [4, 5],
    outcomes: [DROPPED, DROPPED, DROPPED, 4, 5],
    overflows: [1, 2, 3].map((dropped) => ({ policy: 'latest', dropped })),
    size: 2,
  });
});

test('bounded loop: without a limit nothing is dropped', async () => {
  expect(await fiveCalls({})).toEqual({ done: [1, 2, 3, 4, 5], outcomes: [1, 2, 3, 4, 5], overflows: [], size: 5 });
});

test('bounded loop: error refuses the call where it is made, and keeps the others', async () => {
  const consumer = new Consumer({ limit: 2 });
  void consumer.onWork(1);
  void consumer.onWork(2);
  expect(() => consumer.onWork(3)).toThrow(
    expect.objectContaining({
      code: 'OVERFLOW',
      message: 'Consumer.onWork was called, but its event loop is full',
      cause: new OverflowError('the queue is full: 2 wait already'),
    }),
  );
  await consumer.eventLoop.start().stop();
  expect(consumer.done).toEqual([1, 2]);
});

test('bounded loop: the limit counts the calls that wait, not the one that runs', async () => {
  const consumer = new Consumer({ limit: 1 });
  await using _ = consumer.eventLoop.start();
  await consumer.eventLoop.enqueue(() => {
    void consumer.onWork(1);
  });
  await settled();
  expect(await consumer.onWork(2)).toBe(2);
  expect(consumer.done).toEqual([1, 2]);
});

test('bounded loop: a dropped call that nobody awaits is no unhandled rejection', async () => {
  const uncaught = collectUncaught();
  const consumer = new Consumer({ limit: 1, overflow: 'drop-newest' });
  void consumer.onWork(1);
  void consumer.onWork(2);
  await consumer.eventLoop.start().stop();
  await settled();
  expect(uncaught).toEqual([]);
});

test('bounded loop: a call that somebody awaits already rejects when it is dropped', async () => {
  const consumer = new Consumer({ limit: 1, overflow: 'drop-oldest' });
  const awaited = expect(consumer.onWork(1)).rejects.toThrow(new OverflowError(DROPPED));
  await settled();
  void consumer.onWork(2);
  await awaited;
});

test('bounded loop: dropping ends no program', async () => {
  const uncaught = collectUncaught();
  const consumer = new Consumer({ limit: 1, overflow: 'drop-oldest', exitOnException: true });
  void consumer.onWork(1);
  void consumer.onWork(2);
  await settled();
  expect(uncaught).toEqual([]);
});

test('bounded loop: a listener of overflow may call a slot, and the limit holds', async () => {
  const consumer = new Consumer({ limit: 2, overflow: 'drop-oldest' });
  const sizes: number[] = [];
  connect(
    consumer.eventLoop,
    'overflow',
    () => {
      void consumer.onWork(100);
      sizes.push(consumer.eventLoop.size);
    },
    { once: true },
  );
  for (const n of [1, 2, 3]) void consumer.onWork(n);
  sizes.push(consumer.eventLoop.size);
  expect(sizes).toEqual([2, 2]);
  await consumer.eventLoop.start().stop();
  expect(consumer.done).toEqual([3, 100]);
});

test('bounded loop: options that make no sense are refused', () => {
  expect(() => new EventLoop({ limit: 0 })).toThrow(RangeError);
  expect(() => new EventLoop({ overflow: 'drop' as 'error' })).toThrow(TypeError);
});
