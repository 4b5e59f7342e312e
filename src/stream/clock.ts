import { LONGEST_TIMER, nextTurn } from '../timers.ts';

/** Where streams take time from. A test can step it. */
export interface Clock {
  /** Milliseconds since some moment. Never goes back. */
  now(): number;
  /**
   * Calls a function once, some milliseconds later. Returns a function that cancels this. More than
   * {@link LONGEST_TIMER} may mean never.
   */
  after(milliseconds: number, fn: () => void): () => void;
  /**
   * Calls a function when the work at hand is done: in the same turn of the runtime's loop, or in the next turn if the
   * last call did so just before. What comes in quick succession is therefore one piece of work.
   */
  soon(fn: () => void): void;
}

/** A call of `soon` within so many milliseconds of the last one that did not wait waits for the next turn. */
const QUICK_SUCCESSION = 0.05;

/**
 * Makes a clock with the runtime's own time.
 * @param now - the time in milliseconds, for tests
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
      // By the clock, because to notice that a turn has ended takes another turn, some 8 % of a round trip.
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
