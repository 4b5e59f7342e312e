import { EventLoop, slot, type SlotCall, Worker } from 'mreventloop';
import { expect, onTestFinished, test, vi } from 'vitest';
import { collectGarbage } from './collect-garbage.ts';
import { deferred } from './deferred.ts';
import { runChild } from './run-child.ts';
import { settled } from './uncaught.ts';

// Enough for several slices on any machine; where timers get no turn, a test ends here and fails.
const TOO_MANY = 3_000_000;

/** Whether a timer of no time at all got its turn. */
function timer(): { readonly fired: boolean } {
  const state = { fired: false };
  setTimeout(() => (state.fired = true), 0);
  return state;
}

test('starvation: a timer gets its turn while a slot keeps calling itself', async () => {
  const loop = new EventLoop();
  const due = timer();
  let steps = 0;
  const step = (): void => {
    steps += 1;
    if (!due.fired && steps < TOO_MANY) void loop.enqueue(step);
  };
  void loop.enqueue(step);
  await loop.start().stop();
  expect(due.fired).toBe(true);
});

test('starvation: while an async slot keeps calling itself', async () => {
  const loop = new EventLoop();
  const due = timer();
  let steps = 0;
  const step = async (): Promise<void> => {
    await Promise.resolve();
    steps += 1;
    if (!due.fired && steps < TOO_MANY) void loop.enqueue(step);
  };
  void loop.enqueue(step);
  await loop.start().stop();
  expect(due.fired).toBe(true);
});

test('starvation: while two loops keep each other busy', async () => {
  const [ping, pong] = [new EventLoop().start(), new EventLoop().start()];
  const due = timer();
  let steps = 0;
  await new Promise<void>((resolve) => {
    const bounce = (loop: EventLoop, other: EventLoop): void => {
      steps += 1;
      if (due.fired || steps >= TOO_MANY) resolve();
      else void other.enqueue(() => bounce(other, loop));
    };
    void ping.enqueue(() => bounce(ping, pong));
  });
  await Promise.all([ping.stop(), pong.stop()]);
  expect(due.fired).toBe(true);
});

test('starvation: while slots that take their time are queued, and not only when all have run', async () => {
  const loop = new EventLoop();
  let due = { fired: false };
  const seen: boolean[] = [];
  const calls = Array.from({ length: 100 }, (_unused, i) =>
    loop.enqueue(() => {
      if (i === 0) due = timer();
      const end = performance.now() + 2;
      while (performance.now() < end);
      seen.push(due.fired);
    }),
  );
  loop.start();
  await Promise.all(calls);
  // A slice is 10 ms, and the looks at the clock come every step where steps are slow.
  expect(seen.indexOf(true)).toBeGreaterThan(0);
  expect(seen.indexOf(true)).toBeLessThan(50);
  await loop.stop();
});

test('starvation: a timer gets its turn while a worker has always something to do', async () => {
  const due = timer();
  let steps = 0;
  class Busy extends Worker {
    protected override run(): void {
      steps += 1;
      if (due.fired || steps >= TOO_MANY) void this.stop();
    }
  }
  await new Busy().start().done;
  expect(due.fired).toBe(true);
});

test('starvation: calls from outside are run between those that a slot makes for itself', async () => {
  const loop = new EventLoop().start();
  let steps = 0;
  let stop = false;
  const step = (): void => {
    steps += 1;
    if (!stop && steps < TOO_MANY) void loop.enqueue(step);
  };
  void loop.enqueue(step);
  await settled();
  const before = steps;
  await loop.enqueue(() => (stop = true));
  expect(steps - before).toBeLessThanOrEqual(2);
  await loop.stop();
});

test('starvation: turns are given by time, not by the number of calls', async () => {
  using turns = vi.spyOn(globalThis, 'setImmediate');
  const loop = new EventLoop();
  for (let i = 0; i < 100_000; i += 1) void loop.enqueue(() => {});
  const begin = performance.now();
  await loop.start().stop();
  expect(turns.mock.calls.length).toBeLessThanOrEqual((performance.now() - begin) / 10 + 2);
});

