import { emptyRing, Fifo, ringSize } from '../queue/fifo.ts';
import { type After, type EventHead, eventHead } from '../wire/pack.ts';
import type { Arguments } from './arguments.ts';
import type { Group, Subscriber } from './audience.ts';
import type { Batch } from './batch.ts';

/**
 * What a publisher does when an event cannot leave because too much is unacknowledged:
 * - `'block'`: keeps it, up to the limit of the outbox. Beyond that, the emitter gets an `OverflowError`.
 * - `'drop-oldest'`, `'drop-newest'`, `'latest'`: keeps `limit` events of this name, and drops the oldest of them, the
 *   new one, or all but the new one. Subscribers are told what is missing. Until they can be told, 16 dropped events
 *   count as one that is kept.
 */
export type PublishPolicy = 'block' | 'drop-oldest' | 'drop-newest' | 'latest';

export const PUBLISH_POLICIES: readonly PublishPolicy[] = ['block', 'drop-oldest', 'drop-newest', 'latest'];

/** How one event is kept. */
export interface EventOutboxOptions {
  /** @default 'block' */
  readonly overflow?: PublishPolicy | undefined;
  /**
   * How many events of this name may wait under one of the dropping policies.
   * @default 1000, or 1 with `'latest'`
   */
  readonly limit?: number | undefined;
}

/** Stands for a text that is in the batch with which the event left or will leave. */
const IN_BATCH = Symbol('in a batch');

/** The events of one name that a publisher keeps. */
export class Log {
  readonly event: string;
  readonly head: EventHead;
  readonly policy: PublishPolicy;
  readonly limit: number;
  readonly subscribers: Set<Subscriber> = new Set();
  readonly groups: Group[] = [];
  // Invariant: the rings have the events first, first + 1, … last. The event n is at n & mask in each of them, and
  // every other place of `#texts` is undefined. Up to `released`, nobody needs the events any more; up to `sent`, they
  // were sent. In columns, because with an object for each event, half of the work would be garbage collection.
  #texts = emptyRing<string | typeof IN_BATCH>();
  #sizes = emptyRing<number>();
  #gs = emptyRing<number>();
  #mask = this.#gs.length - 1;
  // The batches that have left and are still of use, in the order of their numbers.
  readonly #batches = new Fifo<Batch>();
  // How far events had been sent at some moments, as numbers over all events and of this name. Needed when the events
  // are not kept any more.
  readonly #marks = new Fifo<{ readonly g: number; readonly n: number }>();
  // The traces that events are part of, by the number of the event. Mostly, nobody traces.
  readonly #traces = new Map<number, string>();
  first = 1;
  released = 0;
  sent = 0;
  last = 0;
  /** How many of those that have not been sent will be: the others were dropped. */
  waiting = 0;
  /** The events that were sent last, until they leave. */
  batch: Batch | undefined;
  /** The number over all events of the last event that was sent, and of the last one that was trimmed. */
  sentG = 0;
  trimmedG = 0;
  /** How many events were dropped, and of how many of them the publisher was told. */
  dropped = 0;
  told = 0;

  constructor(event: string, { overflow = 'block', limit }: EventOutboxOptions = {}) {
    this.event = event;
    this.head = eventHead(event);
    this.policy = overflow;
    this.limit = limit ?? (overflow === 'latest' ? 1 : 1_000);
  }

  /** How many events are kept. */
  get length(): number {
    return this.last - this.first + 1;
  }

