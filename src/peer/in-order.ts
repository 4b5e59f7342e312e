import { Fifo } from '../queue/fifo.ts';

/** What is done at once, or has to be waited for. It does not throw and does not reject. */
export type Step = () => void | Promise<void>;

/**
 * Does steps one after the other, in the order in which they are given: at once, as long as none before
 * has to be waited for.
 */
export class InOrder {
  readonly #waiting = new Fifo<Step>();
  readonly #onSettled = new Set<() => void>();
  #busy = false;
  #closed = false;

  /** Whether what is given now has to wait. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Whether what has not been done will not be done any more. */
  get closed(): boolean {
    return this.#closed;
  }

  do(step: Step): void {
    if (this.#closed) return;
    if (this.#busy) {
      this.#waiting.push(step);
      return;
    }
    const pending = step();
    if (pending !== undefined) void this.#continue(pending);
  }

  /** Fulfils when all that was given so far is done, or will not be done any more. */
  settled(): Promise<void> {
    if (this.#closed || !this.#busy) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onSettled.add(resolve);
      this.do(() => {
        this.#onSettled.delete(resolve);
        resolve();
      });
    });
  }

  /** Does nothing more. A step that has begun is to look at {@link closed} before it goes on. */
  close(): void {
    this.#closed = true;
    while (this.#waiting.shift() !== undefined);
    for (const resolve of this.#onSettled) resolve();
    this.#onSettled.clear();
  }

  async #continue(pending: Promise<void>): Promise<void> {
    this.#busy = true;
    await pending;
    for (let step = this.#waiting.shift(); step !== undefined; step = this.#waiting.shift()) {
      const next = step();
      if (next !== undefined) await next;
    }
    this.#busy = false;
  }
}
