import type { Store } from '../bus/bus.ts';
import { RefusedError } from '../errors.ts';
import { Bookmark, type BookmarkPort, ownerOf } from '../stream/bookmark.ts';
import type { Clock } from '../stream/clock.ts';
import { readControl } from '../wire/control.ts';
import { decode } from '../wire/json-rpc.ts';
import { delay, isRefusal } from './asking.ts';

/** What a durable subscription delivers to and reports to. */
interface DurabilityPort extends Omit<BookmarkPort, 'progressed'> {
  /** The store does not do what it should. */
  refused(error: Error): void;
}

/** How long, in milliseconds, it may take until it is noted what was dealt with. */
const NOTE_WITHIN = 100;

/** A durable subscription: delivers what is kept under one name. */
export class DurableSubscription {
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
  // Whether another peer has the subscription now.
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
   * Claims the subscription: its former owner loses it. If this peer owned it before, finds out whether it still does.
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
    // Notes what could not be noted while there was no link.
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
      // The store may be a different one.
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

  /** Notes how far the subscription is; fulfils when that has been tried. */
  #note(): Promise<void> {
    this.#cancelNoting?.();
    this.#cancelNoting = undefined;
    this.#isDue = true;
    this.#noting ??= this.#noteWhatIsDue();
    return this.#noting;
  }

  async #noteWhatIsDue(): Promise<void> {
    // Waits until the caller has taken note that this is under way.
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
        // This is noted with what comes next, or when there is a link again.
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
