// A regression by a factor of two fails, in about a minute, on any machine, however busy: only ratios count. Ours and
// a rival are measured by turns, in many short rounds, and the fastest round of one is compared with the fastest of
// the other: what else the machine does makes rounds slower, never faster. (The best quotient of a round is no good:
// it would be that in which the rival was interrupted.) Within a process, CPU time counts.
import { type Emitter, emitters } from './in-process/emitters.ts';
import { makeListener } from './in-process/listeners.ts';
import { Counter, runBurst } from './in-process/queueing.ts';
import { queues } from './in-process/queues.ts';
import { measureRequests, measureRoundTrips, measureThroughput, SIMPLE } from './measure.ts';
import type { Traffic } from './role.ts';
import { mreventloop, socketIo, type System, zeromq } from './systems.ts';

/**
 * How many times worse than usual the quotient may be. Twice as slow has to be found; what is usual differs by some
 * tenths from one machine, and from one run, to the next.
 */
const MARGIN = 1.8;
const ROUNDS = 40;
const ROUNDS_ACROSS = 4;

interface Check {
  readonly name: string;
  readonly rounds: number;
  /** How many times the rival's time ours usually takes, in this program. */
  readonly usual: number;
  readonly ours: () => Promise<number>;
  readonly rival: () => Promise<number>;
}

const makeEmitter = { ours: await emitters.mreventloop(), rival: await emitters.nanoevents() };
const makeQueue = { ours: await queues.mreventloop(), rival: await queues['fastq.promise']() };

const emits = (make: () => Emitter, listeners: number): (() => Promise<number>) => {
  const emitter = make();
  for (let i = 0; i < listeners; i += 1) emitter.connect(makeListener(1));
  return time(4_000_000 / listeners, (count) => {
    for (let i = 0; i < count; i += 1) emitter.emit[1]?.(1, 2, 3, 4);
  });
};

const connects = (make: () => Emitter): (() => Promise<number>) => {
  const emitter = make();
  for (let i = 0; i < 10; i += 1) emitter.connect(makeListener(1));
  const listener = makeListener(1);
  return time(400_000, (count) => {
    for (let i = 0; i < count; i += 1) emitter.connect(listener)();
  });
};

const calls = (make: (counter: Counter) => ReturnType<typeof makeQueue.ours>, slot: 'sync' | 'async') => {
  const counter = new Counter();
  const queue = make(counter);
  return time(20_000, (count) => runBurst(queue, slot, count, counter));
};

const EVENTS = { warmUp: 50_000, count: 300_000 };
const QUESTIONS = { warmUp: 1_000, count: 3_000 };
const REQUESTS = { warmUp: 2_000, count: 10_000 };
const TWO = ['tick', 'tock'];
const across = (system: System, traffic: Partial<Traffic>) => async (): Promise<number> =>
  1 / ((await measureThroughput(system, { ...SIMPLE, ...traffic }, EVENTS))['events/s'] ?? Number.NaN);
const roundTrip = (system: System) => async (): Promise<number> =>
  (await measureRoundTrips(system, SIMPLE, QUESTIONS))['median µs'] ?? Number.NaN;
const requests = (system: System) => async (): Promise<number> =>
  1 / ((await measureRequests(system, { ...SIMPLE, concurrent: 100 }, REQUESTS))['requests/s'] ?? Number.NaN);

const both = <T>(of: { ours: T; rival: T }, measure: (make: T) => () => Promise<number>) => ({
  ours: measure(of.ours),
  rival: measure(of.rival),
});

const checks: readonly Check[] = [
  { name: 'emit to 1 : nanoevents', rounds: ROUNDS, usual: 0.5, ...both(makeEmitter, (make) => emits(make, 1)) },
  { name: 'emit to 10 : nanoevents', rounds: ROUNDS, usual: 1.05, ...both(makeEmitter, (make) => emits(make, 10)) },
  { name: 'connect and disconnect : nanoevents', rounds: ROUNDS, usual: 0.85, ...both(makeEmitter, connects) },
  {
    name: 'calls of a sync slot : fastq.promise',
    rounds: ROUNDS,
    usual: 0.35,
    ...both(makeQueue, (make) => calls(make, 'sync')),
  },
  {
    name: 'calls of an async slot : fastq.promise',
    rounds: ROUNDS,
    usual: 1.2,
    ...both(makeQueue, (make) => calls(make, 'async')),
  },
  {
    name: 'publisher to subscriber : raw zeromq.js, 100 a frame',
    rounds: ROUNDS_ACROSS,
    usual: 1.6,
    ours: across(mreventloop, {}),
    rival: across(zeromq, { batch: 100 }),
  },
  {
    name: 'the same, two events in turn',
    rounds: ROUNDS_ACROSS,
    usual: 1.8,
    ours: across(mreventloop, { names: TWO }),
    rival: across(zeromq, { names: TWO, batch: 100 }),
  },
  {
    name: 'round trip : raw zeromq.js',
    rounds: ROUNDS_ACROSS,
    usual: 0.65,
    ours: roundTrip(mreventloop),
    rival: roundTrip(zeromq),
  },
  {
    name: 'requests, 100 at once : Socket.IO',
    rounds: ROUNDS_ACROSS,
    usual: 0.4,
    ours: requests(mreventloop),
    rival: requests(socketIo),
  },
];

for (const { name, rounds, usual, ours, rival } of checks) {
  let [fastest, fastestRival] = [Infinity, Infinity];
  for (let round = 0; round < rounds; round += 1) {
    fastest = Math.min(fastest, await ours());
    fastestRival = Math.min(fastestRival, await rival());
  }
  const ratio = fastest / fastestRival;
  const limit = usual * MARGIN;
  console.log(
    `${ratio <= limit ? 'ok      ' : 'TOO SLOW'} ${name}: ${ratio.toFixed(2)} (usually ${usual}, at most ${limit.toFixed(2)})`,
  );
  if (ratio > limit) process.exitCode = 1;
}

/** Microseconds of CPU time for so many: time that others have the CPU does not count. */
function time(count: number, run: (count: number) => void | Promise<void>): () => Promise<number> {
  return async () => {
    const begin = process.cpuUsage();
    await run(count);
    const { user, system } = process.cpuUsage(begin);
    return user + system;
  };
}
