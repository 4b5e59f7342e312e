import { Fifo } from '../queue/fifo.ts';

/** The unfinished work of listeners that have returned: promises, and calls of slots. */
export class Work {
  // By number.
  readonly #open = new Set<number>();
  // Up to this number, all have ended.
  #ended = 0;
  readonly #waiting = new Fifo<{ readonly last: number; readonly say: () => void }>();
  #last = 0;

  /** @param returned - by a listener */
  add(returned: unknown): void {
    const work = returned as (PromiseLike<unknown> & { [Symbol.toStringTag]?: string }) | null | undefined;
    if (typeof work?.then !== 'function') return;
    this.#last += 1;
    const number = this.#last;
    this.#open.add(number);
    const end = (): void => this.#end(number);
    // A loop reports what its slots throw, even if somebody waits for them. Other rejections stay unhandled. Calls are
    // recognized by their tag: code that publishes and subscribes need not have event loops.
    if (work[Symbol.toStringTag] === 'SlotCall') void work.then(end, end);
    else void Promise.resolve(work).finally(end);
  }

  /** Calls back when all that was begun so far has ended. */
  afterwards(say: () => void): void {
    if (this.#open.size === 0) say();
    else this.#waiting.push({ last: this.#last, say });
  }

  #end(number: number): void {
    this.#open.delete(number);
    while (this.#ended < this.#last && !this.#open.has(this.#ended + 1)) this.#ended += 1;
    for (let next = this.#waiting.at(0); next !== undefined && next.last <= this.#ended; next = this.#waiting.at(0)) {
      this.#waiting.shift();
      next.say();
    }
  }
}
