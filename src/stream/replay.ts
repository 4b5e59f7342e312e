import type { Gone } from '../wire/control.ts';
import { encodePack } from '../wire/pack.ts';
import type { Log } from './log.ts';
import { LoggedEvents } from './logged-events.ts';

/** About how many characters of events go into one message. */
const MOST_CHARACTERS = 65_536;
/**
 * How many events, of a thousand characters each, one nak is answered with at most. With more, the subscriber would ask
 * again for events that are still being sent, and so on without end.
 */
const MOST_EVENTS = 2_000;

/** Gathers events that are repeated for a subscriber, or go into a store, into messages. */
export class Replay {
  readonly #publisher: string;
  readonly #send: (packs: readonly string[], gone: readonly Gone[]) => void;
  readonly #isInOrder: boolean;
  // Consecutive events of a log: from number `#n` to the one before `#next`.
  #log: Log | undefined;
  #n = 0;
  #next = 0;
  #packs: string[] = [];
  #gone: Gone[] = [];
  #characters = 0;
  #left = MOST_EVENTS;

  /** @param isInOrder - whether events are read in the order in which they are added, whatever they say in `after` */
  constructor(
    publisher: string,
    send: (packs: readonly string[], gone: readonly Gone[]) => void,
    isInOrder: boolean = false,
  ) {
    this.#publisher = publisher;
    this.#send = send;
    this.#isInOrder = isInOrder;
  }

  /** Adds events of a log, as far as they were sent and there is room. */
  addRange(log: Log, from: number, to: number): void {
    const last = Math.min(to, log.sent);
    if (from < log.first) this.addGone([log.event, from, Math.min(last, log.first - 1), log.trimmedG]);
    for (let n = Math.max(from, log.first); n <= last && this.#left > 0; n += 1) {
      this.add(log, n);
      if (!log.isDropped(n)) this.#left -= 1 + (log.size(n) >> 10);
    }
  }

  /** Adds an event that is kept, or was dropped under its policy. */
  add(log: Log, n: number): void {
    const { event } = log;
    if (log.isDropped(n)) {
      this.addGone([event, n, n, log.g(n)]);
      return;
    }
    if (this.#log !== log || this.#next !== n) {
      this.#pack();
      this.#log = log;
      this.#n = n;
    }
    this.#next = n + 1;
    this.#characters += log.size(n);
    if (this.#characters >= MOST_CHARACTERS) this.flush();
  }

  addGone([event, from, to, g]: Gone): void {
    const before = this.#gone.at(-1);
    // Events that were dropped are mostly consecutive.
    const isNext = before?.[0] === event && before[2] === from - 1;
    if (isNext) this.#gone[this.#gone.length - 1] = [event, before[1], to, g];
    else this.#gone.push([event, from, to, g]);
  }

  flush(): void {
    this.#pack();
    if (this.#packs.length + this.#gone.length > 0) this.#send(this.#packs, this.#gone);
    this.#packs = [];
    this.#gone = [];
    this.#characters = 0;
  }

  #pack(): void {
    const log = this.#log;
    if (log === undefined) return;
    const after = this.#isInOrder ? undefined : log.after(this.#n, this.#next);
    this.#packs.push(encodePack(new LoggedEvents(log, this.#publisher, this.#n, this.#next, after)));
    this.#log = undefined;
  }
}
