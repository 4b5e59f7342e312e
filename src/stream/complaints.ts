import type { Range } from '../wire/control.ts';
import type { Clock } from './clock.ts';

/** How long, in milliseconds, to wait for missing events before asking, at first and at most: they may only be late. */
const FIRST_DELAY = 20;
const LAST_DELAY = 1_000;

/** Asks a publisher for missing events until they come, less and less often. */
export class Complaints {
  readonly #clock: Clock;
  readonly #complain: () => readonly Range[];
  #delay = FIRST_DELAY;
  #cancelTimer: (() => void) | undefined;

  /** @param complain - asks for the missing events, and returns their ranges */
  constructor(clock: Clock, complain: () => readonly Range[]) {
    this.#clock = clock;
    this.#complain = complain;
  }

  /** Events are missing. */
  watch(): void {
    this.#cancelTimer ??= this.#clock.after(this.#delay, () => {
      this.#cancelTimer = undefined;
      if (this.#complain().length === 0) return;
      this.#delay = Math.min(this.#delay * 2, LAST_DELAY);
      this.watch();
    });
  }

  /** There was progress. */
  relax(): void {
    this.#delay = FIRST_DELAY;
  }

  /** Starts again with the first delay when events are missing the next time. */
  reset(): void {
    this.relax();
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}
