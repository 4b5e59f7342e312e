/**
 * How long, in milliseconds, a bus may hand over what has arrived before the runtime has its turn: while there is something
 * to read, reading it keeps timers waiting, and all else.
 */
export const SLICE = 10;

/** Lets timers and I/O have their turn. Not for pages, which have one after each message anyway. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

const HAS_TURNS = 'setImmediate' in globalThis;

/** Takes what arrives from where it cannot be left waiting: each in order, and with turns of the runtime in between. */
export class Slices {
  readonly #waiting: (() => void)[] = [];
  #isWaiting = false;
  #begin = performance.now();

  /** @param take - called at once, or behind what waits */
  add(take: () => void): void {
    if (this.#isWaiting) {
      this.#waiting.push(take);
      return;
    }
    take();
    if (HAS_TURNS && this.#isOver()) void this.#goOn();
  }

  #isOver(): boolean {
    return performance.now() - this.#begin >= SLICE;
  }

  async #goOn(): Promise<void> {
    this.#isWaiting = true;
    do {
      await nextTurn();
      this.#begin = performance.now();
      let taken = 0;
      while (taken < this.#waiting.length && !this.#isOver()) {
        this.#waiting[taken]?.();
        taken += 1;
      }
      this.#waiting.splice(0, taken);
    } while (this.#waiting.length > 0);
    this.#isWaiting = false;
  }
}