  /** The arguments of an event as JSON; undefined once the event was dropped, of which subscribers are told. */
  text(n: number): string | undefined {
    const text = this.#texts[n & this.#mask];
    return text === IN_BATCH ? (this.#batchOf(n) as Batch).text(n) : text;
  }

  isDropped(n: number): boolean {
    return this.#texts[n & this.#mask] === undefined;
  }

  /** How many characters the arguments have as JSON, apart from what escaping may add. */
  size(n: number): number {
    return this.#sizes[n & this.#mask] as number;
  }

  /** Keeps the JSON of an event's arguments, unless it was trimmed meanwhile: its place may now be another's. */
  seal(n: number, text: string): void {
    if (n >= this.first) this.#texts[n & this.#mask] = text;
  }

  /** Keeps a batch that has left and that knows more about its events. */
  keep(batch: Batch): void {
    this.#batches.push(batch);
  }

  /** The number of an event over all events. */
  g(n: number): number {
    return this.#gs[n & this.#mask] as number;
  }

  /** What has to be delivered before consecutive events; if only some events of a batch are among them, before all. */
  after(n: number, next: number): After | undefined {
    let after: After | undefined;
    for (let at = n; at < next;) {
      const batch = this.#batchOf(at);
      if (batch === undefined || batch.n >= next) break;
      if (batch.after !== undefined) after = after === undefined ? batch.after : new Map([...after, ...batch.after]);
      at = batch.next;
    }
    return after;
  }

  trace(n: number): string | undefined {
    return this.#traces.size === 0 ? undefined : this.#traces.get(n);
  }

  /** @param args - undefined if the event was dropped at once. If they are not a text, the event's batch has them. */
  append(args: Arguments | undefined, size: number, g: number, trace?: string): void {
    if (this.length > this.#mask) this.#resize(this.length * 2);
    this.last += 1;
    if (trace !== undefined) this.#traces.set(this.last, trace);
    const place = this.last & this.#mask;
    this.#texts[place] = typeof args === 'object' ? IN_BATCH : args;
    this.#sizes[place] = size;
    this.#gs[place] = g;
  }

  /** The next event was sent. */
  send(): void {
    this.sent += 1;
    this.sentG = this.g(this.sent);
  }

  /**
   * Notes how far events have been sent.
   * @param oldest - a number over all events: what was noted before it is of no interest any more
   */
  mark(g: number, oldest: number): void {
    if (this.#marks.at(this.#marks.length - 1)?.n !== this.sent) this.#marks.push({ g, n: this.sent });
    while ((this.#marks.at(1)?.g ?? Infinity) <= oldest) this.#marks.shift();
  }

  /** Lets go of the oldest event. */
  trim(): void {
    const place = this.first & this.#mask;
    this.trimmedG = this.#gs[place] as number;
    this.#texts[place] = undefined;
    if (this.#traces.size > 0) this.#traces.delete(this.first);
    this.first += 1;
    if ((this.#batches.at(0)?.next ?? Infinity) <= this.first) this.#batches.shift();
    const size = ringSize(this.#mask + 1, this.length, this.first);
    if (size <= this.#mask) this.#resize(size);
  }

  /** Drops an event that is kept: it will not be sent, or not again. Subscribers are told. */
  drop(n: number): void {
    this.#texts[n & this.#mask] = undefined;
  }

  /**
   * Returns the first event whose number over all events is larger than `g`. Exact if that event is kept, or if `g` was
   * marked.
   */
  firstAfter(g: number): number {
    if (g < this.trimmedG) return this.#sentBy(g) + 1;
    let low = this.first;
    let high = this.last + 1;
    while (low < high) {
      // Not half of the sum: that has more than 32 bits after a thousand million events.
      const middle = low + ((high - low) >> 1);
      if (this.g(middle) > g) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #resize(size: number): void {
    this.#texts = this.#moved(this.#texts, size);
    this.#sizes = this.#moved(this.#sizes, size);
    this.#gs = this.#moved(this.#gs, size);
    this.#mask = size - 1;
  }

  /** Returns a ring of another size with the same events. */
  #moved<T>(ring: readonly T[], size: number): T[] {
    const moved = emptyRing<T>(size) as T[];
    for (let n = this.first; n <= this.last; n += 1) moved[n & (size - 1)] = ring[n & this.#mask] as T;
    return moved;
  }

  /** Returns the batch of an event if that batch is kept; otherwise a later batch, or undefined. */
  #batchOf(n: number): Batch | undefined {
    if (this.batch !== undefined && n >= this.batch.n) return this.batch;
    let low = 0;
    let high = this.#batches.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#batches.at(middle) as Batch).next > n) high = middle;
      else low = middle + 1;
    }
    return this.#batches.at(low);
  }

  #sentBy(g: number): number {
    for (let index = this.#marks.length - 1; index >= 0; index -= 1) {
      const mark = this.#marks.at(index);
      if (mark !== undefined && mark.g <= g) return mark.n;
    }
    return 0;
  }
}
