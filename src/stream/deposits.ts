import type { Gone } from '../wire/control.ts';
import { STORE } from '../wire/names.ts';
import type { Subscriber } from './audience.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import { Replay } from './replay.ts';
import { isLonger } from '../size.ts';

/**
 * Has a store keep events.
 * @param id - the same if the same events are deposited again
 * @returns whether they are kept; if not, they are deposited again. Does not reject
 */
export type MakeDeposit = (id: string, packs: readonly string[], gone: readonly Gone[]) => Promise<boolean>;

/** What is on its way to the store. */
interface Deposit {
  readonly id: string;
  readonly packs: readonly string[];
  readonly gone: readonly Gone[];
  /** The last event of each name in it. */
  readonly ends: ReadonlyMap<Log, number>;
  /** For each event that is left out because the store has no room for it, its log. */
  readonly refused: readonly Log[];
}

/** How many events, and about how many characters, go into one deposit at most. */
const MOST_EVENTS = 1_024;
const MOST_CHARACTERS = 65_536;
/** How long, in milliseconds, to wait before something is deposited again, at first and at most. */
const FIRST_DELAY = 50;
const LAST_DELAY = 1_000;

/**
 * Brings to a store what it is to keep, in the publisher's order over all of these events. Deposits are made one after
 * the other, each of what has come meanwhile, so that no failure can change the order of what is kept.
 */
export class Deposits {
  readonly #publisher: string;
  readonly #clock: Clock;
  readonly #make: MakeDeposit;
  /** The subscriber for which the outbox keeps events until they are in the store. */
  readonly subscriber: Subscriber;
  // The last event of each name that is in the store.
  readonly #kept = new Map<Log, number>();
  /** How many bytes of UTF-8 the arguments of an event may have in the store. */
  largest: number = Infinity;
  /** Called when more is kept, or is to be, than before; with the log of each event that was too large to be kept. */
  onProgress: ((refused: readonly Log[]) => void) | undefined;
  #isOpen = false;
  /**
   * Whether the store may want more than is known here. If so, events are not let go of because the broker has them;
   * {@link onHeld} is called instead.
   */
  isUnsure = false;
  onHeld: (() => void) | undefined;
  #held = 0;
  #deposit: Deposit | undefined;
  #delay = FIRST_DELAY;
  #cancelRetry: (() => void) | undefined;

  constructor(publisher: string, clock: Clock, make: MakeDeposit) {
    this.#publisher = publisher;
    this.#clock = clock;
    this.#make = make;
    const never = { unsureSince: undefined, hasBroken: false, patience: 0, since: 0, repeatedAt: 0 };
    this.subscriber = { id: STORE, logs: [], acked: 0, ...never };
  }

  /** Whether nothing is to be kept. */
  get isIdle(): boolean {
    return this.#kept.size === 0;
  }

  /** Whether events of a log are to be kept. */
  has(log: Log): boolean {
    return this.#kept.has(log);
  }

