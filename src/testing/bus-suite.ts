import type { Bus, Topic } from '../bus/bus.ts';
import { PayloadError } from '../errors.ts';
import { connect } from '../events/connect.ts';
import { Peer } from '../peer/peer.ts';
import { encodeNotification, requestPrefixes } from '../wire/json-rpc.ts';

/** A place where peers meet over the bus under test. */
export interface BusPlace {
  /** Makes a peer's end of the bus, which is not open yet. */
  bus(): Promise<Bus>;
  /** Stops the server of the place, if it has one: every link breaks. */
  stop(): Promise<void>;
  /** Starts the server of the place again. */
  start(): Promise<void>;
  /** Returns the number of open sockets and the like in the process. Without it, the check that counts them fails. */
  handles?(): number;
}

/** The bus under test. */
export interface BusSubject {
  /** Begins to serve at a place that nobody else uses. The check stops the place. */
  serve(): Promise<BusPlace>;
}

/** A check of one thing that every bus must do. */
export interface BusCheck {
  readonly name: string;
  /** Whether the check breaks links. It is not for a bus whose peers meet without a server. */
  readonly breaksLinks: boolean;
  /** Whether the check counts handles. It is not for a place that cannot count them. */
  readonly countsHandles: boolean;
  /** Runs the check. Rejects with an error that says what was wrong. */
  readonly run: (subject: BusSubject) => Promise<void>;
}

/**
 * What every bus must do, as checks for any test runner:
 *
 * ```ts
 * for (const { name, run } of busSuite) test(name, () => run({ serve: () => serveMyBus() }));
 * ```
 */
