import type { Clock } from '../stream/clock.ts';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly fn: () => void;
}

/**
 * A clock that stands still until it is stepped, for peers and buses under test.
 *
 * ```ts
 * const clock = new StepClock();
 * const network = new FaultyNetwork({ clock, seed: 7, loss: 0.1 });
 * ```
 */
export class StepClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #timers: Timer[] = [];

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, fn: () => void): () => void {
    const timer: Timer = { at: this.#now + (milliseconds > 0 ? milliseconds : 0), order: (this.#order += 1), fn };
    // Sorted by time, and by the order of the calls where the time is the same.
    let index = this.#timers.length;
    while (index > 0 && (this.#timers[index - 1] as Timer).at > timer.at) index -= 1;
    this.#timers.splice(index, 0, timer);
    return () => {
      const place = this.#timers.indexOf(timer);
      if (place >= 0) this.#timers.splice(place, 1);
    };
  }

  soon(fn: () => void): void {
    this.after(0, fn);
  }

  /** How many calls are outstanding. */
  get pending(): number {
    return this.#timers.length;
  }

  /**
   * Lets so many milliseconds pass: everything that is due by then happens, in order. What is called then may do the
   * same, and no time passes twice.
   */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (let timer = this.#timers[0]; timer !== undefined && timer.at <= end; timer = this.#timers[0]) {
      this.#timers.shift();
      this.#now = Math.max(this.#now, timer.at);
      timer.fn();
    }
    this.#now = Math.max(this.#now, end);
  }
}
