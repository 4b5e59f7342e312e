import { Fifo } from '../queue/fifo.ts';

interface Moment {
  readonly time: number;
  /** The last event that had been sent, as a number over all events. */
  readonly g: number;
}

/** How far apart, in milliseconds, moments are at least, and how long they are remembered. */
const APART = 100;
const REMEMBERED = 60_000;

/** What had been sent at some moments. This shows later what was sent since a time, or since somewhat before it. */
export class Moments {
  // In the order of time. The first moment is the last of those that are too old.
  readonly #moments = new Fifo<Moment>();
  #last: Moment;

  constructor(time: number) {
    this.#last = { time, g: 0 };
    this.#moments.push(this.#last);
  }

  /**
   * Everything up to this event has been sent by now.
   * @returns whether that was noted
   */
  note(time: number, g: number): boolean {
    if (g === this.#last.g || time - this.#last.time < APART) return false;
    this.#last = { time, g };
    this.#moments.push(this.#last);
    while ((this.#moments.at(1)?.time ?? Infinity) <= time - REMEMBERED) this.#moments.shift();
    return true;
  }

  /** The event that was sent last at the oldest moment that is remembered. */
  get oldest(): number {
    return this.#moments.at(0)?.g ?? 0;
  }

  /** Returns an event that was sent before a time: everything that was sent since that time has a larger number. */
  before(time: number): number {
    for (let index = this.#moments.length - 1; index >= 0; index -= 1) {
      const moment = this.#moments.at(index) as Moment;
      if (moment.time <= time) return moment.g;
    }
    return this.oldest;
  }
}
