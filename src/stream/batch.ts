import type { After } from '../wire/pack.ts';
import type { Arguments } from './arguments.ts';
import type { Log } from './log.ts';
import { LoggedEvents } from './logged-events.ts';

/**
 * Events of one name that follow each other and leave together. Until they leave, their log neither trims nor drops them.
 * Afterwards, the log keeps the batch for what it knows of them.
 */
export class Batch {
  readonly log: Log;
  /** The number of its first event, and of the one behind its last. */
  readonly n: number;
  next: number;
  /** How many characters its events have. */
  characters = 0;
  // Until they leave.
  #args: Arguments[] = [];
  // Whether all of them are as they are.
  #isPlain = true;
  // The predecessors of each event; usually there are none.
  #afters: (After | undefined)[] | undefined;
  // The JSON of all arguments, if the sizes of the events divide it. A text for each event would take a fifth of the time
  // of publishing, and only replays need one.
  #list: string | undefined;
  // Where the text ended that was cut out last: usually the one behind it is wanted next.
  #cutNext = 0;
  #cutEnd = 0;

  constructor(log: Log, n: number) {
    this.log = log;
    this.n = n;
    this.next = n;
  }

  /** Adds the next event. */
  add(args: Arguments, after: After | undefined): void {
    this.characters += this.log.size(this.next);
    if (typeof args === 'string') this.#isPlain = false;
    this.#args.push(args);
    if (after !== undefined) (this.#afters ??= [])[this.next - this.n] = after;
    this.next += 1;
  }

  /** Makes JSON of all arguments, and returns what leaves. */
  seal(publisher: string): LoggedEvents {
    const { log, n, next } = this;
    const list = this.#isPlain && next - n > 1 ? JSON.stringify(this.#args) : '';
    // It has the expected length if nothing had to be escaped.
    if (list.length === this.characters + next - n + 1) this.#list = list;
    else for (let at = n; at < next; at += 1) log.seal(at, this.text(at));
    this.#args = [];
    if (this.#list !== undefined || this.#afters !== undefined) log.keep(this);
    return new LoggedEvents(log, publisher, n, next, this.#afters ?? [], this.#list);
  }

  /** Returns the arguments of an event as JSON, if its log has no text of them. */
  text(n: number): string {
    const list = this.#list;
    if (list === undefined) {
      const args = this.#args[n - this.n] as Arguments;
      return typeof args === 'string' ? args : JSON.stringify(args);
    }
    if (n !== this.#cutNext) {
      // From the end, because the log may have trimmed the first ones.
      this.#cutEnd = list.length - 1;
      for (let at = n; at < this.next; at += 1) this.#cutEnd -= this.log.size(at) + 1;
    }
    const start = this.#cutEnd + 1;
    this.#cutNext = n + 1;
    this.#cutEnd = start + this.log.size(n);
    return list.slice(start, this.#cutEnd);
  }

  after(n: number): After | undefined {
    return this.#afters?.[n - this.n];
  }
}
