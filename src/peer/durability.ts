import type { Store } from '../bus/bus.ts';
import { RefusedError } from '../errors.ts';
import { Deposits } from '../stream/deposits.ts';
import { encodeReplay } from '../wire/control.ts';
import { STORE } from '../wire/names.ts';
import { delay, isRefusal } from './asking.ts';
import { DurableSubscription } from './durable-subscription.ts';
import type { Participant } from './participant.ts';
import type { Session } from './session.ts';
import type { Setup } from './setup.ts';
import { within } from './within.ts';

/** How long, in milliseconds, to wait before asking a store again that answers, if few events are published. */
const FIND_OUT_EVERY = 50;
/** How long to hold back events that nobody has asked for yet: longer than a cluster takes to elect who keeps them. */
const HOLD_WITHIN = 10_000;

/** What a peer keeps in a store, and what it gets from there, from one start to the next stop. */
export class Durability {
  readonly #store: Store;
  readonly #setup: Setup;
  readonly #session: Session;
  readonly #refused: (error: Error) => void;
  readonly #subscriptions: readonly DurableSubscription[];
  readonly #deposits: Deposits;
  /** The signal of the link over which the store is being asked what it wants; undefined while it is not. */
  #findingOut: AbortSignal | undefined;
  #endPause: () => void = () => {};
  /** The refusal that keeps this peer from asking what is wanted. */
  #forbidden: RefusedError | undefined;
  // The last refusal, so that it is reported once.
  #refusal = '';

  /** @param refused - called when the store does not do what it should */
  constructor(store: Store, setup: Setup, { session, arrivals }: Participant, refused: (error: Error) => void) {
    this.#store = store;
    this.#setup = setup;
    this.#session = session;
    this.#deposits = new Deposits(session.id, setup.clock, (id, packs, gone) =>
      this.#keep(id, encodeReplay(STORE, session.id, packs, gone)),
    );
    session.hasStore = true;
    session.outbox.depositIn(this.#deposits);
    this.#refused = (error) => {
      if (this.#refusal !== error.message) refused(error);
      this.#refusal = error.message;
    };
    const port = { ...arrivals, refused: this.#refused };
    this.#subscriptions = Array.from(
      setup.durable,
      ([name, events]) => new DurableSubscription(name, events, session.id, store, setup.clock, port),
    );
  }

  /**
   * There is a link for the first time: finds out what is to be kept, and tells the others what to keep for this peer.
   * @param left - how many milliseconds are left of the timeout
   * @throws RefusedError, MissingLibraryError, AddressError, TimeoutError; the signal's reason
   */
  async begin(left: number, timeout: number, signal: AbortSignal): Promise<void> {
    const { clock, endpoints, durable } = this.#setup;
    const gaveUp = new AbortController();
    const giveUp = (): void => gaveUp.abort(signal.reason);
    const asking = this.#connect(true, gaveUp.signal);
    signal.addEventListener('abort', giveUp);
    try {
      await within(
        clock,
        asking,
        left,
        signal,
        () => `the server at '${endpoints.in}' did not say within ${timeout} ms which events it keeps`,
      );
    } finally {
      signal.removeEventListener('abort', giveUp);
      giveUp();
    }
    if (durable.size > 0) this.#session.announce();
  }

  /**
   * There is a link again: goes on when the store answers. Until then, the store may be asked to keep more than is
   * known here, so nothing that is published is let go of.
   * @throws the signal's reason
   */
  async comeBack(signal: AbortSignal): Promise<void> {
    this.#deposits.largest = this.#store.largest;
    const giveUp = (): void => {
      this.#deposits.isUnsure = false;
      this.#keepNothing(this.#deposits.held);
    };
    const cancel = this.#deposits.isIdle ? this.#setup.clock.after(HOLD_WITHIN, giveUp) : () => {};
    try {
      await this.#connect(false, signal);
    } finally {
      cancel();
    }
    this.open(signal);
  }

