import type { Arguments } from './arguments.ts';
import type { Log } from './log.ts';
import { isLonger } from '../size.ts';

/** How much a publisher keeps. */
export interface StockOptions {
  /** The number of characters that its events may have; the same again for those that are only history. */
  readonly size: number;
  /** The number of events of each name that are kept beyond those that subscribers lack, for later subscribers. */
  readonly history: number;
}

/**
 * The events that a publisher keeps: those that wait to be sent, those that are under way, and those that every
 * subscriber has, which are history. Each kind is counted.
 */
export class Stock {
  readonly #logs: readonly Log[];
  readonly #options: StockOptions;
  /** Events that wait to be sent. */
  waiting = 0;
  /** Events that were sent and that some subscriber has yet to acknowledge. */
  underWay = 0;
  /** Events that were dropped, and that some subscriber has yet to be told of. */
  gone = 0;
  /** The characters of the events that are under way. */
  sizeUnderWay = 0;
  /** The characters of the events that are under way or wait. */
  size = 0;
  #historySize = 0;

  constructor(logs: Iterable<Log>, options: StockOptions) {
    this.#logs = [...logs];
    this.#options = options;
  }

  /** The number of events that are kept for subscribers: under way or waiting. */
  get pending(): number {
    return this.underWay + this.waiting;
  }

  /** The number of events that are kept at all, including history. */
  get kept(): number {
    return this.#logs.reduce((kept, { length }) => kept + length, 0);
  }

  /** Adds an event that waits to be sent. Under the policy of the log, others may be dropped for it, or the event itself. */
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
    // Earlier ones were dropped before.
    for (let n = log.last - keep; n > log.sent && !log.isDropped(n); n -= 1) this.#drop(log, n);
    return true;
  }

  /** Drops events that are too large for the bus: everything behind them would wait for them. */
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

  /** Counts the next event of a log as sent, or as passed over if it was dropped. */
  send(log: Log, isDropped: boolean): void {
    log.send();
    if (isDropped) return;
    this.waiting -= 1;
    this.underWay += 1;
    this.sizeUnderWay += log.size(log.sent);
  }

  /**
   * Releases what every subscriber has, except the history.
   * @param acked - how far all subscribers are, as a number over all events
   * @param keptAfter - events after this number are kept as well
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
   * Removes the oldest eighth of all history, so that large events do not take the place of others. It is an eighth at a
   * time because there may be thousands of logs to look at.
   */
  #shorten(): void {
    const logs = this.#logs.filter((log) => log.first <= log.released);
    const oldest = logs.reduce((least, log) => Math.min(least, log.g(log.first)), Infinity);
    const newest = logs.reduce((most, log) => Math.max(most, log.g(log.released)), 0);
    const last = oldest + (newest - oldest) / 8;
    for (const log of logs) while (log.first <= log.released && log.g(log.first) <= last) this.#trim(log);
  }
}
