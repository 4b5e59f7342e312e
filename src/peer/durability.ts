import type { Store } from '../bus/bus.ts';
import { AddressError, MissingLibraryError, RefusedError } from '../errors.ts';
import { Bookmark, type BookmarkPort, ownerOf } from '../stream/bookmark.ts';
import type { Clock } from '../stream/clock.ts';
import { Deposits } from '../stream/deposits.ts';
import { encodeReplay, readControl } from '../wire/control.ts';
import { decode } from '../wire/json-rpc.ts';
import { STORE } from '../wire/names.ts';
import type { Participant } from './participant.ts';
import type { Session } from './session.ts';
import type { Setup } from './setup.ts';
import { within } from './within.ts';

/** Where it goes on with what a durable subscription gets. */
interface DurabilityPort extends Omit<BookmarkPort, 'progressed'> {
  /** The store does not do what it should. */
  refused(error: Error): void;
}

/** How long, in milliseconds, to wait before the store is asked again that did not answer, or did not want to. */
const ASK_EVERY = 250;
/** The same of a store that answers, where few events are published. */
const FIND_OUT_EVERY = 50;
/** How long to hold back what nobody has asked for yet: longer than a cluster takes to elect who keeps it. */
const HOLD_WITHIN = 10_000;
/** How long what was dealt with may wait until that is noted. */
const NOTE_WITHIN = 100;

/** What a peer has a store keep, and what it gets of it, from a start to a stop. */
export class Durability {
  readonly #store: Store;
  readonly #setup: Setup;
  readonly #session: Session;
  readonly #refused: (error: Error) => void;
  readonly #subscriptions: readonly DurableSubscription[];
  readonly #deposits: Deposits;
  /** The signal of the link over which that is going on. */
  #findingOut: AbortSignal | undefined;
  #endPause: () => void = () => {};
  /** What keeps this peer from asking what is wanted. */
  #forbidden: RefusedError | undefined;
  // What was refused last, so that it is told once.
  #refusal = '';

