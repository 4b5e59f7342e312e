/**
 * Hands an error to the runtime as uncaught: Node prints it and ends the program with exit code 1, a
 * browser reports it to `window.onerror`. Whoever installs a handler for uncaught errors decides for himself.
 */
export function throwUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

/** Lets timers and I/O have their turn. */
export function yieldToRuntime(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}

/** How long, in milliseconds, work that is always ready may keep timers and I/O waiting. */
const SLICE = 10;
// Reading the clock costs about as much as calling a slot.
const STEPS_BETWEEN_LOOKS = 16;

/** Counts the time since the runtime last had its turn. */
export class Slice {
  #end: number = performance.now() + SLICE;
  #steps = 0;

  /** Whether it is time to yield. */
  isOver(): boolean {
    this.#steps += 1;
    return this.#steps % STEPS_BETWEEN_LOOKS === 0 && performance.now() >= this.#end;
  }

  restart(): void {
    this.#end = performance.now() + SLICE;
  }
}
