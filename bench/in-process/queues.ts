/** What slots do: they count, so that it is known when all of them have run. */
export interface Work {
  readonly sync: (n: number) => void;
  readonly async: (n: number) => Promise<void>;
}

/** A queue that runs one call after the other, written as its users would write it. */
export interface Queue {
  /** Queues a call of a slot that is done when it returns. */
  sync(n: number): unknown;
  /** Queues a call of a slot that awaits something. */
  async(n: number): unknown;
  /** The same as `sync`, by turns for two receivers in one queue. */
  shared(n: number): unknown;
  /** The same as `sync`; calls back, or gives a promise, when the call is done. */
  awaited(n: number, done: () => void): PromiseLike<unknown> | undefined;
  /** Keeps what is queued from here on. */
  pause(): void;
}

/** What this package is measured beside. Each is loaded when it is asked for. */
export const queues = {
  async mreventloop() {
    const { EventLoop, slot } = await import('mreventloop');
    class Receiver {
      readonly eventLoop: InstanceType<typeof EventLoop>;
      readonly onSync;
      readonly onAsync;
      constructor(work: Work, eventLoop = new EventLoop()) {
        this.eventLoop = eventLoop;
        this.onSync = slot(this, work.sync);
        this.onAsync = slot(this, work.async);
      }
    }
    return (work: Work): Queue => {
      const one = new Receiver(work);
      const other = new Receiver(work, one.eventLoop);
      one.eventLoop.start();
      return {
        sync: (n) => one.onSync(n),
        async: (n) => one.onAsync(n),
        shared: (n) => (n % 2 === 0 ? one : other).onSync(n),
        awaited: (n) => one.onSync(n),
        pause: () => void one.eventLoop.stop(),
      };
    };
  },

  /** The callback form. A worker that calls back at once would overflow the stack, so it does in a microtask. */
  async fastq() {
    const { default: fastq } = await import('fastq');
    return (work: Work): Queue => {
      const onSync = fastq<unknown, number>((n, done) => {
        work.sync(n);
        queueMicrotask(done as () => void);
      }, 1);
      const onAsync = fastq<unknown, number>((n, report) => {
        work.async(n).then(() => report(null), report);
      }, 1);
      const shared = fastq<unknown, { slot: Work['sync']; n: number }>(({ slot, n }, done) => {
        slot(n);
        queueMicrotask(done as () => void);
      }, 1);
      const other = (n: number): void => work.sync(n);
      return {
        sync: (n) => onSync.push(n),
        async: (n) => onAsync.push(n),
        shared: (n) => shared.push({ slot: n % 2 === 0 ? work.sync : other, n }),
        awaited: (n, done) => onSync.push(n, done) as undefined,
        pause: () => onSync.pause(),
      };
    };
  },

  async 'fastq.promise'() {
    const { promise } = await import('fastq');
    return (work: Work): Queue => {
      // Its workers must return promises.
      // oxlint-disable-next-line require-await
      const onSync = promise<unknown, number>(async (n) => work.sync(n), 1);
      const onAsync = promise<unknown, number>((n) => work.async(n), 1);
      // oxlint-disable-next-line require-await
      const shared = promise<unknown, { slot: Work['sync']; n: number }>(async ({ slot, n }) => slot(n), 1);
      const other = (n: number): void => work.sync(n);
      return {
        sync: (n) => onSync.push(n),
        async: (n) => onAsync.push(n),
        shared: (n) => shared.push({ slot: n % 2 === 0 ? work.sync : other, n }),
        awaited: (n) => onSync.push(n),
        pause: () => onSync.pause(),
      };
    };
  },

  async 'p-queue'() {
    const { default: PQueue } = await import('p-queue');
    return (work: Work): Queue => {
      const queue = new PQueue({ concurrency: 1 });
      const other = (n: number): void => work.sync(n);
      return {
        sync: (n) => queue.add(() => work.sync(n)),
        async: (n) => queue.add(() => work.async(n)),
        shared: (n) => queue.add(() => (n % 2 === 0 ? work.sync : other)(n)),
        awaited: (n) => queue.add(() => work.sync(n)),
        pause: () => queue.pause(),
      };
    };
  },

  async 'async.queue'() {
    const { queue } = await import('async');
    return (work: Work): Queue => {
      const onSync = queue<number>((n, done) => {
        work.sync(n);
        done();
      }, 1);
      const onAsync = queue<number>((n, report) => {
        work.async(n).then(() => report(), report);
      }, 1);
      const shared = queue<{ slot: Work['sync']; n: number }>(({ slot, n }, done) => {
        slot(n);
        done();
      }, 1);
      const other = (n: number): void => work.sync(n);
      return {
        // Without a callback it would make a promise.
        sync: (n) => onSync.push(n, ignore),
        async: (n) => onAsync.push(n, ignore),
        shared: (n) => shared.push({ slot: n % 2 === 0 ? work.sync : other, n }, ignore),
        awaited: (n, done) => onSync.push(n, done) as undefined,
        pause: () => onSync.pause(),
      };
    };
  },

  /** The floor of whoever takes no package. */
  async 'promise chain'() {
    return (work: Work): Queue => {
      let tail: Promise<void> = Promise.resolve();
      // Nobody else would hold what is chained to it.
      const held: unknown[] = [];
      const other = (n: number): void => work.sync(n);
      const sync = (n: number): Promise<void> => (tail = tail.then(() => work.sync(n)));
      return {
        sync,
        async: (n) => (tail = tail.then(() => work.async(n))),
        shared: (n) => (tail = tail.then(() => (n % 2 === 0 ? work.sync : other)(n))),
        awaited: sync,
        pause: () => void held.push((tail = new Promise(() => {}))),
      };
    };
  },
};

export type QueueName = keyof typeof queues;

function ignore(): void {}