test('memory: a slot that calls itself again and again keeps no earlier call alive', async () => {
  const calls: WeakRef<object>[] = [];
  let newest: object | undefined;
  class Ticker {
    readonly eventLoop = new EventLoop();
    readonly onTick = slot(this, async (left: number): Promise<void> => {
      await Promise.resolve();
      if (left === 0) return;
      newest = this.onTick(left - 1);
      calls.push(new WeakRef(newest));
    });
  }
  const ticker = new Ticker();
  await using _ = ticker.eventLoop.start();
  void ticker.onTick(50);
  await ticker.eventLoop.events.idle.next();
  await settled();
  collectGarbage();
  const alive = calls.filter((call) => call.deref() !== undefined);
  expect(calls).toHaveLength(50);
  expect(alive.map((call) => call.deref())).toContain(newest);
  expect(alive.length).toBeLessThan(5);
});

test('memory: a slot that never ends keeps none of the calls that it has awaited alive', async () => {
  const [one, two] = [new EventLoop().start(), new EventLoop().start()];
  const calls: WeakRef<object>[] = [];
  let alive = Infinity;
  await one.enqueue(async () => {
    for (let i = 0; i < 50; i += 1) {
      const call = two.enqueue(() => settled());
      calls.push(new WeakRef(call));
      await call;
    }
    await settled();
    collectGarbage();
    alive = calls.filter((call) => call.deref() !== undefined).length;
  });
  await Promise.all([one.stop(), two.stop()]);
  expect(calls).toHaveLength(50);
  expect(alive).toBeLessThan(5);
});

test('memory: a slot that has not ended keeps no arguments alive that it does not need', async () => {
  const loop = new EventLoop().start();
  const gate = deferred();
  const product = new WeakRef({});
  // Not an async function: those keep their arguments.
  void loop.enqueue((_product: object) => gate.promise, product.deref() as object);
  await settled();
  collectGarbage();
  expect(product.deref()).toBeUndefined();
  gate.resolve();
  await loop.stop();
});

test('cost: slots that wait for many calls of loops that wait for many others are looked at once each', async () => {
  const looks = vi.spyOn(EventLoop.prototype, 'current', 'get');
  onTestFinished(() => looks.mockRestore());
  const gate = deferred();
  const [first, ...loops] = [
    new EventLoop().start(),
    ...Array.from({ length: 11 }, () => new EventLoop().start()),
  ] as const;
  const run = async (depth: number): Promise<void> => {
    const next = loops[depth];
    // The second one waits behind the first: both ways lead to what the loop runs.
    await (next === undefined ? gate.promise : Promise.all([1, 2].map(() => next.enqueue(run, depth + 1))));
  };
  const calls = Promise.all([1, 2].map(() => first.enqueue(run, 0)));
  await settled();
  await using outside = new EventLoop().start();
  looks.mockClear();
  const waiting = outside.enqueue(async () => {
    await first.enqueue(() => {});
  });
  await settled();
  expect(looks.mock.calls.length).toBeLessThan(100);
  gate.resolve();
  await Promise.all([calls, waiting]);
  await Promise.all([first, ...loops].map((loop) => loop.stop()));
});

test('cost: of what a slot waits for at the same time, each does not look at all the others', async () => {
  const gate = deferred();
  const loops = Array.from({ length: 200 }, () => new EventLoop().start());
  const calls = loops.map((loop) => loop.enqueue(() => gate.promise));
  await settled();
  const looks = vi.spyOn(Object.getPrototypeOf(calls[0]) as SlotCall<void>, 'isRunning', 'get');
  onTestFinished(() => looks.mockRestore());
  await using loop = new EventLoop().start();
  const waiting = loop.enqueue(async () => void (await Promise.all(calls)));
  await settled();
  expect(looks.mock.calls.length).toBeLessThan(200 * 10);
  gate.resolve();
  await waiting;
  await Promise.all(loops.map((one) => one.stop()));
});

test('starvation: a loop goes on where tests have timers stand still', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const loop = new EventLoop();
  let count = 0;
  for (let i = 0; i < 1_000; i += 1) {
    void loop.enqueue(() => {
      // Each takes a slice of its own.
      vi.advanceTimersByTime(20);
      count += 1;
    });
  }
  await loop.start().stop();
  expect(count).toBe(1_000);
});

test('starvation: a loop runs where the runtime has neither messages nor setImmediate', async () => {
  expect(await runChild('bare')).toMatchObject({ code: 0, stdout: ['50'] });
});
