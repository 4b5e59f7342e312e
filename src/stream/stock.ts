import type { Arguments } from './arguments.ts';
import type { Log } from './log.ts';
import { isLonger } from '../size.ts';

/** Limits on what a publisher keeps. */
export interface StockOptions {
  /** How many characters its events may have. Those that are only history may have as many again. */
  readonly size: number;
  /** How many events of each name are kept for future subscribers, in addition to those that subscribers lack. */
  readonly history: number;
}

/**
 * The events that a publisher keeps, counted by state: those that wait to be sent, those under way, and those that
 * every subscriber has, which are history.
 */
export class Stock {
  readonly #logs: readonly Log[];
  readonly #options: StockOptions;
  /** The number of events that wait to be sent. */
  waiting = 0;
  /** The number of events that were sent, but not acknowledged by all subscribers. */
  underWay = 0;
  /** The number of dropped events that some subscriber has yet to learn of. */
  gone = 0;
  /** The number of characters of the events under way. */
  sizeUnderWay = 0;
  /** The number of characters of the events under way or waiting. */
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

  /** The number of all kept events, history included. */
  get kept(): number {
    return this.#logs.reduce((kept, { length }) => kept + length, 0);
  }

  /** Adds a new event, which waits to be sent. The log's policy may drop others for it, or the new event itself. */
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
    // Those before were dropped earlier.
    for (let n = log.last - keep; n > log.sent && !log.isDropped(n); n -= 1) this.#drop(log, n);
    return true;
  }

  /** Drops events with more bytes than can be sent. They would keep all later events from arriving. */
  dropLarge(log: Log, largest: number): void {
    for (let n = log.first; n <= log.last; n += 1) {
      if (log.size(n) * 3 > largest && isLonger(log.text(n) ?? '', largest)) this.#drop(log, n);
    }
  }

  /** Drops a kept event: it will not be sent, or not again. Subscribers learn of that. */
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

  /** Counts the next event of a log as sent, or skips it if it was dropped. */
  send(log: Log, isDropped: boolean): void {
    log.send();
    if (isDropped) return;
    this.waiting -= 1;
    this.underWay += 1;
    this.sizeUnderWay += log.size(log.sent);
  }

  /**
   * Releases the events that every subscriber has. Only the history of them is kept.
   * @param acked - the number over all events up to which subscribers have them
   * @param keptAfter - events that were sent after this number are kept as well
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
   * Removes the oldest eighth of the history of all logs, so that large events are not kept at the cost of others. An
   * eighth at a time, because there may be thousands of logs to look at.
   */
  #shorten(): void {
    const logs = this.#logs.filter((log) => log.first <= log.released);
    const oldest = logs.reduce((least, log) => Math.min(least, log.g(log.first)), Infinity);
    const newest = logs.reduce((most, log) => Math.max(most, log.g(log.released)), 0);
    const last = oldest + (newest - oldest) / 8;
    for (const log of logs) while (log.first <= log.released && log.g(log.first) <= last) this.#trim(log);
  }
}
