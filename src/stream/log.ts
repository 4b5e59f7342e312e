import { emptyRing, Fifo, ringSize } from '../queue/fifo.ts';
import { type After, type EventHead, eventHead } from '../wire/pack.ts';
import type { Arguments } from './arguments.ts';
import type { Group, Subscriber } from './audience.ts';
import type { Batch } from './batch.ts';

/**
 * What a publisher does when an event cannot leave because too much is unacknowledged:
 * - `'block'`: keeps it, up to the outbox's limit; beyond, the emitter gets an `OverflowError`;
 * - `'drop-oldest'`, `'drop-newest'`, `'latest'`: keeps so many of this event (`limit`) and drops the
 *   oldest of them, the new one, or all but the new one. Subscribers are told what is missing; until they can be, 16 of
 *   those that were dropped count as one that is kept.
 */
export type PublishPolicy = 'block' | 'drop-oldest' | 'drop-newest' | 'latest';

export const PUBLISH_POLICIES: readonly PublishPolicy[] = ['block', 'drop-oldest', 'drop-newest', 'latest'];

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

/** Stands for a text that the batch has with which the event left, or is to leave. */
const IN_BATCH = Symbol('in a batch');

/** The events of one name that a publisher keeps. */
export class Log {
  readonly event: string;
  readonly head: EventHead;
  readonly policy: PublishPolicy;
  readonly limit: number;
  readonly subscribers: Set<Subscriber> = new Set();
  readonly groups: Group[] = [];
  // Invariant: the rings have the events first, first + 1, … last: the event n is at n & mask in each of them, and every other
  // place of those that have objects is undefined. Up to `released` nobody needs the events any more, and up to `sent` they were
  // sent and have an `after`. In columns, because an object for each event would have the garbage collector do half of the work.
  #texts = emptyRing<string | typeof IN_BATCH>();
  #sizes = emptyRing<number>();
  #gs = emptyRing<number>();
  #mask = this.#gs.length - 1;
  // Those that have left and are still of use, in the order of their numbers.
  readonly #batches = new Fifo<Batch>();
  // How far they had been sent at some moments, as numbers over all events and of this name: for when the events are
  // not kept any more.
  readonly #marks = new Fifo<{ readonly g: number; readonly n: number }>();
  // What an event is part of, by its number; mostly nobody traces.
  readonly #traces = new Map<number, string>();
  first = 1;
  released = 0;
  sent = 0;
  last = 0;
  /** Those that were sent last, until they leave. */
  batch: Batch | undefined;
  /** The number over all events of the last event that was sent, and of the last that was given up. */
  sentG = 0;
  trimmedG = 0;
  dropped = 0;

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

  /** The arguments, as JSON; undefined once the event was dropped, which subscribers are told. */
  text(n: number): string | undefined {
    const text = this.#texts[n & this.#mask];
    return text === IN_BATCH ? (this.#batchOf(n) as Batch).text(n) : text;
  }

  isDropped(n: number): boolean {
    return this.#texts[n & this.#mask] === undefined;
  }

  /** How many characters they have as JSON, but for what has to be escaped. */
  size(n: number): number {
    return this.#sizes[n & this.#mask] as number;
  }

  /** JSON was made of the arguments of an event, unless it was let go of meanwhile: its place may be that of another. */
  seal(n: number, text: string): void {
    if (n >= this.first) this.#texts[n & this.#mask] = text;
  }

  /** A batch has left that knows more of its events. */
  keep(batch: Batch): void {
    this.#batches.push(batch);
  }

  /** Its number over all events. */
  g(n: number): number {
    return this.#gs[n & this.#mask] as number;
  }

  after(n: number): After | undefined {
    return this.#batchOf(n)?.after(n);
  }

  trace(n: number): string | undefined {
    return this.#traces.size === 0 ? undefined : this.#traces.get(n);
  }

  /** @param args - undefined if it was dropped at once; if they are no text, they are in the batch with which they leave */
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
   * Notes how far it has been sent.
   * @param oldest - what was noted before this number over all events is of no interest any more
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

  /** An event that is kept will not be sent, or not again, which subscribers are told. */
  drop(n: number): void {
    this.#texts[n & this.#mask] = undefined;
  }

  /** The first event whose number over all events is larger than `g`. Exact where that event is kept, or where `g` was marked. */
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

  /** A ring of another size with the same events. */
  #moved<T>(ring: readonly T[], size: number): T[] {
    const moved = emptyRing<T>(size) as T[];
    for (let n = this.first; n <= this.last; n += 1) moved[n & (size - 1)] = ring[n & this.#mask] as T;
    return moved;
  }

  /** The batch that has an event, if that is needed. */
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
