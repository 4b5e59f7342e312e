import { LONGEST_TIMER, nextTurn } from '../timers.ts';

/** Where streams take time from, so that a test can step it. */
export interface Clock {
  /** Milliseconds since some moment. Never goes back. */
  now(): number;
  /**
   * Calls a function once, some milliseconds later, and gives a way to call that off. More than {@link LONGEST_TIMER}
   * may be for ever.
   */
  after(milliseconds: number, fn: () => void): () => void;
  /**
   * Calls a function when the work at hand is done: in the same turn of the runtime's loop if that was not
   * asked for just before, with the next turn otherwise, so that what comes in quick succession is one piece of work.
   */
  soon(fn: () => void): void;
}

/** What comes within so many milliseconds of the last call of `soon` waits for the next turn. */
const QUICK_SUCCESSION = 0.05;

/**
 * The runtime's own time.
 * @param now - milliseconds, for tests
 */
export function systemClock(now: () => number = () => performance.now()): Clock {
  let last = -Infinity;
  return {
    now,
    after(milliseconds, fn) {
      if (milliseconds > LONGEST_TIMER) return () => {};
      const timer = setTimeout(fn, milliseconds);
      return () => clearTimeout(timer);
    },
    soon(fn) {
      // By the clock: to notice that a turn has ended takes another turn, some 8 % of a round trip.
      const time = now();
      if (time - last < QUICK_SUCCESSION) {
        nextTurn(fn);
      } else {
        last = time;
        queueMicrotask(fn);
      }
    },
  };
}