  /** @param refused - told when the store does not do what it should */
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
   * There is a link for the first time: finds out what is to be kept, and tells the others of what this peer wants of that.
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
   * There is a link again: goes on when the store answers. Until then, it may be asked for more than is known here, so
   * nothing that is published is let go of.
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
   * Finds out which events are to be kept, has them kept, and takes hold of the subscriptions. Asks until there is an answer.
   * @param mayFail - whether what the store does not want is thrown; it is only told otherwise
   * @throws RefusedError, MissingLibraryError, AddressError; the signal's reason
   */
  async #connect(mayFail: boolean, signal: AbortSignal): Promise<void> {
    this.#forbidden = undefined;
    const wanted = await this.#takeHold(mayFail, signal);
    signal.throwIfAborted();
    this.#deposits.largest = this.#store.largest;
    this.#session.outbox.keep(wanted);
  }

  /** Begins to read, or to read again. What the store wants is known. @param signal - aborts with the link */
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

  /** Notes how far it is. */
  async close(): Promise<void> {
    this.pause();
    await Promise.all(this.#subscriptions.map((subscription) => subscription.close()));
  }

  /**
   * Lets go of what is held back, each time when the store has said what it wants. With one server this is known before:
   * whoever wants more says so before it is ready. With several, that may be here later than what the own server says.
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

  /** Where few events are published, the store is not asked for each of them. */
  async #pause(signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const end = (): void => over.abort();
    this.#endPause = end;
    signal.addEventListener('abort', end);
    await delay(this.#setup.clock, over.signal, FIND_OUT_EVERY);
    signal.removeEventListener('abort', end);
  }

  /** Where nobody has asked for anything before, what is live does not stand still because the store is away. That is told. */
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

  /** @returns which events are to be kept; none where that may not be asked, which is told */
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

/** What is delivered under one name. */
class DurableSubscription {
  readonly #name: string;
  readonly #events: readonly string[];
  readonly #owner: string;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #port: DurabilityPort;
  readonly #progressed = (): void => {
    this.#isNews = true;
    this.#cancelNoting ??= this.#clock.after(NOTE_WITHIN, () => void this.#note());
  };
  #bookmark: Bookmark | undefined;
  #revision = 0;
  // Whether another peer has it now.
  #isLost = false;
  #reading: AbortController | undefined;
  #noting: Promise<void> | undefined;
  #isDue = false;
  // Whether there is more in the bookmark than was noted.
  #isNews = false;
  #cancelNoting: (() => void) | undefined;

  constructor(
    name: string,
    events: readonly string[],
    owner: string,
    store: Store,
    clock: Clock,
    port: DurabilityPort,
  ) {
    this.#name = name;
    this.#events = events;
    this.#owner = owner;
    this.#store = store;
    this.#clock = clock;
    this.#port = port;
  }

  /**
   * Takes hold of it: whoever had it before has it no more. Where this peer had it before, finds out whether it
   * still has.
   */
  async claim(): Promise<void> {
    while (!this.#isLost) {
      const last = await this.#store.want(this.#events);
      const note = await this.#store.recall(this.#name);
      if (this.#bookmark !== undefined) {
        if (note !== undefined && ownerOf(note.text) !== this.#owner) this.#lose();
        this.#revision = note?.revision ?? 0;
        this.#bookmark.found(last);
        return;
      }
      const bookmark = new Bookmark(this.#owner, this.#events, last, note?.text, {
        ...this.#port,
        progressed: this.#progressed,
      });
      const revision = await this.#store.note(this.#name, bookmark.toText(this.#store.largest), note?.revision ?? 0);
      if (revision === undefined) continue;
      this.#bookmark = bookmark;
      this.#revision = revision;
      return;
    }
  }

  open(): void {
    this.pause();
    if (this.#isLost) return;
    this.#reading = new AbortController();
    void this.#read(this.#reading.signal);
    // What could not be noted while there was no link.
    if (this.#isNews) this.#progressed();
  }

  pause(): void {
    this.#reading?.abort();
    this.#reading = undefined;
  }

  async close(): Promise<void> {
    this.#cancelNoting?.();
    // Stopping may be under way twice.
    await (this.#isNews ? this.#note() : this.#noting);
  }

  async #read(signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        const { after } = this.#bookmark as Bookmark;
        await this.#store.read(after, (frame, number) => this.#take(frame, number, signal), signal);
      } catch (error) {
        if (isRefusal(error)) this.#port.refused(error);
      }
      await delay(this.#clock, signal);
      if (signal.aborted) return;
      // The store may be another one.
      await this.claim().catch(() => {});
      if (signal.aborted || this.#isLost) return;
    }
  }

  async #take(frame: string, number: number, signal: AbortSignal): Promise<void> {
    const bookmark = this.#bookmark as Bookmark;
    if (signal.aborted || number <= bookmark.after) return;
    this.#deliver(bookmark, frame, number);
    await new Promise<void>((settled) => this.#port.afterDelivery(settled));
    bookmark.settled(number);
  }

  #deliver(bookmark: Bookmark, frame: string, number: number): void {
    const { calls, invalid } = decode(frame);
    for (const { method, args } of calls) {
      const { sender = '', control } = readControl(args) ?? {};
      if (control?.kind === 'replay') {
        const packs = control.packs.filter(({ publisher }) => publisher === sender);
        bookmark.frame(number, sender, packs, control.gone);
      } else {
        this.#port.invalid({ reason: 'params', method });
      }
    }
    for (const part of invalid) this.#port.invalid(part);
  }

  /** Notes how far it is; fulfils when that has been tried. */
  #note(): Promise<void> {
    this.#cancelNoting?.();
    this.#cancelNoting = undefined;
    this.#isDue = true;
    this.#noting ??= this.#noteWhatIsDue();
    return this.#noting;
  }

  async #noteWhatIsDue(): Promise<void> {
    // Not before whoever called this knows that it is going on.
    await Promise.resolve();
    while (this.#isDue && !this.#isLost) {
      this.#isDue = false;
      const bookmark = this.#bookmark as Bookmark;
      this.#isNews = false;
      try {
        const revision = await this.#store.note(this.#name, bookmark.toText(this.#store.largest), this.#revision);
        if (revision === undefined) {
          this.#isDue = true;
          await this.claim();
        } else {
          this.#revision = revision;
        }
      } catch (error) {
        if (isRefusal(error)) this.#port.refused(error);
        this.#isNews = true;
        // It is noted with what comes next, or when there is a link again.
        this.#isDue = false;
      }
    }
    this.#noting = undefined;
  }

  #lose(): void {
    this.#isLost = true;
    this.pause();
    this.#port.refused(new RefusedError(`durable subscription '${this.#name}' was taken over by another peer`));
  }
}

/** Waits before something is tried again, or until the signal says that it is not. */
function delay(clock: Clock, signal: AbortSignal, milliseconds: number = ASK_EVERY): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(milliseconds, () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    const onAbort = (): void => {
      cancel();
      resolve();
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

function isRefusal(error: unknown): error is Error {
  return error instanceof RefusedError || error instanceof MissingLibraryError || error instanceof AddressError;
}
