import { describe, expect, onTestFinished, test } from 'vitest';
import { connect, disconnect, EventLoop, Peer, type PeerOptions, slot } from 'mreventloop';
import { Work } from '../../src/peer/work.ts';
import { startBroker } from '../support/addresses.ts';
import { deferred } from '../loop/deferred.ts';
import { collectUncaught, settled } from '../loop/uncaught.ts';

type Jobs = { job: [n: number]; note: [text: string] };

const AWAITED = { subscribe: { job: { awaited: true } } } as const;

/** One peer that publishes, and one that subscribes. */
async function pair(options: PeerOptions<Jobs, {}> = AWAITED, window = 64) {
  const { endpoints } = await startBroker('inproc');
  const subscriber = new Peer<Jobs, {}>(endpoints, ['job', 'note'], [], options);
  const publisher = new Peer<{}, Jobs>(endpoints, [], ['job', 'note'], { window });
  for (const peer of [subscriber, publisher]) {
    onTestFinished(() => peer.stop({ timeout: 0 }));
    await peer.start();
  }
  await publisher.waitFor({ subscribers: 'job' });
  return { subscriber, publisher };
}

/** Has slots that take a turn of the runtime each. */
class Worker {
  readonly eventLoop = new EventLoop();
  readonly done: number[] = [];
  mostWaiting = 0;
  readonly onJob = slot(this, async (n: number) => {
    this.mostWaiting = Math.max(this.mostWaiting, this.eventLoop.size);
    await new Promise(setImmediate);
    this.done.push(n);
  });
}

async function workThrough(options: PeerOptions<Jobs, {}>): Promise<Worker> {
  const { subscriber, publisher } = await pair(options);
  const worker = new Worker();
  connect(subscriber, 'job', worker);
  await using _ = worker.eventLoop.start();
  for (let n = 0; n < 1_000; n += 1) await publisher.publish.job(n);
  await publisher.flush();
  return worker;
}