export const busSuite: readonly BusCheck[] = [
  checkBreaking(
    'readiness: a bus can be opened before anybody serves, and connects when somebody does',
    async (place, use) => {
      await place.stop();
      const end = await use(End.open(place, ['x']));
      await place.start();
      await end.ready();
      is(end.downs, 0, 'links that broke before there was one');
    },
  ),

  check('readiness: what is sent after a probe came back reaches who was ready before', async (place, use) => {
    const receiver = await use(End.open(place, ['x']));
    await receiver.ready();
    const sender = await use(End.open(place, []));
    await sender.ready();
    sender.send('x', 1);
    await receiver.until(1);
  }),

  check('topics: a frame comes to all who want its topic and to nobody else', async (place, use) => {
    const first = await use(End.open(place, ['x', 'xy']));
    const second = await use(End.open(place, ['x']));
    const third = await use(End.open(place, ['y']));
    const sender = await use(End.open(place, []));
    for (const end of [first, second, third, sender]) await end.ready();
    for (const name of ['xy', 'xyz', 'y', 'x']) sender.send(name, name);
    // The sender first: once it is ready, the broker has passed on what it sent.
    for (const end of [sender, first, second, third]) await end.ready();
    same(first.received, ['xy', 'x'], 'what a subscriber of two topics got');
    same(second.received, ['x'], 'what a subscriber of one topic got');
    same(third.received, ['y'], 'what a subscriber of another topic got');
    same(sender.received, [], 'what came to one without a topic');
  }),

  check('topics: one that is added to an open link counts, too', async (place, use) => {
    const end = await use(End.open(place, []));
    await end.ready();
    end.subscribe('late');
    await end.ready();
    end.send('late', 1);
    await end.until(1);
  }),

  check('topics: 1,000 of them', async (place, use) => {
    const names = Array.from({ length: 1_000 }, (_, i) => `topic_${i}`);
    const all = await use(End.open(place, names));
    const even = await use(
      End.open(
        place,
        names.filter((_, i) => i % 2 === 0),
      ),
    );
    const sender = await use(End.open(place, []));
    for (const end of [all, even, sender]) await end.ready();
    for (const [i, name] of names.entries()) sender.send(name, i);
    await all.until(1_000);
    await even.until(500);
    same(
      all.received,
      names.map((_, i) => i),
      'what came of 1,000 topics',
    );
    same(even.received, names.map((_, i) => 2 * i).slice(0, 500), 'what came of every other topic');
  }),

  check('order: the frames of one sender stay in order, over all topics', async (place, use) => {
    const receiver = await use(End.open(place, ['x', 'y']));
    const sender = await use(End.open(place, []));
    for (const end of [receiver, sender]) await end.ready();
    for (let i = 0; i < 10_000; i += 1) sender.send(i % 3 === 0 ? 'y' : 'x', i);
    await receiver.until(10_000);
    same(
      receiver.received,
      Array.from({ length: 10_000 }, (_, i) => i),
      'the order of 10,000 frames',
    );
  }),

  check('frames: any text arrives as it was sent', async (place, use) => {
    const end = await use(End.open(place, ['x', 'prix_é']));
    await end.ready();
    const texts = ['', 'ünïcödé', '\u{1f375}', '\u2028\u2029', '"\\\n\r\t\0', 'x'.repeat(70_000)];
    for (const text of texts) end.send('x', text);
    end.send('prix_é', 7);
    await end.until(texts.length + 1);
    same(end.received, [...texts, 7], 'what arrived');
  }),

  check('large frames: 300,000 characters arrive, and what comes behind them', async (place, use) => {
    const end = await use(End.open(place, ['x']));
    await end.ready();
    for (const size of [300_000, 10, 299_999]) end.send('x', 'ü'.repeat(size / 2));
    await end.until(3);
    same(
      end.received.map((text) => String(text).length),
      [150_000, 5, 149_999],
      'the sizes of what arrived',
    );
  }),

  check(
    'large events: the limit of the bus arrives, one byte more is refused before it is sent',
    async (place, use) => {
      let bus: Bus | undefined;
      const receiver = peer(place, ['x'], []);
      const sender = new Peer('inproc://in', 'inproc://out', [], ['x'], {
        bus: async () => (bus = await place.bus()),
      });
      const sizes: number[] = [];
      connect(receiver, 'x', (text) => sizes.push(String(text).length));
      await use(receiver.start());
      await use(sender.start());
      const { largest } = bus as unknown as Bus;
      // The limit, less what is around the text.
      const size = (largest ?? 1_000_000) - JSON.stringify(['']).length;
      await sender.waitFor({ subscribers: 'x', timeout: PATIENCE });
      await sender.publish.x('x'.repeat(size));
      if (largest !== undefined) {
        const refused = await Promise.resolve()
          .then(() => sender.publish.x('x'.repeat(size + 1)))
          .catch((error: unknown) => error);
        is(refused instanceof PayloadError, true, 'whether an event above the limit is refused');
      }
      await sender.publish.x('behind');
      await sender.flush({ timeout: PATIENCE });
      same(sizes, [size, 6], 'the sizes of what arrived');
    },
  ),

  checkBreaking('reconnect: the peer is told, and the same topics come again', async (place, use) => {
    const receiver = await use(End.open(place, ['x']));
    const sender = await use(End.open(place, []));
    for (const end of [receiver, sender]) await end.ready();
    for (let round = 1; round <= 3; round += 1) {
      const before = [receiver.downs, sender.downs];
      await place.stop();
      await eventually(() => receiver.downs > (before[0] ?? 0), 'the receiver was told that its link broke');
      await eventually(() => sender.downs > (before[1] ?? 0), 'the sender was told that its link broke');
      await place.start();
      for (const end of [receiver, sender]) await end.ready();
      sender.send('x', round);
      await receiver.until(round);
    }
    same(receiver.received, [1, 2, 3], 'what arrived');
  }),

  check('close: what was sent before arrives', async (place, use) => {
    const receiver = await use(End.open(place, ['x']));
    const sender = await End.open(place, []);
    for (const end of [receiver, sender]) await end.ready();
    for (let i = 0; i < 2_000; i += 1) sender.send('x', 'x'.repeat(100));
    await sender.close();
    await receiver.until(2_000);
  }),

  check('close: while frames come in, nothing is called any more', async (place, use) => {
    const receiver = await End.open(place, ['x']);
    const sender = await use(End.open(place, ['x']));
    for (const end of [receiver, sender]) await end.ready();
    for (let i = 0; i < 5_000; i += 1) sender.send('x', i);
    await receiver.until(100);
    const closing = receiver.close();
    const { received, downs } = receiver;
    const count = received.length;
    await closing;
    await sender.until(5_000);
    await place.stop();
    is(received.length, count, 'frames, of which some came after the close');
    is(receiver.downs, downs, 'broken links, of which some were told after the close');
  }),

  check('close: twice, before anything was opened, and with nobody there', async (place) => {
    const unused = await place.bus();
    await unused.close();
    const used = await End.open(place, ['x']);
    await used.ready();
    await Promise.all([used.close(), used.close()]);
    await used.close();
    await place.stop();
    const lonely = await End.open(place, ['x']);
    lonely.send('x', 1);
    await lonely.close();
  }),

  checkCounting('close: no handle is left', async (place) => {
    const handles = (): number => {
      if (place.handles !== undefined) return place.handles();
      throw new Error('the place has no handles(): give it one, or leave out the checks with countsHandles');
    };
    const cycle = async (): Promise<void> => {
      const ends = await Promise.all([End.open(place, ['x']), End.open(place, [])]);
      await Promise.all(ends.map((end) => end.ready()));
      await Promise.all(ends.map((end) => end.close()));
    };
    // A handle that is made once and kept, for example by a library, is not a leak.
    for (let i = 0; i < 5; i += 1) await cycle();
    const before = handles();
    for (let i = 0; i < 20; i += 1) await cycle();
    // A few handles come and go with the machinery of the runtime.
    await eventually(() => handles() <= before + 4, `${before} handles are left, as before`);
  }),

  check('peers: ready means ready', async (place, use) => {
    for (let round = 0; round < 5; round += 1) {
      const [sender, receiver] = [peer(place, [], ['x']), peer(place, ['x'], [])];
      const received: unknown[] = [];
      connect(receiver, 'x', (value) => received.push(value));
      await use(receiver.start());
      await use(sender.start());
      await sender.publish.x(round);
      await eventually(() => received.length === 1, 'the first event arrived');
      same(received, [round], 'the first event');
      await Promise.all([sender.stop(), receiver.stop()]);
    }
  }),

  check('peers: what is published in one turn arrives in order', async (place, use) => {
    const [sender, receiver] = [peer(place, [], ['x', 'y']), peer(place, ['x', 'y'], [])];
    const received: unknown[] = [];
    for (const name of ['x', 'y'] as const) connect(receiver, name, (value) => received.push(value));
    await use(receiver.start());
    await use(sender.start());
    await sender.waitFor({ subscribers: 'x', timeout: PATIENCE });
    for (let i = 0; i < 20_000; i += 1) void (i % 7 === 0 ? sender.publish.y(i) : sender.publish.x(i));
    await sender.flush({ timeout: PATIENCE });
    same(
      received,
      Array.from({ length: 20_000 }, (_, i) => i),
      'the order of 20,000 events of two names',
    );
  }),

  checkBreaking(
    'peers: links break while events flow, and nothing is lost, doubled or out of order',
    async (place, use) => {
      const [sender, receiver] = [peer(place, ['y'], ['x']), peer(place, ['x'], ['y'])];
      const there: unknown[] = [];
      const back: unknown[] = [];
      connect(receiver, 'x', (value) => {
        there.push(value);
        void receiver.publish.y(value);
      });
      connect(sender, 'y', (value) => back.push(value));
      await use(receiver.start());
      await use(sender.start());
      await sender.waitFor({ subscribers: 'x', timeout: PATIENCE });
      await receiver.waitFor({ subscribers: 'y', timeout: PATIENCE });
      const numbers = Array.from({ length: 3_000 }, (_, i) => i);
      for (const i of numbers) {
        await sender.publish.x(i);
        if (i % 1_000 !== 500) continue;
        await place.stop();
        await place.start();
      }
      await sender.flush({ timeout: PATIENCE });
      await receiver.flush({ timeout: PATIENCE });
      same(there, numbers, 'what arrived');
      same(back, numbers, 'what came back');
    },
  ),
];