  /**
   * How many events are not in the store yet.
   * @param pending - how many may have to go there, while it is not known which
   */
  lacking(pending: number): number {
    if (this.#held > 0) return pending;
    let count = 0;
    for (const [log, kept] of this.#kept) count += log.last - kept;
    return count;
  }

  /** Keeps the events of these logs, too. @param after - a number over all events: those after it are kept */
  keep(logs: readonly Log[], after: number): void {
    if (logs.length === 0) return;
    for (const log of logs) {
      if (this.#kept.has(log)) continue;
      this.#kept.set(log, log.firstAfter(after) - 1);
      log.subscribers.add(this.subscriber);
    }
    this.subscriber.logs = [...this.#kept.keys()];
    this.onProgress?.([]);
  }

  /** Returns the number over all events up to which everything is in the store. @param last - that of the last event */
  keptUpTo(last: number): number {
    let g = last;
    for (const [log, kept] of this.#kept) if (kept < log.last) g = Math.min(g, log.g(kept + 1) - 1);
    return g;
  }

  /** The number over all events up to which the broker has the events that are held back; 0 if none are. */
  get held(): number {
    return this.#held;
  }

  /** The broker has everything up to `g`. @returns whether that does not count yet */
  holdsBack(g: number): boolean {
    if (!this.isUnsure) return false;
    this.#held = Math.max(this.#held, g);
    this.onHeld?.();
    return true;
  }

  /** It is known what the store wanted when the broker had everything up to `g`. */
  letGo(g: number): void {
    if (this.#held <= g) this.#held = 0;
  }

  /** There is a way to the store: what was on its way may have been lost. */
  open(): void {
    this.#isOpen = true;
    // The store may accept less than before.
    if (this.#deposit !== undefined && this.#isTooLong(this.#deposit)) this.#deposit = undefined;
    if (this.#deposit !== undefined) void this.#send(this.#deposit);
  }

  pause(): void {
    this.#isOpen = false;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
  }

  /** Brings what was sent and is not in the store, if nothing is on its way. */
  pump(): void {
    if (!this.#isOpen || this.#deposit !== undefined) return;
    this.#deposit = this.#gather();
    if (this.#deposit !== undefined) void this.#send(this.#deposit);
  }

  async #send(deposit: Deposit): Promise<void> {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    const { id, packs, gone, ends, refused } = deposit;
    const isKept = await this.#make(id, packs, gone);
    // The deposit may have been sent again meanwhile, and may have been answered the second time first.
    if (this.#deposit !== deposit) return;
    if (!isKept) {
      this.#retry(deposit);
      return;
    }
    this.#deposit = undefined;
    this.#delay = FIRST_DELAY;
    for (const [log, n] of ends) this.#kept.set(log, n);
    this.onProgress?.(refused);
  }

  #retry(deposit: Deposit): void {
    if (!this.#isOpen || this.#cancelRetry !== undefined) return;
    this.#cancelRetry = this.#clock.after(this.#delay, () => void this.#send(deposit));
    this.#delay = Math.min(this.#delay * 2, LAST_DELAY);
  }

  /** @returns the next deposit; undefined if there is nothing to deposit */
  #gather(): Deposit | undefined {
    for (let most = MOST_EVENTS; ; most >>= 1) {
      const deposit = this.#gatherUpTo(most);
      // Names and traces may take more than the events themselves.
      if (most === 1 || deposit === undefined || !this.#isTooLong(deposit)) return deposit;
    }
  }

  /** Whether a deposit has more bytes than the largest event, for which the store has room. */
  #isTooLong({ packs, gone }: Deposit): boolean {
    return isLonger(packs.join() + JSON.stringify(gone), this.largest);
  }

  #gatherUpTo(mostEvents: number): Deposit | undefined {
    const ends = new Map<Log, number>();
    const packs: string[] = [];
    const gone: Gone[] = [];
    const refused: Log[] = [];
    const add = (morePacks: readonly string[], moreGone: readonly Gone[]): void => {
      packs.push(...morePacks);
      gone.push(...moreGone);
    };
    const replay = new Replay(this.#publisher, add, true);
    // A unit of a text takes three bytes at most.
    const most = Math.min(MOST_CHARACTERS, this.largest / 3);
    let first: number | undefined;
    let characters = 0;
    for (let count = 0; count < mostEvents; count += 1) {
      const log = this.#next(ends);
      if (log === undefined) break;
      const n = this.#lastOf(log, ends) + 1;
      const text = log.text(n) ?? '';
      if (count > 0 && characters + text.length > most) break;
      if (isLonger(text, this.largest)) {
        // It was published before the limit was known, and has to be missed.
        replay.addGone([log.event, n, n, log.g(n)]);
        refused.push(log);
      } else {
        replay.add(log, n);
      }
      characters += text.length;
      first ??= log.g(n);
      ends.set(log, n);
    }
    if (first === undefined) return undefined;
    replay.flush();
    return { id: `${this.#publisher}:${first}`, packs, gone, ends, refused };
  }

  /** Returns the log of the next event that was sent, in the publisher's order. */
  #next(ends: ReadonlyMap<Log, number>): Log | undefined {
    let next: Log | undefined;
    let least = Infinity;
    for (const log of this.#kept.keys()) {
      const n = this.#lastOf(log, ends) + 1;
      if (n > log.sent || log.g(n) >= least) continue;
      next = log;
      least = log.g(n);
    }
    return next;
  }

  #lastOf(log: Log, ends: ReadonlyMap<Log, number>): number {
    return ends.get(log) ?? (this.#kept.get(log) as number);
  }
}
