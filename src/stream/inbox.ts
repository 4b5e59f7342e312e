import type { Gone, Head, Range } from '../wire/control.ts';
import { isCount } from '../wire/stream-id.ts';
import type { Clock } from './clock.ts';
import { Heap } from './heap.ts';

/** An event that arrived. */
export interface Arrival {
  readonly event: string;
  readonly args: readonly unknown[];
  readonly g: number;
  readonly n: number;
  /** What has to be delivered before, as it came. */
  readonly after: unknown;
}

/** What an inbox delivers to, asks, and tells. */
export interface InboxPort {
  deliver(event: string, args: readonly unknown[]): void;
  /** Events were lost for good. */
  gap(event: string, count: number): void;
  /** Asks the publisher for its heads. */
  ask(): void;
  acknowledge(g: number): void;
  /** Asks the publisher for what is missing. */
  complain(ranges: readonly Range[]): void;
}

export interface InboxOptions {
  /** The events that are wanted, and for each how many from before its head. */
  readonly wanted: ReadonlyMap<string, number>;
  /** After how many events to acknowledge at once. */
  readonly acknowledgeEvery: number;
}

/** What waits to be delivered: events, or the news that some are gone. */
interface Item {
  readonly event: string;
  readonly g: number;
  /** Of an event that arrived, both are its number. */
  readonly from: number;
  readonly to: number;
  /** Undefined for events that are gone. */
  readonly arrival: Arrival | undefined;
}

/** How long, in milliseconds, after the first event an acknowledgement may wait for company. */
const ACKNOWLEDGE_WITHIN = 100;
/** How long something may be missing before it is asked for, at first and later: it may just be late. */
const FIRST_COMPLAINT = 20;
const LAST_COMPLAINT = 1_000;
/** How long to wait for the heads of a publisher before asking again. */
const ASK_EVERY = 250;
/** How many events to hold back of a publisher; what is dropped then comes again. */
const MOST_HELD = 100_000;
/** How many missing ranges to name in one complaint. */
const MOST_RANGES = 100;

/**
 * The subscriber's end of the streams of one publisher: delivers each event once and in the publisher's
 * order, holds back what came too early, and asks for what is missing.
 */
export class Inbox {
  readonly #options: InboxOptions;
  readonly #clock: Clock;
  readonly #port: InboxPort;
  // The number of the next event to deliver, and of the last one that is known to exist, by name.
  readonly #expected = new Map<string, number>();
  readonly #known = new Map<string, number>();
  // Invariant: all that waits, by name and number; each is in `order`, too.
  readonly #held = new Map<string, Map<number, Item>>();
  readonly #order = new Heap<Item>((item) => item.g);
  #heldCount = 0;
  // Nothing is held, and nothing is known to be missing.
  #isComplete = true;
  // How many events the items that are held stand for.
  #heldEvents = 0;
  // Before the first heads have come, nothing is delivered.
  #joined = false;
  #closed = false;
  #delivered = 0;
  #acknowledged = 0;
  #sinceAcknowledged = 0;
  #cancelAcknowledge: (() => void) | undefined;
  #cancelComplaint: (() => void) | undefined;
  #complaintDelay = FIRST_COMPLAINT;
  #cancelAsking: (() => void) | undefined;

  constructor(options: InboxOptions, clock: Clock, port: InboxPort) {
    this.#options = options;
    this.#clock = clock;
    this.#port = port;
  }

  /** What was delivered last, as a number over all events; 0 before anything was. */
  get position(): number {
    return this.#delivered;
  }

  /** How many events wait for others. */
  get held(): number {
    return this.#heldCount;
  }

  /**
   * Begins to ask for heads, which is needed once for a new publisher, and again after a link broke: what
   * was lost then is not seen by what comes next. Until they are there, nothing is delivered.
   */
  ask(): void {
    this.#joined = false;
    this.#cancelAsking?.();
    this.#cancelAsking = this.#clock.after(ASK_EVERY, () => this.ask());
    this.#port.ask();
  }

