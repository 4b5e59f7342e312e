import type { After, EventBatch, EventHead } from '../wire/pack.ts';
import type { Log } from './log.ts';

/** Consecutive events of a log, as they leave. */
export class LoggedEvents implements EventBatch {
  readonly head: EventHead;
  readonly publisher: string;
  readonly n: number;
  readonly gs: number[] = [];
  readonly after: After | undefined;
  readonly list: string | undefined;
  readonly traces: (string | undefined)[] | undefined;
  readonly #log: Log;

  /**
   * @param next - the number of the event after the last one
   * @param after - what has to be delivered before them
   * @param list - the arguments of all events as one list, if there is one already
   */
  constructor(log: Log, publisher: string, n: number, next: number, after: After | undefined, list?: string) {
    let traces: (string | undefined)[] | undefined;
    for (let at = n; at < next; at += 1) {
      this.gs.push(log.g(at));
      const trace = log.trace(at);
      if (trace !== undefined) (traces ??= [])[at - n] = trace;
    }
    this.head = log.head;
    this.publisher = publisher;
    this.n = n;
    this.after = after;
    this.list = list;
    this.traces = traces;
    this.#log = log;
  }

  get texts(): string[] {
    return this.gs.map((_, index) => this.#log.text(this.n + index) as string);
  }
}
