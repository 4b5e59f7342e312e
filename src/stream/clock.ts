import { LONGEST_TIMER, nextTurn } from '../timers.ts';

/** The source of time for streams. A test can step it. */
export interface Clock {
  /** Milliseconds since some moment. Never goes back. */
  now(): number;
  /**
   * Calls a function once, some milliseconds later. Returns a function that cancels this. A time of more than
   * {@link LONGEST_TIMER} may never end.
   */
  after(milliseconds: number, fn: () => void): () => void;
  /**
   * Calls a function when the current work is done. Normally this is in the same turn of the runtime's loop. Soon after
   * another call of `soon`, it is in the next turn, so that calls in quick succession become one piece of work.
   */
  soon(fn: () => void): void;
}

/** A call of `soon` within so many milliseconds of the last one waits for the next turn. */
const QUICK_SUCCESSION = 0.05;

/**
 * Returns a clock with the runtime's own time.
 * @param now - returns milliseconds, for tests
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
      // Decided by the clock: noticing the end of a turn would take another turn, some 8 % of a round trip.
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
