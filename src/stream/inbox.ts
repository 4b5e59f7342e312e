import type { Gone, Head, Range } from '../wire/control.ts';
import type { After } from '../wire/pack.ts';
import type { Clock } from './clock.ts';
import { Complaints } from './complaints.ts';
import { Receipts } from './receipts.ts';

/** What an inbox delivers to, and through which it asks and reports. */
export interface InboxPort {
  /** @param trace - the trace that the event is part of, if it was given */
  deliver(event: string, args: readonly unknown[], trace: string | undefined): void;
  /** Events were lost for good. */
  gap(event: string, count: number): void;
  /** Asks the publisher for its heads. */
  ask(): void;
  acknowledge(g: number): void;
  /** Asks the publisher for what is missing. */
  complain(ranges: readonly Range[]): void;
}

/** The events of one name. */
interface Sequence {
  readonly event: string;
  /** How many events from before the head are wanted. */
  readonly replay: number;
  /** The number of the next event to deliver, and whether it is decided: not before the first heads, or the end. */
  next: number;
  isDecided: boolean;
  /** The first `next`, if it was decided without heads; otherwise 0. */
  guess: number;
  /** The last event that is known to exist. */
  known: number;
  /** The items that wait, ordered by number. No two stand for the same event. */
  held: Item[];
}

/** What waits to be delivered: an event, or the report that some are gone. */
interface Item {
  readonly sequence: Sequence;
  /** The number over all events; if several are gone, that of the last one. */
  readonly g: number;
  /** For an event that arrived, both are its number. */
  readonly from: number;
  readonly to: number;
  /** Undefined for events that are gone. */
  readonly args: readonly unknown[] | undefined;
  readonly trace?: string | undefined;
}

/** How long, in milliseconds, to wait for the heads of a publisher before asking again. */
const ASK_EVERY = 250;
/** How many events of a publisher to hold back at most. None has as many under way: a window is half of it at most. */
const MOST_HELD = 100_000;
/** How many missing ranges to name in one complaint at most. */
const MOST_RANGES = 1_000;

/**
 * The subscriber's end of the streams of one publisher. Delivers each event once and in the publisher's order, holds
 * back what came too early, and asks for what is missing.
 */
export class Inbox {
  readonly #clock: Clock;
  readonly #port: InboxPort;
  // The events that are wanted, by name.
  readonly #sequences = new Map<string, Sequence>();
  // How many items wait, and how many events they stand for.
  #held = 0;
  #heldEvents = 0;
  // How many events are known to exist and were not delivered. If there are more than are held, some are missing.
  #outstanding = 0;
  // Whether heads have come since they were last needed. Until then, nothing is delivered.
  #joined = false;
  #closed = false;
  readonly #receipts: Receipts;
  readonly #complaints: Complaints;
  // How many events were missing at the last complaint.
  #complainedOf = 0;
  #cancelAsking: (() => void) | undefined;

