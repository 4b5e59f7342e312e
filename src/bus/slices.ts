import { nextTurn, SLICE } from '../timers.ts';

/** Takes what arrives from a source that cannot be paused: in order, and with turns of the runtime in between. */
export class Slices {
  readonly #waiting: (() => void)[] = [];
  #isWaiting = false;
  #begin = performance.now();

  /** @param take - called at once, or after those that wait already */
  add(take: () => void): void {
    if (this.#isWaiting) {
      this.#waiting.push(take);
      return;
    }
    take();
    if (this.#isOver()) void this.#goOn();
  }

  #isOver(): boolean {
    return performance.now() - this.#begin >= SLICE;
  }

  async #goOn(): Promise<void> {
    this.#isWaiting = true;
    do {
      await new Promise<void>(nextTurn);
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
