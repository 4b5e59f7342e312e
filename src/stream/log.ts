import { Fifo } from '../queue/fifo.ts';
import { type After, type EventHead, eventHead } from '../wire/pack.ts';
import type { Arguments } from './arguments.ts';
import type { Group, Subscriber } from './audience.ts';

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

/** The events of one name that a publisher keeps. */
export class Log {
  readonly event: string;
  readonly head: EventHead;
  readonly policy: PublishPolicy;
  readonly limit: number;
  readonly subscribers: Set<Subscriber> = new Set();
  readonly groups: Group[] = [];
  // Invariant: the texts and the numbers over all events are those of the events first, first + 1, … last; of
  // these, up to `released` nobody needs them any more, and up to `sent` they were sent and have an `after`.
  // In columns, because an object for each event would have the garbage collector do half of the work.
  readonly #args = new Fifo<Arguments | undefined>();
  readonly #sizes = new Fifo<number>();
  readonly #gs = new Fifo<number>();
  readonly #afters = new Fifo<After | undefined>();
  // How far they had been sent at some moments, as numbers over all events and of this name: for when the events are
  // not kept any more.
  readonly #marks = new Fifo<{ readonly g: number; readonly n: number }>();
  // What an event is part of, by its number; mostly nobody traces.
  readonly #traces = new Map<number, string>();
  first = 1;
  released = 0;
  sent = 0;
  last = 0;
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
    return this.#gs.length;
  }

  /** The arguments, as JSON; undefined once the event was dropped, which subscribers are told. */
  text(n: number): string | undefined {
    const args = this.args(n);
    return args === undefined || typeof args === 'string' ? args : JSON.stringify(args);
  }

  /** The arguments; undefined as for {@link text}. */
  args(n: number): Arguments | undefined {
    return this.#args.at(n - this.first);
  }

  /** How many characters they have as JSON, but for what has to be escaped. */
  size(n: number): number {
    return this.#sizes.at(n - this.first) as number;
  }

  /** JSON was made of the arguments of an event, unless it was let go of meanwhile, or dropped. */
  seal(n: number, text: string): void {
    if (this.args(n) !== undefined) this.#args.replace(n - this.first, text);
  }

  /** Its number over all events. */
  g(n: number): number {
    return this.#gs.at(n - this.first) as number;
  }

  after(n: number): After | undefined {
    return this.#afters.at(n - this.first);
  }

  trace(n: number): string | undefined {
    return this.#traces.size === 0 ? undefined : this.#traces.get(n);
  }

  /** @param args - undefined if it was dropped at once */
  append(args: Arguments | undefined, size: number, g: number, trace?: string): void {
    this.last += 1;
    if (trace !== undefined) this.#traces.set(this.last, trace);
    this.#args.push(args);
    this.#sizes.push(size);
    this.#gs.push(g);
  }

  /** The next event was sent. */
  send(after: After | undefined): void {
    this.sent += 1;
    this.sentG = this.g(this.sent);
    this.#afters.push(after);
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
    this.trimmedG = this.#gs.shift() as number;
    this.#args.shift();
    this.#sizes.shift();
    this.#afters.shift();
    if (this.#traces.size > 0) this.#traces.delete(this.first);
    this.first += 1;
  }

  /** An event that is kept will not be sent, or not again, which subscribers are told. */
  drop(n: number): void {
    this.#args.replace(n - this.first, undefined);
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

  #sentBy(g: number): number {
    for (let index = this.#marks.length - 1; index >= 0; index -= 1) {
      const mark = this.#marks.at(index);
      if (mark !== undefined && mark.g <= g) return mark.n;
    }
    return 0;
  }
}