describe('awaited events', () => {
  test('who publishes goes no faster than slots work, and a flush waits for them', async () => {
    const worker = await workThrough(AWAITED);
    expect(worker.done).toEqual(Array.from({ length: 1_000 }, (_, n) => n));
    expect(worker.mostWaiting).toBeLessThanOrEqual(64);
  });

  test('what a slot publishes to slots of its own loop is no part of it, also within one thread', async () => {
    const { subscriber, publisher } = await pair();
    const gate = deferred();
    class Shop {
      readonly eventLoop = new EventLoop();
      readonly done: string[] = [];
      readonly onJob = slot(this, async () => void this.done.push('job'));
      readonly open = slot(this, async () => {
        await new Promise(setImmediate);
        await publisher.publish.job(1);
        void publisher.flush().then(() => this.done.push('delivered'));
        await gate.promise;
        this.done.push('open');
      });
    }
    const bar = new Shop();
    connect(subscriber, 'job', bar);
    await using _ = bar.eventLoop.start();
    const opened = bar.open();
    await expect.poll(() => bar.eventLoop.size).toBe(1);
    gate.resolve();
    await opened;
    await publisher.flush();
    expect(bar.done).toEqual(['open', 'job', 'delivered']);
  });

  test('others count as delivered when the listeners were called', async () => {
    const worker = await workThrough({});
    expect(worker.mostWaiting).toBeGreaterThan(64);
  });

  test('other events do not wait for them', async () => {
    const { subscriber, publisher } = await pair();
    const gate = deferred();
    connect(subscriber, 'job', () => gate.promise);
    const noted = subscriber.events.note.next();
    await publisher.publish.job(1);
    await publisher.publish.note('still here');
    expect(await noted).toEqual(['still here']);
    // What came last is not acknowledged before what came first.
    await expect(publisher.flush({ timeout: 50 })).rejects.toThrow(/lacks 2/);
    gate.resolve();
    await publisher.flush();
  });

  test('what fails has ended as well, and is reported as ever', async () => {
    const { subscriber, publisher } = await pair();
    const uncaught = collectUncaught();
    const loop = new EventLoop({ exitOnException: false }).start();
    const failures: unknown[] = [];
    connect(loop, 'exception', (error) => failures.push(error));
    const seen: number[] = [];
    const [thrown, rejected, ofSlot] = ['thrown', 'rejected', 'of a slot'].map((text) => new Error(text));
    connect(subscriber, 'job', () => {
      throw thrown;
    });
    connect(subscriber, 'job', () => Promise.reject(rejected));
    connect(subscriber, 'job', (n) => loop.enqueue((): never => void seen.push(n) as never));
    connect(subscriber, 'job', () =>
      loop.enqueue(() => {
        throw ofSlot;
      }),
    );
    await publisher.publish.job(1);
    await publisher.flush();
    await loop.stop();
    await settled();
    expect(seen).toEqual([1]);
    expect(failures).toEqual([ofSlot]);
    expect(uncaught).toEqual([thrown, rejected]);
  });

  test('listeners are called as in any emit: once where that was said, and not after they were disconnected', async () => {
    const { subscriber, publisher } = await pair();
    const seen: string[] = [];
    const last = (n: number): void => void seen.push(`last ${n}`);
    connect(subscriber, 'job', (n) => void seen.push(`once ${n}`), { once: true });
    connect(subscriber, 'job', (n) => {
      seen.push(`first ${n}`);
      if (n === 2) disconnect(subscriber, 'job', last);
    });
    connect(subscriber, 'job', last);
    for (const n of [1, 2, 3]) await publisher.publish.job(n);
    await publisher.flush();
    expect(seen).toEqual(['once 1', 'first 1', 'last 1', 'first 2', 'first 3']);
  });

  test('a stop of the subscriber waits for them', async () => {
    const { subscriber, publisher } = await pair();
    const gate = deferred();
    let begun = 0;
    let ended = 0;
    connect(subscriber, 'job', async () => {
      begun += 1;
      await gate.promise;
      ended += 1;
    });
    for (const n of [1, 2, 3]) await publisher.publish.job(n);
    await expect.poll(() => begun).toBe(3);
    let hasStopped = false;
    connect(subscriber.status, 'stopped', () => (hasStopped = true));
    const stopped = subscriber.stop().then(() => ended);
    // More turns than a stop takes that waits for nothing.
    for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
    expect(hasStopped).toBe(false);
    gate.resolve();
    expect(await stopped).toBe(3);
  });

  test('a stop does not wait for ever', async () => {
    const { subscriber, publisher } = await pair();
    const seen: number[] = [];
    connect(subscriber, 'job', (n) => {
      seen.push(n);
      return new Promise(() => {});
    });
    await publisher.publish.job(1);
    await expect.poll(() => seen).toEqual([1]);
    await subscriber.stop({ timeout: 10 });
    await subscriber.start();
    await publisher.waitFor({ subscribers: 'job' });
    await publisher.publish.job(2);
    await expect.poll(() => seen).toEqual([1, 2]);
  });

  test('work from before a stop that never ends holds up nothing after the next start', async () => {
    const { subscriber, publisher } = await pair();
    let seen = 0;
    subscriber.events.job.addListener(() => ((seen += 1) === 1 ? new Promise(() => {}) : undefined));
    await publisher.publish.job(1);
    await expect.poll(() => seen).toBe(1);
    await subscriber.stop({ timeout: 0 });
    await subscriber.start();
    await publisher.waitFor({ subscribers: 'job' });
    await publisher.publish.job(2);
    await publisher.flush();
    expect(seen).toBe(2);
  });
});

describe('work', () => {
  test('what was begun before is waited for, in whatever order it ends, and nothing else is', async () => {
    const work = new Work();
    const [a, b, c] = [deferred(), deferred(), deferred()];
    const said: string[] = [];
    work.add(a.promise);
    work.add('nothing to wait for');
    work.add(undefined);
    work.add(b.promise);
    work.afterwards(() => said.push('a and b'));
    work.add(c.promise);
    work.afterwards(() => said.push('all'));
    b.resolve();
    await settled();
    expect(said).toEqual([]);
    a.resolve();
    await settled();
    expect(said).toEqual(['a and b']);
    c.resolve();
    await settled();
    expect(said).toEqual(['a and b', 'all']);
    work.afterwards(() => said.push('at once'));
    expect(said.at(-1)).toBe('at once');
  });

  test('what is begun after everything has ended is waited for as well', async () => {
    const work = new Work();
    const [a, b, c] = [deferred(), deferred(), deferred()];
    const said: string[] = [];
    work.add(a.promise);
    a.resolve();
    await settled();
    work.add(b.promise);
    work.add(c.promise);
    work.afterwards(() => said.push('b and c'));
    c.resolve();
    await settled();
    expect(said).toEqual([]);
    b.resolve();
    await settled();
    expect(said).toEqual(['b and c']);
  });
});
