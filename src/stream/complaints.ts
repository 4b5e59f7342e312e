import type { Range } from '../wire/control.ts';
import type { Clock } from './clock.ts';

/** How long, in milliseconds, to wait before asking for what is missing, at first and at most: it may only be late. */
const FIRST_DELAY = 20;
const LAST_DELAY = 1_000;

/** Asks a publisher for missing events, again and again, but less and less often, until they come. */
export class Complaints {
  readonly #clock: Clock;
  readonly #complain: () => readonly Range[];
  #delay = FIRST_DELAY;
  #cancelTimer: (() => void) | undefined;

  /** @param complain - asks for what is missing, and returns it */
  constructor(clock: Clock, complain: () => readonly Range[]) {
    this.#clock = clock;
    this.#complain = complain;
  }

  /** Something is missing. */
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

  /** Stops asking. When something is missing the next time, the first delay applies again. */
  reset(): void {
    this.relax();
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}
