import { OverflowError } from '../errors.ts';
import { Fifo } from '../queue/fifo.ts';
import type { Gone, Head, Range } from '../wire/control.ts';
import { beginRequest, finishRequest, requestHead } from '../wire/json-rpc.ts';
import { encodeStreamId } from '../wire/stream-id.ts';
import type { Clock } from './clock.ts';

/**
 * What a publisher does when an event cannot leave because too much is unacknowledged:
 * - `'block'`: keeps it, up to the outbox's limit; beyond, the emitter gets an `OverflowError`;
 * - `'drop-oldest'`, `'drop-newest'`, `'latest'`: keeps so many of this event (`limit`) and drops the
 *   oldest of them, the new one, or all but the new one. Subscribers are told what is missing.
 */
export type PublishPolicy = 'block' | 'drop-oldest' | 'drop-newest' | 'latest';

/** How one event is kept. */
export interface EventOutboxOptions {
  /** @default 'block' */
  readonly overflow?: PublishPolicy | undefined;
  /**
   * How many events of this name wait under one of the dropping policies.
   * @default 1000, or 1 with `'latest'`
   */
  readonly limit?: number | undefined;
}

export interface OutboxOptions {
  /** How many events may be under way unacknowledged. */
  readonly window: number;
  /** How many events, under way or waiting, are kept for subscribers. */
  readonly limit: number;
  /** How many characters they may have. */
  readonly size: number;
  /** How many events of each name are kept beyond that, for subscribers to come. */
  readonly history: number;
  readonly events: Readonly<Record<string, EventOutboxOptions | undefined>>;
}

/** What an outbox sends through, and tells. */
export interface OutboxPort {
  event(name: string, frame: string): void;
  heads(subscriber: string, heads: readonly Head[], g: number): void;
  /** Asks to have a number come back through the broker, to {@link Outbox.echoed}. */
  mark(g: number): void;
  replay(subscriber: string, frames: readonly string[], gone: readonly Gone[]): void;
  /** An event was dropped under its policy. */
  overflow(event: string, policy: PublishPolicy, dropped: number): void;
}

/** An event that was published. */
interface Entry {
  readonly log: Log;
  readonly n: number;
  readonly g: number;
  /** The request: only begun until it is sent; undefined once it was dropped, which subscribers are told. */
  text: string | undefined;
}

/** The events of one name. */
interface Log {
  readonly name: string;
  readonly head: string;
  readonly policy: PublishPolicy;
  readonly limit: number;
  readonly subscribers: Set<Subscriber>;
  /** The subscribers, and those that fell silent and may come back. */
  readonly audience: Set<Subscriber>;
  // Invariant: the entries are first, first + 1, … last; of these, up to `released` nobody needs them
  // any more, and up to `sent` they were sent.
  readonly entries: Fifo<Entry>;
  first: number;
  released: number;
  sent: number;
  last: number;
  /** The number over all events of the last entry that was sent, and of the last that was given up. */
  sentG: number;
  trimmedG: number;
  /** The number over all events of the last entry that said what comes before it. */
  toldG: number;
  dropped: number;
}

interface Subscriber {
  readonly id: string;
  logs: readonly Log[];
  /** It has everything it wants up to this number over all events. */
  acked: number;
  /** The last one it wants that was sent. */
  sentG: number;
  headDelay: number;
  nextHead: number;
}

/** How long, in milliseconds, a subscriber may lag before it is told how far it should be, at first and at most. */
const FIRST_HEAD_DELAY = 100;
const LAST_HEAD_DELAY = 1_000;

/** How many characters of frames go into one replay, and how many frames into all that answer one nak. */
const REPLAY_SIZE = 65_536;
const REPLAY_FRAMES = 2_000;

/**
 * The publisher's end of its streams: numbers events, keeps what live subscribers have not acknowledged,
 * sends no more at a time than the window has room for, and repeats what was lost.
 */
