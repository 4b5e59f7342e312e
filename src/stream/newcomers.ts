import type { Subscriber } from './audience.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import { Moments } from './moments.ts';

/** Since when a subscriber has been ready. */
export interface Ready {
  /** How many milliseconds ago that was when the subscriber said so. */
  readonly since: number;
  /** Whether its link has broken since then. */
  readonly hasBroken: boolean;
}

/** How long, in milliseconds, what a subscriber says about itself may take to arrive. */
const SAID_BEFORE = 1_000;
/**
 * How long, in milliseconds, a subscriber may have been ready when it says what arrives first. It speaks at once: if
 * that is not what arrived, something was lost.
 */
const SAID_LATE = 100;

/**
 * Where subscribers start that have not acknowledged anything. Mostly, that is after what had been sent when they were
 * met. If a link broke just then, on either side or in between, what was under way may be lost, and they cannot ask for
 * it. They then start with what was sent since they were ready.
 */
export class Newcomers {
  readonly #clock: Clock;
  readonly #moments: Moments;
  #opened = Infinity;
  #broke = -Infinity;
  /** When the way to subscribers last opened after a break; undefined before it opens for the first time. */
  #mended: number | undefined;
  #keptAfter = Infinity;
  #cancelKeeping: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#moments = new Moments(clock.now());
  }

  /** Events after this number are to be kept while subscribers that were ready at a break may not have said so yet. */
  get keptAfter(): number {
    return this.#keptAfter;
  }

  /**
   * The way is open, for the first time or again.
   * @param onReleased - called when all subscribers that were ready when it broke have had time to say so
   */
  opened(subscribers: Iterable<Subscriber>, onReleased: () => void): void {
    const now = this.#clock.now();
    if (this.#mended === undefined) {
      this.#mended = -Infinity;
      this.#opened = now;
      return;
    }
    this.#mended = now;
    this.#keptAfter = Math.min(this.#keptAfter, this.#moments.before(this.#broke - SAID_BEFORE));
    this.close();
    this.#cancelKeeping = this.#clock.after(SAID_BEFORE, () => {
      this.#cancelKeeping = undefined;
      this.#keptAfter = Infinity;
      onReleased();
    });
    for (const one of subscribers) this.#startOver(one);
  }

  /** The way broke. */
  broke(): void {
    this.#broke = this.#clock.now();
  }

  /** Notes what has been sent by now: everything up to `g`. */
  note(g: number, logs: Iterable<Log>): void {
    if (!this.#moments.note(this.#clock.now(), g)) return;
    for (const log of logs) log.mark(g, this.#moments.oldest);
  }

  /** A subscriber is there that was not there before. */
  met(subscriber: Subscriber, { since }: Ready): void {
    const now = this.#clock.now();
    subscriber.unsureSince = now - since - SAID_BEFORE;
    if (Math.min(since, now - this.#opened) > SAID_LATE) subscriber.hasBroken = true;
  }

  /** A subscriber says that it has acknowledged nothing. */
  heard(subscriber: Subscriber, ready: Ready | undefined): void {
    const { unsureSince = Infinity } = subscriber;
    if (ready?.hasBroken === true) subscriber.hasBroken = true;
    const isBroken = this.#mended !== undefined && this.#mended >= unsureSince;
    if (subscriber.hasBroken || isBroken) this.#startOver(subscriber);
  }

  close(): void {
    this.#cancelKeeping?.();
    this.#cancelKeeping = undefined;
  }

  #startOver(subscriber: Subscriber): void {
    if (subscriber.unsureSince === undefined) return;
    subscriber.acked = Math.min(subscriber.acked, this.#moments.before(subscriber.unsureSince));
  }
}
