import type { Gone } from '../wire/control.ts';
import { STORE } from '../wire/names.ts';
import type { Subscriber } from './audience.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import { Replay } from './replay.ts';
import { isLonger } from '../size.ts';

/**
 * Makes a store keep events.
 * @param id - the same if the same events are deposited again
 * @returns whether the events are kept; if not, they are deposited again. Does not reject
 */
export type MakeDeposit = (id: string, packs: readonly string[], gone: readonly Gone[]) => Promise<boolean>;

/** Events on their way to the store. */
interface Deposit {
  readonly id: string;
  readonly packs: readonly string[];
  readonly gone: readonly Gone[];
  /** The last event of each name in it. */
  readonly ends: ReadonlyMap<Log, number>;
  /** The log of each event that is left out because it is too large for the store. */
  readonly refused: readonly Log[];
}

/** How many events, and about how many characters, go into one deposit. */
const MOST_EVENTS = 1_024;
const MOST_CHARACTERS = 65_536;
/** How long, in milliseconds, to wait before something is deposited again, at first and at most. */
const FIRST_DELAY = 50;
const LAST_DELAY = 1_000;

/**
 * Brings events to the store that is to keep them, in the publisher's order over all of them. It makes one deposit
 * after the other, each with the events that have come meanwhile, so that no failure can change the order in the store.
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
  /** Called when more events are kept than before. Gets the log of each event that never will be: it was too large. */
  onProgress: ((refused: readonly Log[]) => void) | undefined;
  #isOpen = false;
  /**
   * Whether the store may want more events than is known here. If so, events are not released when the broker has them.
   * Instead, {@link onHeld} is called.
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
    const never = { unsureSince: undefined, hasBroken: false, patience: 0, since: 0 };
    this.subscriber = { id: STORE, logs: [], acked: 0, ...never };
  }

  /** Whether the store is to keep no events. */
  get isIdle(): boolean {
    return this.#kept.size === 0;
  }

  /** Whether the store is to keep the events of a log. */
  has(log: Log): boolean {
    return this.#kept.has(log);
  }

  /**
   * Returns how many events are not in the store yet.
   * @param pending - the number of events that may have to go there, for as long as it is not known which do
   */
  lacking(pending: number): number {
    if (this.#held > 0) return pending;
    let count = 0;
    for (const [log, kept] of this.#kept) count += log.last - kept;
    return count;
  }

  /** Keeps the events of these logs, too. @param after - the number over all events after which to keep them */
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

  /** The acknowledgement of the broker that is held back, as a number over all events; 0 if there is none. */
  get held(): number {
    return this.#held;
  }

  /** The broker has everything up to this number. @returns whether that does not count yet */
  holdsBack(g: number): boolean {
    if (!this.isUnsure) return false;
    this.#held = Math.max(this.#held, g);
    this.onHeld?.();
    return true;
  }

  /** It is known what the store wanted when the broker had everything up to this number. */
  letGo(g: number): void {
    if (this.#held <= g) this.#held = 0;
  }

  /** The way to the store is open. A deposit on its way may have been lost. */
  open(): void {
    this.#isOpen = true;
    // The store may have a lower limit than before.
    if (this.#deposit !== undefined && this.#isTooLong(this.#deposit)) this.#deposit = undefined;
    if (this.#deposit !== undefined) void this.#send(this.#deposit);
  }

  pause(): void {
    this.#isOpen = false;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
  }

  /** Brings events to the store that were sent and are not there yet, if no deposit is on its way. */
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
    // It may have been sent again meanwhile, and the second one may have arrived first.
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

  /** @returns the next deposit; undefined if there is none */
  #gather(): Deposit | undefined {
    for (let most = MOST_EVENTS; ; most >>= 1) {
      const deposit = this.#gatherUpTo(most);
      // Names, traces and what each event has to come after may be larger than the events themselves.
      if (most === 1 || deposit === undefined || !this.#isTooLong(deposit)) return deposit;
    }
  }

  /** Whether a deposit is larger than the largest event, for which the store has room. */
  #isTooLong({ packs, gone }: Deposit): boolean {
    return isLonger(packs.join() + JSON.stringify(gone), this.largest);
  }

  #gatherUpTo(mostEvents: number): Deposit | undefined {
    const ends = new Map<Log, number>();
    const packs: string[] = [];
    const gone: Gone[] = [];
    const refused: Log[] = [];
    const replay = new Replay(this.#publisher, (morePacks, moreGone) => {
      packs.push(...morePacks);
      gone.push(...moreGone);
    });
    // A code unit of a text has three bytes at most.
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
        // It was published before this limit was known, so the store cannot have it.
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