export class Outbox {
  readonly #publisher: string;
  readonly #options: OutboxOptions;
  readonly #clock: Clock;
  readonly #port: OutboxPort;
  readonly #logs = new Map<string, Log>();
  readonly #subscribers = new Map<string, Subscriber>();
  readonly #audience = new Map<string, Subscriber>();
  readonly #unsent = new Fifo<Entry>();
  #open = false;
  #g = 0;
  // The last entry that was sent, as a number over all events: they are sent in this order.
  #sentG = 0;
  #lastLog: Log | undefined;
  // Entries that were sent to subscribers and not acknowledged by all of them.
  #underWay = 0;
  // The characters of all entries that are not released, and of those that are only history.
  #size = 0;
  #historySize = 0;
  #cancelTimer: (() => void) | undefined;
  readonly #onRoom: (() => void)[] = [];
  // The broker counts as a subscriber of everything, whose acknowledgement is an echo: so nobody sends
  // faster than the broker takes it, also when only peers in Python listen, or nobody.
  readonly #broker: Subscriber;
  #marked = 0;
  #onDelivered: { g: number; resolve: () => void }[] = [];

  constructor(publisher: string, names: readonly string[], options: OutboxOptions, clock: Clock, port: OutboxPort) {
    this.#publisher = publisher;
    this.#options = options;
    this.#clock = clock;
    this.#port = port;
    for (const name of names) this.#logs.set(name, makeLog(name, options.events[name]));
    this.#broker = makeSubscriber('', 0);
    this.#broker.logs = [...this.#logs.values()];
    for (const log of this.#broker.logs) log.subscribers.add(this.#broker);
  }

  /** How many events are kept for subscribers: under way or waiting. */
  get pending(): number {
    return this.#underWay + this.#unsent.length;
  }

  /** How many events have not been sent yet. */
  get unsent(): number {
    return this.#unsent.length;
  }

  /** How many events are kept at all, history included. */
  get kept(): number {
    let kept = 0;
    for (const log of this.#logs.values()) kept += log.entries.length;
    return kept;
  }

  /** Whether an event that is published now leaves at once. */
  get hasRoom(): boolean {
    return this.#open ? this.pending < this.#options.window : this.pending < this.#options.limit;
  }

  /**
   * Takes an event. It leaves as soon as the way is open and the window has room.
   * @throws OverflowError when too much is kept already; the event has no number then
   */
  publish(name: string, args: readonly unknown[]): void {
    const log = this.#logs.get(name) as Log;
    if (this.pending >= this.#options.limit || this.#size >= this.#options.size) {
      throw new OverflowError(
        `event '${name}' was refused: ${this.pending} events are kept already for subscribers that have not acknowledged them`,
      );
    }
    // Now, because the arguments may change later.
    const text = beginRequest(log.head, args);
    this.#g += 1;
    log.last += 1;
    const entry: Entry = { log, n: log.last, g: this.#g, text };
    this.#makeRoom(log);
    if (log.policy === 'drop-newest' && this.#waiting(log) >= log.limit) this.#drop(entry);
    log.entries.push(entry);
    this.#size += entry.text?.length ?? 0;
    this.#unsent.push(entry);
    this.#pump();
  }

  /** Fulfils when the window has room. */
  room(): Promise<void> {
    return new Promise((resolve) => this.#onRoom.push(resolve));
  }

  /** Fulfils when the broker and every subscriber that is known have all that was published so far. */
  delivered(): Promise<void> {
    for (const one of this.#lagging()) this.#remind(one);
    return new Promise((resolve) => {
      this.#onDelivered.push({ g: this.#g, resolve });
      this.#settle();
    });
  }

  /** For each subscriber that lags: how many events it lacks. */
  undelivered(): { subscriber: string; count: number }[] {
    const lacking = [...this.#subscribers.values()].map(({ id, logs, acked }) => ({
      subscriber: id,
      count: logs.reduce((sum, log) => sum + log.last - startAfter(log, acked) + 1, 0),
    }));
    return lacking.filter(({ count }) => count > 0);
  }

  /** The way to subscribers is open: whoever lags is told so first, then what waits leaves. */
  open(): void {
    this.#open = true;
    for (const one of this.#lagging()) this.#remind(one);
    this.#pump();
  }

  /** There is no way for now. */
  pause(): void {
    this.#open = false;
  }

  /** Nothing will be sent any more. Whoever waits is let go. */
  close(): void {
    this.pause();
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    for (const resolve of this.#onRoom.splice(0)) resolve();
    for (const { resolve } of this.#onDelivered.splice(0)) resolve();
  }

  /**
   * There is a subscriber, new or known. It is told the heads of what it wants.
   * @param acked - how far it got before; 0 if it does not know
   */
  subscribe(id: string, names: readonly string[], acked: number): void {
    const logs = names.map((name) => this.#logs.get(name)).filter((log) => log !== undefined);
    let subscriber = this.#subscribers.get(id);
    if (subscriber === undefined) {
      // Who comes new has no claim on what was sent before, who comes back has.
      const before = this.#audience.get(id)?.acked ?? (acked > 0 ? acked : this.#sentG);
      const start = Math.min(Math.max(acked, before), this.#sentG);
      subscriber = makeSubscriber(id, start);
      this.#subscribers.set(id, subscriber);
    }
    this.forget(id);
    this.#audience.set(id, subscriber);
    for (const log of subscriber.logs) log.subscribers.delete(subscriber);
    subscriber.logs = logs;
    for (const log of logs) {
      log.subscribers.add(subscriber);
      log.audience.add(subscriber);
      const last = log.entries.at(log.sent - log.first);
      if (last !== undefined) subscriber.sentG = Math.max(subscriber.sentG, last.g);
    }
    subscriber.acked = Math.max(subscriber.acked, acked);
    if (logs.length > 0) this.#remind(subscriber);
    if (subscriber.acked < subscriber.sentG) this.#watch();
    this.#releaseAll();
  }

  /**
   * A subscriber is gone: nothing is kept for it any more. The events that are published meanwhile still say
   * what it would have to have before them, until it is forgotten.
   */
  unsubscribe(id: string): void {
    const subscriber = this.#subscribers.get(id);
    if (subscriber === undefined) return;
    this.#subscribers.delete(id);
    for (const log of subscriber.logs) log.subscribers.delete(subscriber);
    this.#releaseAll();
  }

  /** A subscriber that is gone will not come back. */
  forget(id: string): void {
    const subscriber = this.#audience.get(id);
    if (subscriber === undefined) return;
    this.#audience.delete(id);
    for (const log of subscriber.logs) log.audience.delete(subscriber);
  }

  /** Whether there is such a subscriber. */
  knows(id: string): boolean {
    return this.#subscribers.has(id);
  }

  acknowledge(id: string, g: number): void {
    const subscriber = this.#subscribers.get(id);
    if (subscriber !== undefined) this.#acknowledge(subscriber, g);
  }

  /** A mark came back: the broker has everything up to there. */
  echoed(g: number): void {
    this.#acknowledge(this.#broker, g);
  }

  #acknowledge(subscriber: Subscriber, g: number): void {
    if (g <= subscriber.acked || g > this.#g) return;
    subscriber.acked = g;
    subscriber.headDelay = FIRST_HEAD_DELAY;
    subscriber.nextHead = this.#clock.now() + FIRST_HEAD_DELAY;
    for (const log of subscriber.logs) this.#release(log);
    this.#pump();
  }

  /** A subscriber lacks these. It gets them, as far as they are there. */
  repeat(id: string, ranges: readonly Range[]): void {
    const frames: string[] = [];
    const gone: Gone[] = [];
    let size = 0;
    let left = REPLAY_FRAMES;
    const flush = (): void => {
      if (frames.length + gone.length > 0) this.#port.replay(id, frames.splice(0), gone.splice(0));
      size = 0;
    };
    for (const [name, from, to] of ranges) {
      const log = this.#logs.get(name);
      if (log === undefined) continue;
      const last = Math.min(to, log.sent);
      if (from < log.first) gone.push([name, from, Math.min(last, log.first - 1), log.trimmedG]);
      for (let n = Math.max(from, log.first); n <= last && left > 0; n += 1, left -= 1) {
        const entry = log.entries.at(n - log.first) as Entry;
        if (entry.text === undefined) {
          gone.push([name, n, n, entry.g]);
          continue;
        }
        frames.push(entry.text);
        size += entry.text.length;
        if (size >= REPLAY_SIZE) flush();
      }
    }
    flush();
  }

  /** What was sent last of each event. */
  heads(logs: Iterable<Log> = this.#logs.values(), acked: number = this.#g): Head[] {
    return Array.from(logs, (log) => [log.name, log.sent, startAfter(log, acked)] as const);
  }

  /** Completes a request that is about to be sent: what it depends on shows only now. */
  #finish(entry: Entry, begun: string): void {
    const id = encodeStreamId(this.#publisher, entry.g, entry.n);
    entry.text = finishRequest(begun, { id, after: this.#dependencies(entry.log) });
    this.#size += entry.text.length - begun.length;
  }

  /**
   * What a subscriber has to have before this event, as far as it does not follow from the event's own
   * number: the last events of other names since the last one of this name. Only names count that some
   * subscriber wants together with this one.
   */
  #dependencies(log: Log): (readonly [string, number])[] | undefined {
    if (log === this.#lastLog || this.#audience.size === 0) return undefined;
    let after: (readonly [string, number])[] | undefined;
    for (const other of this.#logs.values()) {
      if (other === log || other.sentG <= log.toldG || !overlap(other.audience, log.audience)) continue;
      (after ??= []).push([other.name, other.sent]);
    }
    return after;
  }

  #waiting(log: Log): number {
    return log.last - 1 - log.sent;
  }

  /** Makes room for an event that was numbered and is not in the log yet. */
  #makeRoom(log: Log): void {
    if (log.policy !== 'drop-oldest' && log.policy !== 'latest') return;
    if (this.#waiting(log) < log.limit) return;
    const keep = log.policy === 'latest' ? 0 : log.limit - 1;
    for (let n = log.last - 1 - keep; n > log.sent; n -= 1) {
      const entry = log.entries.at(n - log.first) as Entry;
      // What comes before was dropped earlier.
      if (entry.text === undefined) break;
      this.#size -= entry.text.length;
      this.#drop(entry);
    }
  }

  #drop(entry: Entry): void {
    const { log } = entry;
    entry.text = undefined;
    log.dropped += 1;
    this.#port.overflow(log.name, log.policy, log.dropped);
  }

  /** Sends what waits, as far as there is room. */
  #pump(): void {
    while (this.#open && this.#unsent.length > 0 && this.#underWay < this.#options.window) {
      const entry = this.#unsent.shift() as Entry;
      const { log } = entry;
      if (entry.text !== undefined) this.#finish(entry, entry.text);
      // Only a request that is sent can tell what comes before it.
      if (entry.text !== undefined) log.toldG = entry.g;
      this.#lastLog = entry.text === undefined ? undefined : log;
      log.sent = entry.n;
      log.sentG = entry.g;
      this.#sentG = entry.g;
      this.#underWay += 1;
      for (const subscriber of log.subscribers) {
        if (subscriber.sentG <= subscriber.acked) subscriber.nextHead = this.#clock.now() + subscriber.headDelay;
        subscriber.sentG = entry.g;
      }
      if (entry.text !== undefined) this.#port.event(log.name, entry.text);
      if (entry.g - this.#marked >= this.#options.window >> 3) this.#remind(this.#broker);
    }
    if (this.#underWay > 0) this.#watch();
    this.#settle();
  }

  #releaseAll(): void {
    for (const log of this.#logs.values()) this.#release(log);
    this.#pump();
  }

  /** Lets go of what every subscriber has, but for the history. */
  #release(log: Log): void {
    let acked = Infinity;
    for (const subscriber of log.subscribers) acked = Math.min(acked, subscriber.acked);
    while (log.released < log.sent) {
      const entry = log.entries.at(log.released + 1 - log.first) as Entry;
      if (entry.g > acked) break;
      log.released += 1;
      this.#underWay -= 1;
      this.#size -= entry.text?.length ?? 0;
      this.#historySize += entry.text?.length ?? 0;
    }
    while (
      log.first <= log.released &&
      (log.released - log.first >= this.#options.history || this.#historySize > this.#options.size)
    ) {
      const entry = log.entries.shift() as Entry;
      log.first += 1;
      log.trimmedG = entry.g;
      this.#historySize -= entry.text?.length ?? 0;
    }
  }

  /** Lets go of whoever waits for what has come true. */
  #settle(): void {
    if (this.#onRoom.length > 0 && this.hasRoom) for (const resolve of this.#onRoom.splice(0)) resolve();
    if (this.#onDelivered.length === 0) return;
    let oldest = Infinity;
    for (const log of this.#logs.values()) {
      const entry = log.entries.at(log.released + 1 - log.first);
      if (entry !== undefined) oldest = Math.min(oldest, entry.g);
    }
    const waiting = this.#onDelivered;
    this.#onDelivered = waiting.filter(({ g }) => g >= oldest);
    for (const { g, resolve } of waiting) if (g < oldest) resolve();
  }

  /** Sees to it that subscribers that lag hear how far they should be. */
  #watch(): void {
    this.#cancelTimer ??= this.#clock.after(FIRST_HEAD_DELAY, () => {
      this.#cancelTimer = undefined;
      const now = this.#clock.now();
      const lagging = this.#lagging();
      for (const one of lagging) {
        if (!this.#open || now < one.nextHead) continue;
        this.#remind(one);
        one.headDelay = Math.min(one.headDelay * 2, LAST_HEAD_DELAY);
        one.nextHead = now + one.headDelay;
      }
      if (lagging.length > 0) this.#watch();
    });
  }

  /** The broker and the subscribers that have not acknowledged everything. */
  #lagging(): Subscriber[] {
    return [this.#broker, ...this.#subscribers.values()].filter(({ acked, sentG }) => acked < sentG);
  }

  /** Has a subscriber acknowledge what it has, and ask for what it lacks. */
  #remind(subscriber: Subscriber): void {
    if (!this.#open) return;
    if (subscriber === this.#broker) {
      this.#marked = this.#sentG;
      this.#port.mark(this.#sentG);
    } else {
      this.#port.heads(subscriber.id, this.heads(subscriber.logs, subscriber.acked), subscriber.sentG);
    }
  }
}

function makeLog(name: string, { overflow = 'block', limit }: EventOutboxOptions = {}): Log {
  return {
    name,
    head: requestHead(name),
    policy: overflow,
    limit: limit ?? (overflow === 'latest' ? 1 : 1_000),
    subscribers: new Set(),
    audience: new Set(),
    entries: new Fifo(),
    first: 1,
    released: 0,
    sent: 0,
    last: 0,
    sentG: 0,
    toldG: 0,
    trimmedG: 0,
    dropped: 0,
  };
}

function makeSubscriber(id: string, start: number): Subscriber {
  return { id, logs: [], acked: start, sentG: start, headDelay: FIRST_HEAD_DELAY, nextHead: 0 };
}

/** The first event of a log with a number over all events that is larger than `g`. */
function startAfter(log: Log, g: number): number {
  let low = log.first;
  let high = log.last + 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((log.entries.at(middle - log.first) as Entry).g > g) high = middle;
    else low = middle + 1;
  }
  return low;
}

function overlap(a: ReadonlySet<unknown>, b: ReadonlySet<unknown>): boolean {
  const [small, large] = a.size < b.size ? [a, b] : [b, a];
  for (const item of small) if (large.has(item)) return true;
  return false;
}
