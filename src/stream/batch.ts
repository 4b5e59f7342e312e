import type { After, EventBatch, EventHead } from '../wire/pack.ts';
import type { Arguments } from './arguments.ts';
import type { Log } from './log.ts';

/** Events of one name that follow each other and go out together. */
export class Batch implements EventBatch {
  readonly head: EventHead;
  readonly publisher: string;
  readonly n: number;
  readonly gs: number[] = [];
  readonly afters: (After | undefined)[] = [];
  readonly texts: string[] = [];
  list: string | undefined;
  traces: (string | undefined)[] | undefined;
  /** How many characters its events have. */
  characters = 0;
  readonly #log: Log;
  readonly #args: Arguments[] = [];
  // Kept here as well: what nobody needs any more may not be in the log at the end of the turn.
  readonly #sizes: number[] = [];
  // Whether all arguments are as they are.
  #isPlain = true;

  /** @param n - the number of its first event */
  constructor(log: Log, publisher: string, n: number) {
    this.#log = log;
    this.head = log.head;
    this.publisher = publisher;
    this.n = n;
  }

  /** The number of the event that may come next. */
  get next(): number {
    return this.n + this.gs.length;
  }

  /** Adds that event, which the log has. */
  add(): void {
    const { next } = this;
    const log = this.#log;
    const args = log.args(next) as Arguments;
    const trace = log.trace(next);
    if (trace !== undefined) (this.traces ??= [])[this.gs.length] = trace;
    if (typeof args === 'string') this.#isPlain = false;
    this.#args.push(args);
    this.gs.push(log.g(next));
    this.afters.push(log.after(next));
    this.#sizes.push(log.size(next));
    this.characters += log.size(next);
  }

  /** Makes JSON of all arguments, which the log keeps from now on. */
  seal(): EventBatch {
    if (!this.#isPlain || this.#args.length === 1 || !this.#sealAtOnce()) {
      for (const args of this.#args) this.#seal(typeof args === 'string' ? args : JSON.stringify(args));
    }
    return this;
  }

  /** @returns whether it was known where the arguments of each event begin, as nothing had to be escaped */
  #sealAtOnce(): boolean {
    const list = JSON.stringify(this.#args);
    let end = 0;
    if (list.length !== this.characters + this.#args.length + 1) return false;
    this.list = list;
    for (const size of this.#sizes) {
      const start = end + 1;
      end = start + size;
      this.#seal(list.slice(start, end));
    }
    return true;
  }

  #seal(text: string): void {
    this.#log.seal(this.n + this.texts.length, text);
    this.texts.push(text);
  }
}
