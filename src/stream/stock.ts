import { type Arguments, WIDEST } from './arguments.ts';
import type { Log } from './log.ts';
import { isLonger } from '../size.ts';

/** How much a publisher keeps. */
export interface StockOptions {
  /** How many characters the events may have; those that are only history may have as many again. */
  readonly size: number;
  /** How many events of each name are kept for future subscribers, beyond those that subscribers lack. */
  readonly history: number;
}

/**
 * The events that a publisher keeps: those that wait to be sent, those under way, and the history, which every
 * subscriber has. Each of these is counted separately.
 */
export class Stock {
  readonly #logs: readonly Log[];
  readonly #options: StockOptions;
  /** How many events wait to be sent. */
  waiting = 0;
  /** How many events were sent to subscribers and not acknowledged by all of them. */
  underWay = 0;
  /** How many events were dropped of which some subscriber has yet to be told. */
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

  /** How many events are kept for subscribers: under way or waiting. */
  get pending(): number {
    return this.underWay + this.waiting;
  }

  /** How many events are kept at all, history included. */
  get kept(): number {
    return this.#logs.reduce((kept, { length }) => kept + length, 0);
  }

  /** Adds a new event, which waits to be sent. Under the log's policy, others are dropped for it, or it is itself. */
  add(log: Log, args: Arguments, size: number, g: number, trace: string | undefined): void {
    if (log.policy === 'block' || this.#makeRoom(log)) {
      log.append(args, size, g, trace);
      this.size += size;
      this.waiting += 1;
      log.waiting += 1;
    } else {
      log.append(undefined, 0, g);
      log.dropped += 1;
      this.gone += 1;
    }
  }

  #makeRoom(log: Log): boolean {
    if (log.waiting < log.limit) return true;
    if (log.policy === 'drop-newest') return false;
    const keep = log.policy === 'latest' ? 0 : log.limit - 1;
    // What comes before a dropped event was dropped earlier.
    for (let n = log.last - keep; n > log.sent && !log.isDropped(n); n -= 1) this.#drop(log, n);
    return true;
  }

  /** Drops events that have more bytes than can be sent now: they would keep all later ones from being delivered. */
  dropLarge(log: Log, largest: number): void {
    for (let n = log.first; n <= log.last; n += 1) {
      if (log.size(n) * WIDEST > largest && isLonger(log.text(n) ?? '', largest)) this.#drop(log, n);
    }
  }

  /** Drops the events that were sent: they will not be repeated. */
  dropSent(log: Log): void {
    for (let n = log.first; n <= log.sent; n += 1) if (!log.isDropped(n)) this.#drop(log, n);
  }

  /** Drops an event that is kept: it will not be sent, or not again. Subscribers are told. */
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
      log.waiting -= 1;
    } else {
      this.underWay -= 1;
      this.sizeUnderWay -= size;
    }
  }

  /** The next event of a log is sent, or only passed over if it was dropped. */
  send(log: Log, isDropped: boolean): void {
    log.send();
    if (isDropped) return;
    this.waiting -= 1;
    log.waiting -= 1;
    this.underWay += 1;
    this.sizeUnderWay += log.size(log.sent);
  }

  /**
   * Lets go of what every subscriber has, except for the history.
   * @param acked - how far all of them have the events, as a number over all events
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
   * Lets go of the oldest eighth of all history, so that large events are not kept in place of others. A part at a
   * time, because there may be thousands of logs to look at.
   */
  #shorten(): void {
    const logs = this.#logs.filter((log) => log.first <= log.released);
    const oldest = logs.reduce((least, log) => Math.min(least, log.g(log.first)), Infinity);
    const newest = logs.reduce((most, log) => Math.max(most, log.g(log.released)), 0);
    const last = oldest + (newest - oldest) / 8;
    for (const log of logs) while (log.first <= log.released && log.g(log.first) <= last) this.#trim(log);
  }
}
