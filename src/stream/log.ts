import { emptyRing, Fifo, ringSize } from '../queue/fifo.ts';
import { type After, type EventHead, eventHead } from '../wire/pack.ts';
import type { Arguments } from './arguments.ts';
import type { Group, Subscriber } from './audience.ts';
import type { Batch } from './batch.ts';

/**
 * What a publisher does when an event cannot leave because too much is unacknowledged:
 * - `'block'`: keeps the event, up to the outbox's limit. Beyond that, the emitter gets an `OverflowError`.
 * - `'drop-oldest'`, `'drop-newest'`, `'latest'`: keeps up to `limit` events of this name. Beyond that, drops the
 *   oldest, the new one, or all except the new one. Subscribers learn which events are missing. Until they can, 16
 *   dropped events count as a kept one.
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

/** Stands for the text of an event whose batch has it: the batch that the event leaves with, or left with. */
const IN_BATCH = Symbol('in a batch');

/** The events of one name that a publisher keeps. */
export class Log {
  readonly event: string;
  readonly head: EventHead;
  readonly policy: PublishPolicy;
  readonly limit: number;
  readonly subscribers: Set<Subscriber> = new Set();
  readonly groups: Group[] = [];
  // Invariant: the rings have the events first, first + 1, … last. Event n is at n & mask in each ring. All other
  // places are undefined in the ring of texts. Up to `released`, nobody needs the events any more. Up to `sent`, they
  // were sent. The rings are columns, because with an object for each event half of the work would be garbage
  // collection.
  #texts = emptyRing<string | typeof IN_BATCH>();
  #sizes = emptyRing<number>();
  #gs = emptyRing<number>();
  #mask = this.#gs.length - 1;
  // The batches that have left and are still of use, in the order of their numbers.
  readonly #batches = new Fifo<Batch>();
  // How far events had been sent at some moments: the number over all events and the number of this name. Needed when
  // the events are not kept any more.
  readonly #marks = new Fifo<{ readonly g: number; readonly n: number }>();
  // The trace that an event is part of, by the event's number. Mostly nobody traces.
  readonly #traces = new Map<number, string>();
  first = 1;
  released = 0;
  sent = 0;
  last = 0;
  /** The batch of the events that were sent last, until it leaves. */
  batch: Batch | undefined;
  /** The number over all events of the last event that was sent, and of the last one that was trimmed. */
  sentG = 0;
  trimmedG = 0;
  dropped = 0;

  constructor(event: string, { overflow = 'block', limit }: EventOutboxOptions = {}) {
    this.event = event;
    this.head = eventHead(event);
    this.policy = overflow;
    this.limit = limit ?? (overflow === 'latest' ? 1 : 1_000);
  }

  /** The number of kept events. */
  get length(): number {
    return this.last - this.first + 1;
  }

  /** Returns the arguments of an event as JSON, or undefined if the event was dropped. Subscribers learn of that. */
  text(n: number): string | undefined {
    const text = this.#texts[n & this.#mask];
    return text === IN_BATCH ? (this.#batchOf(n) as Batch).text(n) : text;
  }

  isDropped(n: number): boolean {
    return this.#texts[n & this.#mask] === undefined;
  }

  /** Returns how many characters the arguments of an event have as JSON, mostly without those that escaping adds. */
  size(n: number): number {
    return this.#sizes[n & this.#mask] as number;
  }

  /** Keeps the JSON of an event's arguments, unless the event was trimmed meanwhile: another may be at its place. */
  seal(n: number, text: string): void {
    if (n >= this.first) this.#texts[n & this.#mask] = text;
  }

  /** Keeps a batch that has left, for what it knows of its events. */
  keep(batch: Batch): void {
    this.#batches.push(batch);
  }

  /** Returns the number over all events of an event. */
  g(n: number): number {
    return this.#gs[n & this.#mask] as number;
  }

  after(n: number): After | undefined {
    return this.#batchOf(n)?.after(n);
  }

  trace(n: number): string | undefined {
    return this.#traces.size === 0 ? undefined : this.#traces.get(n);
  }

  /** @param args - undefined if the event was dropped at once; if not a text, the batch that it leaves with has them */
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
   * @param oldest - a number over all events; older notes are no longer needed
   */
  mark(g: number, oldest: number): void {
    if (this.#marks.at(this.#marks.length - 1)?.n !== this.sent) this.#marks.push({ g, n: this.sent });
    while ((this.#marks.at(1)?.g ?? Infinity) <= oldest) this.#marks.shift();
  }

  /** Removes the oldest event. */
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

  /** Drops a kept event: it will not be sent, or not again. Subscribers learn of that. */
  drop(n: number): void {
    this.#texts[n & this.#mask] = undefined;
  }

  /**
   * Returns the first event whose number over all events is larger than `g`. The result is exact if that event is kept,
   * or if `g` was marked.
   */
  firstAfter(g: number): number {
    if (g < this.trimmedG) return this.#sentBy(g) + 1;
    let low = this.first;
    let high = this.last + 1;
    while (low < high) {
      const middle = (low + high) >> 1;
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

  /** Returns the batch that has an event, if the event needs one. */
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