  /**
   * Finds out which events are to be kept, has them kept, and claims the subscriptions. Asks until there is an answer.
   * @param mayFail - whether a refusal by the store is thrown; otherwise it is only reported
   * @throws RefusedError, MissingLibraryError, AddressError; the signal's reason
   */
  async #connect(mayFail: boolean, signal: AbortSignal): Promise<void> {
    this.#forbidden = undefined;
    const wanted = await this.#takeHold(mayFail, signal);
    signal.throwIfAborted();
    this.#deposits.largest = this.#store.largest;
    this.#session.outbox.keep(wanted);
  }

  /** Begins to read, or reads again. By now it is known what the store wants. @param signal - aborts with the link */
  open(signal: AbortSignal): void {
    this.#deposits.isUnsure = this.#store.isSpread;
    this.#deposits.onHeld = () => {
      if (this.#isFilling) this.#endPause();
      void this.#findOut(signal);
    };
    void this.#findOut(signal);
    for (const subscription of this.#subscriptions) subscription.open();
  }

  /** Takes nothing more, for now. */
  pause(): void {
    this.#deposits.isUnsure = true;
    this.#deposits.onHeld = undefined;
    for (const subscription of this.#subscriptions) subscription.pause();
  }

  /** Notes how far the subscriptions are. */
  async close(): Promise<void> {
    this.pause();
    await Promise.all(this.#subscriptions.map((subscription) => subscription.close()));
  }

  /**
   * Lets go of what is held back, each time the store has said what it wants. With one server, this is known already: a
   * peer that wants more says so before it is ready. With several, its word may arrive here later than what this
   * peer's own server says.
   */
  async #findOut(signal: AbortSignal): Promise<void> {
    const { outbox } = this.#session;
    const { clock } = this.#setup;
    if (this.#findingOut === signal) return;
    this.#findingOut = signal;
    let answered = clock.now();
    for (let g = this.#deposits.held; g > 0 && !signal.aborted; g = this.#deposits.held) {
      const wanted = this.#deposits.isUnsure ? await this.#wanted().catch(() => undefined) : [];
      if (signal.aborted) break;
      if (wanted !== undefined) {
        answered = clock.now();
        outbox.keep(wanted);
        this.#letGo(g);
      } else if (this.#deposits.isIdle && clock.now() - answered > HOLD_WITHIN) {
        this.#keepNothing(g);
      }
      if (wanted === undefined) await delay(clock, signal);
      else if (!this.#isFilling) await this.#pause(signal);
    }
    if (this.#findingOut === signal) this.#findingOut = undefined;
  }

  /** Whether so much is under way that publishers may soon have to wait. */
  get #isFilling(): boolean {
    return this.#session.outbox.pending >= this.#setup.session.outbox.window / 4;
  }

  /** If few events are published, the store is not asked for each of them. */
  async #pause(signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const end = (): void => over.abort();
    this.#endPause = end;
    signal.addEventListener('abort', end);
    await delay(this.#setup.clock, over.signal, FIND_OUT_EVERY);
    signal.removeEventListener('abort', end);
  }

  /** If nobody had asked for anything to be kept, an absent store does not hold up live events. This is reported. */
  #keepNothing(g: number): void {
    this.#letGo(g);
    const message = `the server at '${this.#setup.endpoints.in}' has not said for 10 s which events are to be kept: none are`;
    this.#refused(new RefusedError(message));
  }

  #letGo(g: number): void {
    this.#deposits.letGo(g);
    this.#session.outbox.echoed(g, true);
  }

  /** Has the store keep a frame. @returns whether it did */
  async #keep(id: string, frame: string): Promise<boolean> {
    try {
      await this.#store.keep(id, frame);
      this.#refusal = '';
      return true;
    } catch (error) {
      if (isRefusal(error)) this.#refused(error);
      return false;
    }
  }

  /** @returns which events are to be kept; none if this peer may not ask for that, which is reported */
  async #wanted(): Promise<readonly string[]> {
    if (this.#forbidden !== undefined) return [];
    try {
      return await this.#store.wanted(this.#setup.publish);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      this.#forbidden = error;
      this.#refused(error);
      return [];
    }
  }

  /** @returns the events that are to be kept */
  async #takeHold(mayFail: boolean, signal: AbortSignal): Promise<readonly string[]> {
    for (;;) {
      signal.throwIfAborted();
      try {
        const { publish } = this.#setup;
        const wanted = publish.length === 0 ? [] : await this.#wanted();
        for (const subscription of this.#subscriptions) await subscription.claim();
        this.#refusal = '';
        return wanted;
      } catch (error) {
        if (isRefusal(error)) {
          if (mayFail) throw error;
          this.#refused(error);
        }
      }
      await delay(this.#setup.clock, signal);
    }
  }
}