/** The longest time, in milliseconds, that anything may take. */
const PATIENCE = 15_000;

/**
 * The steps of a check.
 * @param use - remembers what is opened, so that it is closed when the check is over
 */
type Steps = (place: BusPlace, use: <T extends AsyncDisposable>(opening: Promise<T>) => Promise<T>) => Promise<void>;

function checkBreaking(name: string, run: Steps): BusCheck {
  return { ...check(name, run), breaksLinks: true };
}

function checkCounting(name: string, run: Steps): BusCheck {
  return { ...check(name, run), countsHandles: true };
}

function check(name: string, run: Steps): BusCheck {
  return {
    name,
    breaksLinks: false,
    countsHandles: false,
    async run(subject) {
      const place = await subject.serve();
      const used: AsyncDisposable[] = [];
      try {
        await run(place, async (opening) => {
          const opened = await opening;
          used.push(opened);
          return opened;
        });
      } finally {
        for (const one of used.toReversed()) await one[Symbol.asyncDispose]();
        await place.stop();
      }
    },
  };
}

function peer<const S extends string, const P extends string>(
  place: BusPlace,
  subscribe: readonly S[],
  publish: readonly P[],
) {
  // The addresses are not used.
  return new Peer('inproc://in', 'inproc://out', subscribe, publish, { bus: () => place.bus() });
}