  /** The publisher is there: if it was taken for gone, it is asked for its heads again. */
  returned(): void {
    if (!this.#joined && this.#cancelAsking === undefined) this.ask();
  }

  arrived(arrival: Arrival): void {
    const { event, n, g } = arrival;
    if (this.#closed || !this.#options.wanted.has(event)) return;
    if (n < this.#next(event)) return;
    if (this.#joined && this.#isComplete && n === this.#next(event) && this.#isReady(arrival)) {
      this.#known.set(event, n);
      this.#deliver(arrival);
      return;
    }
    this.returned();
    // What was given up, because its publisher was taken for gone, comes too late to keep the order.
    const isLate = g < this.#delivered;
    this.#hold({ event, g, from: n, to: n, arrival: isLate ? undefined : arrival });
    this.#learn(event, n);
    for (const [other, last] of dependencies(arrival.after)) this.#learn(other, last);
    this.#advance();
  }

  /** The publisher says how far its events go. */
  heads(heads: readonly Head[], g: number): void {
    if (this.#closed) return;
    this.#cancelAsking?.();
    this.#cancelAsking = undefined;
    if (!this.#joined) this.#join(heads);
    this.#joined = true;
    for (const [event, last] of heads) this.#learn(event, last);
    this.#advance();
    if (this.#isMissingAny()) return;
    // Everything up to there was delivered or given up. The publisher need not ask twice: an
    // acknowledgement may have been lost.
    this.#delivered = Math.max(this.#delivered, g);
    this.#acknowledged = 0;
    this.#acknowledge();
  }

  /** The publisher has not got these any more. */
  gone(ranges: readonly Gone[]): void {
    if (this.#closed || !this.#joined) return;
    for (const [event, from, to, g] of ranges) {
      if (!this.#options.wanted.has(event)) continue;
      let first = Math.max(from, this.#next(event));
      // Some may have come after all. What is gone before one of them belongs just before it.
      for (const item of this.#heldOf(event)) {
        if (item.to < first || item.from > to) continue;
        if (item.from > first)
          this.#hold({ event, g: item.g - 0.5, from: first, to: item.from - 1, arrival: undefined });
        first = item.to + 1;
      }
      if (first <= to) this.#hold({ event, g, from: first, to, arrival: undefined });
      this.#learn(event, to);
    }
    this.#advance();
  }

  /**
   * The publisher is gone, or silent: what is missing will not come any more, and what waits for it is
   * delivered. Should it come back, it goes on from there.
   * @param heads - what it said of itself when it left
   */
  end(heads: readonly Head[]): void {
    if (this.#closed) return;
    if (!this.#joined) this.#join(heads);
    // Should it come back, it has to say first how far it is.
    this.#joined = false;
    for (const [event, last] of heads) this.#learn(event, last);
    while (this.#order.length > 0) {
      const item = this.#order.pop() as Item;
      this.#forget(item);
      this.#skipTo(item.event, item.from);
      if (item.to >= this.#next(item.event)) this.#take(item);
    }
    for (const [event, last] of this.#known) this.#skipTo(event, last + 1);
    this.#complaintDelay = FIRST_COMPLAINT;
    this.#cancelTimers();
  }

  /** Nothing is delivered any more. What was delivered is acknowledged. */
  close(): void {
    if (this.#closed) return;
    this.#acknowledge();
    this.#closed = true;
    this.#cancelTimers();
  }

  /** Decides which event of each name is the first to deliver, for those where it is not decided. */
  #join(heads: readonly Head[]): void {
    const starts = new Map<string, number>();
    for (const [event, last, start] of heads) {
      const replay = this.#options.wanted.get(event);
      if (replay === undefined) continue;
      starts.set(event, replay > 0 ? Math.max(1, Math.min(start, last + 1 - replay)) : start);
    }
    // What arrived before its publisher was known counts as well.
    for (const [event, items] of this.#held) {
      const first = Math.min(...items.keys());
      starts.set(event, Math.min(starts.get(event) ?? first, first));
    }
    for (const [event, start] of starts) if (!this.#expected.has(event)) this.#expected.set(event, start);
  }

  #next(event: string): number {
    return this.#expected.get(event) ?? 1;
  }

  #learn(event: string, last: number): void {
    if (!this.#options.wanted.has(event) || last <= (this.#known.get(event) ?? 0)) return;
    this.#known.set(event, last);
    if (last >= this.#next(event)) this.#isComplete = false;
  }

  #hold(item: Item): void {
    let items = this.#held.get(item.event);
    if (items === undefined) {
      items = new Map();
      this.#held.set(item.event, items);
    }
    if (this.#heldCount >= MOST_HELD || items.has(item.from) || this.#isHeldAsGone(item)) return;
    items.set(item.from, item);
    this.#isComplete = false;
    this.#order.push(item);
    this.#heldCount += 1;
    this.#heldEvents += item.to - item.from + 1;
  }

  /** Whether it is among those that are gone: then it comes too late. */
  #isHeldAsGone({ event, from, arrival }: Item): boolean {
    if (arrival === undefined || this.#heldEvents === this.#heldCount) return false;
    return this.#heldOf(event).some((item) => item.from <= from && from <= item.to);
  }

  /** What is held of an event, by number. */
  #heldOf(event: string): Item[] {
    return [...(this.#held.get(event)?.values() ?? [])].toSorted((a, b) => a.from - b.from);
  }

  #forget(item: Item): void {
    const items = this.#held.get(item.event);
    items?.delete(item.from);
    if (items?.size === 0) this.#held.delete(item.event);
    this.#heldCount -= 1;
    this.#heldEvents -= item.to - item.from + 1;
  }

  /**
   * Delivers what is held, when nothing is missing: where the missing ones belong among them is not known.
   * Otherwise asks for them.
   */
  #advance(): void {
    if (!this.#joined) return;
    if (this.#isMissingAny()) {
      this.#watch();
      return;
    }
    this.#complaintDelay = FIRST_COMPLAINT;
    while (this.#order.length > 0 && !this.#closed) {
      const item = this.#order.pop() as Item;
      this.#forget(item);
      if (item.to >= this.#next(item.event)) this.#take(item);
    }
    this.#isComplete = this.#order.length === 0;
  }

  #take(item: Item): void {
    if (item.arrival === undefined) {
      const count = item.to - this.#next(item.event) + 1;
      this.#expected.set(item.event, item.to + 1);
      this.#progress(item.g);
      this.#port.gap(item.event, count);
    } else {
      this.#deliver(item.arrival);
    }
  }

  #deliver({ event, args, n, g }: Arrival): void {
    this.#expected.set(event, n + 1);
    this.#progress(g);
    this.#port.deliver(event, args);
  }

  /** Gives up what is missing before an event. */
  #skipTo(event: string, n: number): void {
    const count = n - this.#next(event);
    if (count <= 0) return;
    this.#expected.set(event, n);
    this.#port.gap(event, count);
  }

  #isReady(arrival: Arrival): boolean {
    for (const [event, last] of dependencies(arrival.after)) {
      if (this.#options.wanted.has(event) && this.#next(event) <= last) return false;
    }
    return true;
  }

  #isMissingAny(): boolean {
    let outstanding = 0;
    for (const [event, last] of this.#known) outstanding += Math.max(0, last - this.#next(event) + 1);
    return outstanding > this.#heldEvents;
  }

  #progress(g: number): void {
    this.#delivered = Math.max(this.#delivered, Math.floor(g));
    this.#complaintDelay = FIRST_COMPLAINT;
    this.#sinceAcknowledged += 1;
    if (this.#sinceAcknowledged >= this.#options.acknowledgeEvery) this.#acknowledge();
    else this.#cancelAcknowledge ??= this.#clock.after(ACKNOWLEDGE_WITHIN, () => this.#acknowledge());
  }

  #acknowledge(): void {
    this.#cancelAcknowledge?.();
    this.#cancelAcknowledge = undefined;
    this.#sinceAcknowledged = 0;
    if (this.#closed || this.#delivered === this.#acknowledged) return;
    this.#acknowledged = this.#delivered;
    this.#port.acknowledge(this.#delivered);
  }

  #watch(): void {
    this.#cancelComplaint ??= this.#clock.after(this.#complaintDelay, () => {
      this.#cancelComplaint = undefined;
      const ranges = this.#missing();
      if (ranges.length === 0) return;
      this.#complaintDelay = Math.min(this.#complaintDelay * 2, LAST_COMPLAINT);
      this.#port.complain(ranges);
      this.#watch();
    });
  }

  /** What is known to exist and neither delivered nor held. */
  #missing(): Range[] {
    const ranges: Range[] = [];
    for (const [event, last] of this.#known) {
      let next = this.#next(event);
      for (const { from, to } of this.#heldOf(event)) {
        if (from > next) ranges.push([event, next, from - 1]);
        next = Math.max(next, to + 1);
      }
      if (next <= last) ranges.push([event, next, last]);
    }
    return ranges.slice(0, MOST_RANGES);
  }

  #cancelTimers(): void {
    for (const cancel of [this.#cancelAcknowledge, this.#cancelComplaint, this.#cancelAsking]) cancel?.();
    this.#cancelAcknowledge = undefined;
    this.#cancelComplaint = undefined;
    this.#cancelAsking = undefined;
  }
}

/** Reads the dependencies of an event; what makes no sense counts as none. */
function* dependencies(after: unknown): Iterable<readonly [string, number]> {
  if (!Array.isArray(after)) return;
  for (const pair of after as readonly unknown[]) {
    if (Array.isArray(pair) && typeof pair[0] === 'string' && isCount(pair[1])) yield [pair[0], pair[1]];
  }
}