  /** @param wanted - the events that are wanted, and for each how many from before its head */
  constructor(wanted: ReadonlyMap<string, number>, clock: Clock, port: InboxPort) {
    for (const [event, replay] of wanted) {
      this.#sequences.set(event, { event, replay, next: 1, isDecided: false, guess: 0, known: 0, held: [] });
    }
    this.#clock = clock;
    this.#port = port;
    this.#receipts = new Receipts(clock, (g) => {
      if (!this.#closed) port.acknowledge(g);
    });
    this.#complaints = new Complaints(clock, () => this.#complain());
  }

  /** The last event that was delivered, as a number over all events; 0 before any was. */
  get position(): number {
    return this.#receipts.position;
  }

  /** How many events wait for others. */
  get held(): number {
    return this.#held;
  }

  /**
   * Begins to ask for heads. This is needed once for a new publisher, and again after a link broke, because what comes
   * next does not show what was lost then. Until the heads are there, nothing is delivered.
   */
  ask(): void {
    this.#joined = false;
    this.#cancelAsking?.();
    this.#cancelAsking = this.#clock.after(ASK_EVERY, () => this.ask());
    this.#port.ask();
  }

  /**
   * Events of these names come another way: what is known and held of them is forgotten.
   * @returns whether events of other names are left
   */
  dismiss(events: Iterable<string>): boolean {
    for (const event of events) {
      const sequence = this.#sequences.get(event);
      if (sequence === undefined) continue;
      this.#sequences.delete(event);
      this.#outstanding -= outstandingIn(sequence.next, sequence.known);
      this.#held -= sequence.held.length;
      for (const { from, to } of sequence.held) this.#heldEvents -= to - from + 1;
    }
    this.#advance();
    return this.#sequences.size > 0;
  }

  /** The publisher is there. If it had been taken for gone, it is asked for its heads again. */
  returned(): void {
    if (!this.#joined && this.#cancelAsking === undefined) this.ask();
  }

  /**
   * An event arrived.
   * @param after - the events of other names that have to be delivered before it
   * @param trace - the trace that it is part of
   */
  arrived(
    event: string,
    n: number,
    g: number,
    args: readonly unknown[],
    after: After | undefined,
    trace?: string,
  ): void {
    const sequence = this.#sequences.get(event);
    if (this.#closed || sequence === undefined || n < sequence.next) return;
    if (this.#joined && n === sequence.next && this.#isIdle() && this.#hasAll(after)) {
      this.#deliver(sequence, n, g, args, trace);
      return;
    }
    this.returned();
    // An event that was given up because its publisher was taken for gone comes too late to keep the order.
    const isLate = g < this.position;
    this.#hold({ sequence, g, from: n, to: n, args: isLate ? undefined : args, trace });
    this.#learn(sequence, n);
    for (let one = after; one !== undefined; one = one.more) this.#learn(this.#sequences.get(one.event), one.n);
    this.#advance();
  }

  /** The last `events` events that arrived had `characters` characters. */
  weigh(characters: number, events = 1): void {
    this.#receipts.weigh(characters, events);
  }

  /**
   * The publisher says how far its events go.
   * @param window - how many it sends without an acknowledgement
   * @param isStart - whether the heads can be trusted about where to start
   */
  heads(heads: readonly Head[], g: number, window: number, isStart = true): void {
    if (this.#closed || (!isStart && this.#isUndecided(heads))) return;
    this.#receipts.pace(window);
    this.#cancelAsking?.();
    this.#cancelAsking = undefined;
    if (!this.#joined) this.#join(heads);
    this.#joined = true;
    for (const [event, last, start] of heads) {
      const sequence = this.#sequences.get(event);
      this.#learn(sequence, last);
      if (isStart && sequence !== undefined) this.#judge(sequence, start);
    }
    this.#advance();
    if (this.#missingCount === 0) this.#receipts.repeat(g);
  }

  /** The publisher has repeated what it could, and does not have these events any more. */
  gone(ranges: readonly Gone[]): void {
    if (this.#closed || !this.#joined) return;
    for (const [event, from, to, g] of ranges) {
      const sequence = this.#sequences.get(event);
      if (sequence === undefined) continue;
      let first = Math.max(from, sequence.next);
      // Some may have come after all. What is gone before such an event is held directly before it.
      for (const item of sequence.held.slice()) {
        if (item.to < first || item.from > to) continue;
        if (item.from > first) {
          this.#hold({ sequence, g: item.g - 0.5, from: first, to: item.from - 1, args: undefined });
        }
        first = item.to + 1;
      }
      if (first <= to) this.#hold({ sequence, g, from: first, to, args: undefined });
      this.#learn(sequence, to);
    }
    // A part of what was missing has come. The rest is asked for as soon as nothing more comes.
    if (this.#missingCount < this.#complainedOf) this.#complaints.reset();
    this.#advance();
  }

  /**
   * The publisher is gone or silent: what is missing will not come any more, and what waits for it is delivered. If the
   * publisher comes back, delivery goes on from there.
   * @param heads - the heads that it sent when it left
   */
  end(heads: readonly Head[]): void {
    if (this.#closed) return;
    if (!this.#joined) this.#join(heads);
    // If it comes back, it first has to say how far it is.
    this.#joined = false;
    for (const [event, last] of heads) this.#learn(this.#sequences.get(event), last);
    for (const item of this.#takeHeld()) this.#settle(item);
    for (const sequence of this.#sequences.values()) this.#skipTo(sequence, sequence.known + 1);
    this.#cancelTimers();
  }

  /** Nothing is delivered any more. What was delivered is acknowledged. */
  close(): void {
    if (this.#closed) return;
    this.#receipts.send();
    this.#closed = true;
    this.#cancelTimers();
  }

  /** Decides which event of each name is to be delivered first, where that is not decided yet. */
  #join(heads: readonly Head[]): void {
    const starts = new Map<Sequence, number>();
    for (const [event, last, start] of heads) {
      const sequence = this.#sequences.get(event);
      if (sequence === undefined) continue;
      const { replay } = sequence;
      starts.set(sequence, replay > 0 ? Math.max(1, Math.min(start, last + 1 - replay)) : start);
    }
    // Events that arrived before their publisher was known count as well.
    for (const sequence of this.#sequences.values()) {
      const first = sequence.held[0]?.from;
      if (first === undefined) continue;
      if (!sequence.isDecided && !starts.has(sequence)) sequence.guess = first;
      starts.set(sequence, Math.min(starts.get(sequence) ?? first, first));
    }
    for (const [sequence, start] of starts) if (!sequence.isDecided) this.#decide(sequence, start);
  }

  /**
   * It is known now where to start. Events before a guess are lost: the publisher counted as gone, and others were
   * delivered.
   */
  #judge(sequence: Sequence, start: number): void {
    const count = sequence.guess - start;
    sequence.guess = 0;
    if (count > 0) this.#port.gap(sequence.event, count);
  }

  #isUndecided(heads: readonly Head[]): boolean {
    return heads.some(([event]) => this.#sequences.get(event)?.isDecided === false);
  }

  /** Nothing is held, and nothing is known to be missing. */
  #isIdle(): boolean {
    return this.#outstanding === 0 && this.#held === 0;
  }

  /** How many events are known to exist and neither delivered nor held. */
  get #missingCount(): number {
    return this.#outstanding - this.#heldEvents;
  }

  /** Whether everything that an event comes after was delivered. */
  #hasAll(after: After | undefined): boolean {
    for (let one = after; one !== undefined; one = one.more) {
      const sequence = this.#sequences.get(one.event);
      if (sequence !== undefined && sequence.next <= one.n) return false;
    }
    return true;
  }

  /** There are events of this name up to this one. */
  #learn(sequence: Sequence | undefined, last: number): void {
    if (sequence === undefined || last <= sequence.known) return;
    this.#outstanding += outstandingIn(sequence.next, last) - outstandingIn(sequence.next, sequence.known);
    sequence.known = last;
  }

  /** The event to deliver next is this one. */
  #decide(sequence: Sequence, next: number): void {
    this.#outstanding += outstandingIn(next, sequence.known) - outstandingIn(sequence.next, sequence.known);
    sequence.next = next;
    sequence.isDecided = true;
  }

  #hold(item: Item): void {
    const { held } = item.sequence;
    const place = placeOf(item.from, held);
    const before = held[place - 1];
    // Either it has come before, or it is among those that are gone and comes too late.
    if (this.#held >= MOST_HELD || (before !== undefined && before.to >= item.from)) return;
    if (place === held.length) held.push(item);
    else held.splice(place, 0, item);
    this.#held += 1;
    this.#heldEvents += item.to - item.from + 1;
  }

  /** Takes out everything that is held, in the publisher's order. */
  #takeHeld(): Item[] {
    const items: Item[] = [];
    for (const sequence of this.#sequences.values()) {
      if (sequence.held.length === 0) continue;
      for (const item of sequence.held) items.push(item);
      sequence.held = [];
    }
    this.#held = 0;
    this.#heldEvents = 0;
    // The items are a few sorted runs, which are sorted quickly.
    return items.toSorted((a, b) => a.g - b.g);
  }

  /**
   * Delivers what is held if nothing is missing. Otherwise has missing events asked for: it is not known where they
   * belong among those that are held.
   */
  #advance(): void {
    if (!this.#joined) return;
    if (this.#missingCount > 0) {
      this.#complaints.watch();
      return;
    }
    this.#complaints.relax();
    this.#complainedOf = 0;
    if (this.#held === 0) return;
    for (const item of this.#takeHeld()) {
      if (this.#closed) return;
      this.#settle(item);
    }
  }

  /**
   * Delivers what was held, or reports that it is gone. Before that, reports earlier events of its name that are gone
   * and sorted behind it.
   */
  #settle({ sequence, from, to, g, args, trace }: Item): void {
    if (to < sequence.next) return;
    this.#skipTo(sequence, from);
    if (args !== undefined) {
      this.#deliver(sequence, from, g, args, trace);
      return;
    }
    const count = to - sequence.next + 1;
    this.#decide(sequence, to + 1);
    this.#progress(Math.floor(g));
    this.#port.gap(sequence.event, count);
  }

  #deliver(sequence: Sequence, n: number, g: number, args: readonly unknown[], trace: string | undefined): void {
    this.#learn(sequence, n);
    this.#decide(sequence, n + 1);
    this.#port.deliver(sequence.event, args, trace);
    // Only what was delivered is acknowledged. The delivery may have closed this inbox.
    if (!this.#closed) this.#progress(g);
  }

  /** Gives up what is missing before an event. */
  #skipTo(sequence: Sequence, n: number): void {
    const count = n - sequence.next;
    if (count <= 0) return;
    this.#decide(sequence, n);
    this.#port.gap(sequence.event, count);
  }

  #progress(g: number): void {
    this.#complaints.relax();
    this.#receipts.delivered(g);
  }

  /** Asks for what is missing. */
  #complain(): readonly Range[] {
    const ranges = this.#missing();
    this.#complainedOf = this.#missingCount;
    if (ranges.length > 0) this.#port.complain(ranges);
    return ranges;
  }

  /** Returns the ranges of missing events. */
  #missing(): Range[] {
    const ranges: Range[] = [];
    for (const sequence of this.#sequences.values()) {
      const { event, known } = sequence;
      let { next } = sequence;
      for (const { from, to } of sequence.held) {
        if (from > next) ranges.push([event, next, from - 1]);
        next = Math.max(next, to + 1);
      }
      if (next <= known) ranges.push([event, next, known]);
    }
    return ranges.slice(0, MOST_RANGES);
  }

  #cancelTimers(): void {
    this.#receipts.cancel();
    this.#complaints.reset();
    this.#cancelAsking?.();
    this.#cancelAsking = undefined;
  }
}

function outstandingIn(next: number, known: number): number {
  return Math.max(0, known - next + 1);
}

/** Returns how many items begin at or before a number. */
function placeOf(n: number, items: readonly Item[]): number {
  let low = 0;
  let high = items.length;
  // Mostly, all of them do.
  if (high > 0 && (items[high - 1] as Item).from <= n) return high;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((items[middle] as Item).from <= n) low = middle + 1;
    else high = middle;
  }
  return low;
}
