import type { Gone, Head, Range } from '../wire/control.ts';
import type { After, Arrival } from '../wire/pack.ts';
import type { Clock } from './clock.ts';
import { Complaints } from './complaints.ts';
import { takeInOrder } from './merge.ts';
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
  /** What waits, ordered by number. No two stand for the same event. */
  held: Held[];
}

/** What waits to be delivered: events that arrived together, or the report that some are gone. */
interface Held {
  readonly sequence: Sequence;
  /** The numbers of the next event to deliver, and of the last one. */
  from: number;
  readonly to: number;
  /** The number of the next event over all events; of events that are gone, that of the last one. */
  g: number;
  /** What they are part of; undefined for events that are gone. */
  readonly arrival: Arrival | undefined;
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
  // How many events wait, and how many that are gone wait to be reported.
  #held = 0;
  #heldGone = 0;
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
    if (this.#closed) return;
    this.#joined = false;
    this.#cancelAsking?.();
    this.#cancelAsking = this.#clock.after(ASK_EVERY, () => this.ask());
    this.#port.ask();
  }

  /** There is a link again. Asks for heads, unless the publisher was taken for gone: then when it {@link returned}. */
  reopened(): void {
    if (this.#joined || this.#cancelAsking !== undefined) this.ask();
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
      for (const { from, to, arrival } of sequence.held) this.#count(from - to - 1, arrival);
    }
    this.#advance();
    return this.#sequences.size > 0;
  }

  /** The publisher is there. If it had been taken for gone, it is asked for its heads again. */
  returned(): void {
    if (!this.#joined && this.#cancelAsking === undefined) this.ask();
  }

  /** Events arrived. */
  arrived(arrival: Arrival): void {
    const { event, n, gs, after } = arrival;
    const sequence = this.#sequences.get(event);
    if (this.#closed || sequence === undefined) return;
    if (this.#joined && n === sequence.next && this.#outstanding === 0 && this.#hasAll(after)) {
      this.#deliverAll(sequence, arrival);
      return;
    }
    const last = n + gs.length - 1;
    if (last >= sequence.next) {
      this.returned();
      this.#holdArrived(sequence, arrival, last);
      this.#learn(sequence, last);
    }
    // Even if the events are known already, others that came with them may not be.
    if (after !== undefined) for (const [name, number] of after) this.#learn(this.#sequences.get(name), number);
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
      this.#hold(sequence, from, to, g, undefined);
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
    this.#deliverHeld();
    if (this.#closed) return;
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

  /** How many events are known to exist and neither delivered nor held. */
  get #missingCount(): number {
    return this.#outstanding - this.#held - this.#heldGone;
  }

  /** Whether everything was delivered that has to be delivered before something else. */
  #hasAll(after: After | undefined): boolean {
    if (after === undefined) return true;
    for (const [event, n] of after) {
      const sequence = this.#sequences.get(event);
      if (sequence !== undefined && sequence.next <= n) return false;
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

  /** Holds events that arrived, up to the one with the number `last`. */
  #holdArrived(sequence: Sequence, arrival: Arrival, last: number): void {
    const { n, gs } = arrival;
    let first = n;
    // Events that were given up because their publisher was taken for gone come too late to keep the order.
    while (first <= last && (gs[first - n] as number) < this.position) first += 1;
    if (first > n) this.#hold(sequence, n, first - 1, gs[first - 1 - n] as number);
    if (first <= last) this.#hold(sequence, first, last, gs[first - n] as number, arrival);
  }

  /**
   * Holds events, as far as they are neither delivered nor held.
   * @param g - of events that are gone, the number of the last one over all events
   * @param arrival - what they are part of; undefined if they are gone
   */
  #hold(sequence: Sequence, from: number, to: number, g: number, arrival?: Arrival): void {
    const { held } = sequence;
    let first = Math.max(from, sequence.next);
    let place = placeOf(first, held);
    first = Math.max(first, (held[place - 1]?.to ?? 0) + 1);
    // Some may be held already. What is gone before them is held directly before them.
    for (let other = held[place]; other !== undefined && other.from <= to; other = held[place]) {
      if (first < other.from) this.#holdAt(place, sequence, first, other.from - 1, other.g - 0.5, arrival);
      first = other.to + 1;
      place = placeOf(first, held);
    }
    if (first <= to) this.#holdAt(place, sequence, first, to, g, arrival);
  }

  #holdAt(place: number, sequence: Sequence, from: number, to: number, g: number, arrival: Arrival | undefined): void {
    if (arrival !== undefined && this.#held >= MOST_HELD) return;
    const { held } = sequence;
    const item = { sequence, from, to, g: arrival?.gs[from - arrival.n] ?? g, arrival };
    if (place === held.length) held.push(item);
    else held.splice(place, 0, item);
    this.#count(to - from + 1, arrival);
  }

  /** So many more events are held. */
  #count(events: number, arrival: Arrival | undefined): void {
    if (arrival === undefined) this.#heldGone += events;
    else this.#held += events;
  }

  /** Delivers everything that is held, in the publisher's order. */
  #deliverHeld(): void {
    const items: Held[] = [];
    for (const sequence of this.#sequences.values()) {
      for (const item of sequence.held) items.push(item);
      sequence.held = [];
    }
    this.#held = 0;
    this.#heldGone = 0;
    takeInOrder(items, (item) => this.#settle(item));
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
    if (this.#outstanding > 0) this.#deliverHeld();
  }

  /**
   * Delivers the next event of those that were held, or reports that they are gone. Before that, reports earlier events
   * of their name that are gone and sorted behind them.
   * @returns whether there are more
   */
  #settle(item: Held): boolean {
    const { sequence, from, to, g, arrival } = item;
    if (this.#closed || to < sequence.next) return false;
    if (arrival === undefined) {
      this.#skipTo(sequence, from);
      const count = to - sequence.next + 1;
      this.#decide(sequence, to + 1);
      this.#progress(Math.floor(g));
      this.#port.gap(sequence.event, count);
      return false;
    }
    const index = from - arrival.n;
    item.from += 1;
    item.g = arrival.gs[index + 1] as number;
    if (from >= sequence.next) {
      this.#skipTo(sequence, from);
      this.#deliver(sequence, from, g, arrival.events[index] as readonly unknown[], arrival.traces?.[index]);
    }
    return from < to;
  }

  /** Delivers events that arrived together. */
  #deliverAll(sequence: Sequence, { n, gs, events, traces }: Arrival): void {
    for (let index = 0; index < gs.length && !this.#closed; index += 1) {
      const g = gs[index] as number;
      this.#deliver(sequence, n + index, g, events[index] as readonly unknown[], traces?.[index]);
    }
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
function placeOf(n: number, items: readonly Held[]): number {
  let low = 0;
  let high = items.length;
  // Mostly, all of them do.
  if (high > 0 && (items[high - 1] as Held).from <= n) return high;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((items[middle] as Held).from <= n) low = middle + 1;
    else high = middle;
  }
  return low;
}
