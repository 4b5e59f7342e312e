import type { After, EventBatch } from '../wire/pack.ts';
import type { Arguments } from './arguments.ts';
import type { Log } from './log.ts';

/**
 * Events of one name that follow each other and go out together. Until then they stay in their log, which neither lets go
 * of them nor drops them before.
 */
export class Batch {
  readonly log: Log;
  /** The number of its first event, and of the one that may come next. */
  readonly n: number;
  next: number;
  /** How many characters its events have. */
  characters = 0;
  readonly #publisher: string;

  constructor(log: Log, publisher: string, n: number) {
    this.log = log;
    this.#publisher = publisher;
    this.n = n;
    this.next = n;
  }

  get length(): number {
    return this.next - this.n;
  }

  /** Adds the next event. */
  add(): void {
    this.characters += this.log.size(this.next);
    this.next += 1;
  }

  /** Makes JSON of all arguments, which the log keeps from now on. */
  seal(): EventBatch {
    const { log, n, next } = this;
    const all: Arguments[] = [];
    const gs: number[] = [];
    const afters: (After | undefined)[] = [];
    let traces: (string | undefined)[] | undefined;
    let isPlain = this.length > 1;
    for (let at = n; at < next; at += 1) {
      const args = log.args(at) as Arguments;
      if (typeof args === 'string') isPlain = false;
      all.push(args);
      gs.push(log.g(at));
      afters.push(log.after(at));
      const trace = log.trace(at);
      if (trace !== undefined) (traces ??= [])[at - n] = trace;
    }
    const list = isPlain ? JSON.stringify(all) : '';
    const texts = this.#textsIn(list) ?? all.map((args) => (typeof args === 'string' ? args : JSON.stringify(args)));
    for (let at = n; at < next; at += 1) log.seal(at, texts[at - n] as string);
    return { head: log.head, publisher: this.#publisher, n, gs, afters, texts, list: list || undefined, traces };
  }

  /** The JSON of each event; undefined if it is not known where it begins, as something had to be escaped. */
  #textsIn(list: string): string[] | undefined {
    if (list.length !== this.characters + this.length + 1) return undefined;
    const texts: string[] = [];
    let end = 0;
    for (let at = this.n; at < this.next; at += 1) {
      const start = end + 1;
      end = start + this.log.size(at);
      texts.push(list.slice(start, end));
    }
    return texts;
  }
}