let probes = 0;

/** An open bus that keeps what arrives. */
class End implements AsyncDisposable {
  readonly #bus: Bus;
  #probe = '';
  readonly received: unknown[] = [];
  downs = 0;
  #asked = 0;
  #answered = 0;
  #onFrame: (() => void) | undefined;

  private constructor(bus: Bus) {
    this.#bus = bus;
  }

  static async open(place: BusPlace, topics: readonly string[]): Promise<End> {
    const end = new End(await place.bus());
    await end.#bus.open({
      frame: (text) => end.#receive(text),
      unreadable: () => end.received.push('unreadable'),
      down: () => (end.downs += 1),
      refused: (error) => end.received.push(error),
    });
    end.subscribe(...topics);
    return end;
  }

  subscribe(...names: readonly string[]): void {
    probes += 1;
    this.#probe = `probe_${probes}`;
    // The topic of the probe last: when a probe comes back, the broker has heard of the other topics as well.
    for (const name of [...names, this.#probe]) {
      const topic: Topic = { name, prefixes: requestPrefixes(name) };
      this.#bus.subscribe(topic);
    }
  }

  send(name: string, value: unknown): void {
    this.#bus.send(name, encodeNotification(name, [value]));
  }

  /** Resolves when a frame that is sent now has come back. All frames before it have then come back, too. */
  async ready(): Promise<void> {
    const oldest = this.#asked + 1;
    await eventually(() => {
      if (this.#answered >= oldest) return true;
      this.send(this.#probe, (this.#asked += 1));
      return false;
    }, 'a frame that a bus sent to itself came back');
  }

  /** Resolves when a number of frames have arrived in all. */
  async until(count: number): Promise<void> {
    await within(
      new Promise<void>((resolve) => {
        this.#onFrame = () => {
          if (this.received.length >= count) resolve();
        };
        this.#onFrame();
      }),
      () => `${this.received.length} of ${count} frames arrived`,
    );
  }

  close(): Promise<void> {
    return this.#bus.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #receive(text: string): void {
    const { method, params } = JSON.parse(text) as { method: string; params: readonly unknown[] };
    if (method.startsWith('probe_')) this.#answered = Math.max(this.#answered, Number(params[0]));
    else this.received.push(params[0]);
    this.#onFrame?.();
  }
}

/** Checks a condition until it is true. */
async function eventually(isTrue: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  while (!isTrue()) {
    if (performance.now() > deadline) throw new Error(`not within ${PATIENCE} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function within(done: Promise<void>, what: () => string): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`within ${PATIENCE} ms only ${what()}`)), PATIENCE);
  });
  try {
    await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}

function is<T>(actual: T, expected: T, what: string): void {
  if (actual !== expected) throw new Error(`${what}: ${String(actual)} instead of ${String(expected)}`);
}

/** Compares lists of plain values. The error says where they first differ. */
function same(actual: readonly unknown[], expected: readonly unknown[], what: string): void {
  const place = Array.from({ length: Math.max(actual.length, expected.length) }).findIndex(
    (_, i) => actual[i] !== expected[i],
  );
  if (place < 0) return;
  const lengths = `${actual.length} and ${expected.length} long`;
  throw new Error(`${what}: ${show(actual[place])} instead of ${show(expected[place])} at ${place} (${lengths})`);
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 100);
}
