/** Where streams take time from, so that a test can step it. */
export interface Clock {
  /** Milliseconds since some moment. Never goes back. */
  now(): number;
  /** Calls a function once, some milliseconds later, and gives a way to call that off. */
  after(milliseconds: number, fn: () => void): () => void;
  /**
   * Calls a function when the work at hand is done: at once for the first of a turn of the runtime's loop,
   * and with the next turn for others.
   */
  soon(fn: () => void): void;
}

/** The runtime's own time. */
export function systemClock(): Clock {
  let calledInThisTurn = false;
  return {
    now: () => performance.now(),
    after(milliseconds, fn) {
      const timer = setTimeout(fn, milliseconds);
      return () => clearTimeout(timer);
    },
    soon(fn) {
      if (calledInThisTurn) {
        nextTurn(fn);
        return;
      }
      calledInThisTurn = true;
      queueMicrotask(fn);
      nextTurn(() => (calledInThisTurn = false));
    },
  };
}

function nextTurn(fn: () => void): void {
  if (typeof setImmediate === 'function') setImmediate(fn);
  else setTimeout(fn, 0);
}
