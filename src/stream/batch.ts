import type { Arguments } from './arguments.ts';
import { addPredecessors } from './audience.ts';
import type { Log } from './log.ts';
import { LoggedEvents } from './logged-events.ts';

/**
 * Consecutive events of one name that leave together. Until then, they stay in their log, which neither trims nor drops
 * them. Afterwards, the log keeps the batch if the batch knows more about them.
 */
export class Batch {
  readonly log: Log;
  /** The number of its first event, and of the one after its last. */
  readonly n: number;
  next: number;
  /** How many characters its events have. */
  characters = 0;
  /** What has to be delivered before its events. */
  after: Map<string, number> | undefined;
  // The arguments of each event, until the batch leaves.
  #args: Arguments[] = [];
  // Whether none of the arguments are JSON yet.
  #isPlain = true;
  // The arguments of all events as one JSON list, if it is known where those of each event begin. A text for each event
  // would take a fifth of the time of publishing, and only events that are repeated or stored need one.
  #list: string | undefined;
  // The number of the event after the one whose text was cut out last, and where that text ended. Mostly, the text of
  // that next event is wanted next.
  #cutNext = 0;
  #cutEnd = 0;

  constructor(log: Log, n: number) {
    this.log = log;
    this.n = n;
    this.next = n;
  }

  /** Adds the next event. */
  add(args: Arguments): void {
    this.characters += this.log.size(this.next);
    if (typeof args === 'string') this.#isPlain = false;
    this.#args.push(args);
    this.after = addPredecessors(this.log, this.after);
    this.next += 1;
  }

  /** Makes JSON of all arguments, and returns what leaves. */
  seal(publisher: string): LoggedEvents {
    const { log, n, next } = this;
    const list = this.#isPlain && next - n > 1 ? JSON.stringify(this.#args) : '';
    // The list has this length if nothing had to be escaped.
    if (list.length === this.characters + next - n + 1) this.#list = list;
    else for (let at = n; at < next; at += 1) log.seal(at, this.text(at));
    this.#args = [];
    if (this.#list !== undefined || this.after !== undefined) log.keep(this);
    return new LoggedEvents(log, publisher, n, next, this.after, this.#list);
  }

  /** The arguments of an event as JSON, if its log does not have that itself. */
  text(n: number): string {
    const list = this.#list;
    if (list === undefined) {
      const args = this.#args[n - this.n] as Arguments;
      return typeof args === 'string' ? args : JSON.stringify(args);
    }
    if (n !== this.#cutNext) {
      // Counted from the end, because the log may have trimmed the first events.
      this.#cutEnd = list.length - 1;
      for (let at = n; at < this.next; at += 1) this.#cutEnd -= this.log.size(at) + 1;
    }
    const start = this.#cutEnd + 1;
    this.#cutNext = n + 1;
    this.#cutEnd = start + this.log.size(n);
    return list.slice(start, this.#cutEnd);
  }
}
