import type { Arguments } from './arguments.ts';
import type { Log } from './log.ts';
import { isLonger } from '../size.ts';

/** How much a publisher keeps. */
export interface StockOptions {
  /** How many characters its events may have; and besides, those that are only history. */
  readonly size: number;
  /** How many events of each name are kept beyond those that subscribers lack, for subscribers to come. */
  readonly history: number;
}

/**
 * What a publisher keeps of its events: what waits to be sent, what is under way, and what every subscriber has, which is
 * history. All of it is counted by where it is.
 */
export class Stock {
  readonly #logs: readonly Log[];
  readonly #options: StockOptions;
  /** Events that wait to be sent. */
  waiting = 0;
  /** Events that were sent to subscribers and not acknowledged by all of them. */
  underWay = 0;
  /** Events that were dropped, and of which somebody is still to be told. */
  gone = 0;
  /** The characters of the events that are under way. */
  sizeUnderWay = 0;
  /** The characters of those, and of the events that wait. */
  size = 0;
  #historySize = 0;

  constructor(logs: Iterable<Log>, options: StockOptions) {
    this.#logs = [...logs];
    this.#options = options;
  }

  /** How many events are kept for subscribers: under way or waiting. */
  get pending(): number {
    return this.underWay + this.waiting;
  }

  /** How many events are kept at all, history included. */
  get kept(): number {
    return this.#logs.reduce((kept, { length }) => kept + length, 0);
  }

  /** A new event waits to be sent. Under the log's policy, others are dropped for it, or it is itself. */
  add(log: Log, args: Arguments, size: number, g: number, trace: string | undefined): void {
    if (log.policy === 'block' || this.#makeRoom(log)) {
      log.append(args, size, g, trace);
      this.size += size;
      this.waiting += 1;
    } else {
      log.append(undefined, 0, g);
      log.dropped += 1;
      this.gone += 1;
    }
  }

  #makeRoom(log: Log): boolean {
    if (log.last - log.sent < log.limit) return true;
    if (log.policy === 'drop-newest') return false;
    const keep = log.policy === 'latest' ? 0 : log.limit - 1;
    // What comes before was dropped earlier.
    for (let n = log.last - keep; n > log.sent && !log.isDropped(n); n -= 1) this.#drop(log, n);
    return true;
  }

  /** Gives up what has more bytes than there is a way for, which would keep all that follows from getting there. */
  dropLarge(log: Log, largest: number): void {
    for (let n = log.first; n <= log.last; n += 1) {
      if (log.size(n) * 3 > largest && isLonger(log.text(n) ?? '', largest)) this.#drop(log, n);
    }
  }

  /** An event that is kept will not be sent, or not again, which subscribers are told. */
  #drop(log: Log, n: number): void {
    const size = log.size(n);
    log.drop(n);
    if (n <= log.released) {
      this.#historySize -= size;
      return;
    }
    log.dropped += 1;
    this.gone += 1;
    this.size -= size;
    if (n > log.sent) {
      this.waiting -= 1;
    } else {
      this.underWay -= 1;
      this.sizeUnderWay -= size;
    }
  }

  /** The next event of a log is sent; or only passed over, if it was dropped. */
  send(log: Log, isDropped: boolean): void {
    log.send();
    if (isDropped) return;
    this.waiting -= 1;
    this.underWay += 1;
    this.sizeUnderWay += log.size(log.sent);
  }

  /**
   * Lets go of what every subscriber has, but for the history.
   * @param acked - what they have, as a number over all events
   * @param keptAfter - what was sent after this number is kept besides
   */
  release(log: Log, acked: number, keptAfter: number): void {
    while (log.released < log.sent) {
      const n = log.released + 1;
      if (log.g(n) > acked) break;
      log.released = n;
      if (log.isDropped(n)) {
        this.gone -= 1;
        continue;
      }
      this.underWay -= 1;
      const size = log.size(n);
      this.sizeUnderWay -= size;
      this.size -= size;
      this.#historySize += size;
    }
    while (
      log.first <= log.released &&
      log.released - log.first >= this.#options.history &&
      log.g(log.first) <= keptAfter
    ) {
      this.#trim(log);
    }
    while (this.#historySize > this.#options.size) this.#shorten();
  }

  #trim(log: Log): void {
    if (!log.isDropped(log.first)) this.#historySize -= log.size(log.first);
    log.trim();
  }

  /**
   * Lets go of an eighth of all history, the oldest: what is large is not kept in the place of others. Of a part, as there
   * may be thousands of logs to look at.
   */
  #shorten(): void {
    const logs = this.#logs.filter((log) => log.first <= log.released);
    const oldest = logs.reduce((least, log) => Math.min(least, log.g(log.first)), Infinity);
    const newest = logs.reduce((most, log) => Math.max(most, log.g(log.released)), 0);
    const last = oldest + (newest - oldest) / 8;
    for (const log of logs) while (log.first <= log.released && log.g(log.first) <= last) this.#trim(log);
  }
}
