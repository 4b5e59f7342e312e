import { Fifo } from '../queue/fifo.ts';

interface Moment {
  readonly time: number;
  /** The number over all events of the last event that had been sent. */
  readonly g: number;
}

/** How far apart moments are at least, and for how long they are remembered, in milliseconds. */
const APART = 100;
const REMEMBERED = 60_000;

/** How far events had been sent at some moments. Shows later what was sent since a time, or since somewhat before. */
export class Moments {
  // In order of time. The first is the latest of those that are too old.
  readonly #moments = new Fifo<Moment>();
  #last: Moment;

  constructor(time: number) {
    this.#last = { time, g: 0 };
    this.#moments.push(this.#last);
  }

  /**
   * Notes that all events up to this one have been sent by now.
   * @returns whether that was worth noting
   */
  note(time: number, g: number): boolean {
    if (g === this.#last.g || time - this.#last.time < APART) return false;
    this.#last = { time, g };
    this.#moments.push(this.#last);
    while ((this.#moments.at(1)?.time ?? Infinity) <= time - REMEMBERED) this.#moments.shift();
    return true;
  }

  /** The last event that had been sent at the oldest remembered moment. */
  get oldest(): number {
    return this.#moments.at(0)?.g ?? 0;
  }

  /** Returns an event that was sent before a time, so that all events sent since that time have larger numbers. */
  before(time: number): number {
    for (let index = this.#moments.length - 1; index >= 0; index -= 1) {
      const moment = this.#moments.at(index) as Moment;
      if (moment.time <= time) return moment.g;
    }
    return this.oldest;
  }
}
