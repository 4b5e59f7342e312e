import { type Queue, type QueueName, queues, type Work } from './queues.ts';
import { bytesHeldBy } from './memory.ts';

export interface QueueTask {
  readonly kind: 'queue';
  readonly queue: QueueName;
  readonly slot: 'sync' | 'async' | 'shared' | 'awaited';
  /** How many calls are queued at once. */
  readonly count: number;
}

/** How many calls there are in all before the measurement, and during it. */
const WARM_UP = 200_000;
const MEASURED = 1_000_000;

/** Nanoseconds a call, from queueing the first to the end of the last. The fastest of several bursts counts. */
export async function measureQueue({ queue: name, slot, count }: QueueTask): Promise<number> {
  const counter = new Counter();
  const queue = (await queues[name]())(counter);
  for (let i = 0; i < WARM_UP; i += 10_000) await runBurst(queue, slot, 10_000, counter);
  let nanoseconds = Infinity;
  for (let i = 0; i < Math.max(3, MEASURED / count); i += 1) {
    const begin = performance.now();
    await runBurst(queue, slot, count, counter);
    nanoseconds = Math.min(nanoseconds, ((performance.now() - begin) / count) * 1e6);
  }
  return nanoseconds;
}

/** Queues so many calls at once, and waits until all of them have run. */
export async function runBurst(queue: Queue, slot: QueueTask['slot'], count: number, counter: Counter): Promise<void> {
  const all = counter.expect(count);
  if (slot === 'awaited') {
    await waitForEach(queue, count);
  } else {
    for (let n = 0; n < count; n += 1) void queue[slot](n);
  }
  await all;
}

/** Waits for every call by itself: each has a promise, or a callback, of its own. */
function waitForEach(queue: Queue, count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    const ended = (): void => {
      left -= 1;
      if (left === 0) resolve();
    };
    for (let n = 0; n < count; n += 1) void queue.awaited(n, ended)?.then(ended);
  });
}

/** Slots that count how often they ran, and that they run one at a time and in order. */
export class Counter implements Work {
  #next = 0;
  #count = 0;
  #running = false;
  #onAll: (() => void) | undefined;

  expect(count: number): Promise<void> {
    this.#next = 0;
    this.#count = count;
    return new Promise((resolve) => (this.#onAll = resolve));
  }

  readonly sync = (n: number): void => {
    if (n !== this.#next || this.#running) throw new Error(`call ${n} came out of order`);
    this.#next += 1;
    if (this.#next === this.#count) this.#onAll?.();
  };

  readonly async = async (n: number): Promise<void> => {
    if (n !== this.#next || this.#running) throw new Error(`call ${n} came out of order`);
    this.#running = true;
    await Promise.resolve();
    this.#running = false;
    this.sync(n);
  };
}

export interface QueueMemoryTask {
  readonly kind: 'queue memory';
  readonly queue: QueueName;
  readonly count: number;
}

/** Bytes a call that waits: one that nobody waits for, and one that somebody does. */
export async function measureQueueMemory({ queue: name, count }: QueueMemoryTask): Promise<[number, number]> {
  const make = await queues[name]();
  const made = make(new Counter());
  made.pause();
  // Stopping may take a turn.
  await new Promise((resolve) => setImmediate(resolve));
  const held = bytesHeldBy(() => {
    for (let n = 0; n < count; n += 1) void made.sync(n);
    return made;
  });
  const heldAwaited = bytesHeldBy(() => {
    for (let n = 0; n < count; n += 1) void made.awaited(n, ignore)?.then(ignore);
    return made;
  });
  return [held / count, heldAwaited / count];
}

function ignore(): void {}
