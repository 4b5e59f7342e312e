import type { Gone } from '../wire/control.ts';
import type { InvalidCall } from '../wire/json-rpc.ts';
import type { Pack } from '../wire/pack.ts';
import { isLonger } from '../size.ts';

/** What a bookmark delivers to and reports to. */
export interface BookmarkPort {
  deliver(event: string, args: readonly unknown[], publisher: string, trace: string | undefined): void;
  /** Calls back when all events delivered so far have been dealt with. */
  afterDelivery(then: () => void): void;
  /** There is more to note than before. */
  progressed(): void;
  /** Events of a publisher were lost for good, or dropped by it. */
  gap(publisher: string, event: string, count: number): void;
  invalid(part: InvalidCall): void;
}

/** A bookmark in the form in which it is noted, as JSON. */
interface Noted {
  /** The id of the peer that owns it. */
  readonly owner: string;
  /** The last frame that was dealt with. */
  readonly after: number;
  /** For each event, the last frame before it was subscribed to. */
  readonly starts: Readonly<Record<string, number>>;
  /** For each publisher, the last event of each name that was dealt with. The publisher heard last comes last. */
  readonly seen: readonly (readonly [publisher: string, last: Readonly<Record<string, number>>])[];
}

/** How far the events of one name and publisher have been delivered and dealt with. */
interface Progress {
  delivered: number;
  /** The last one that was dealt with; undefined before any was. */
  settled: number | undefined;
}

/** How many numbers of publishers' events to remember: they are noted again and again. */
const MOST_NUMBERS = 2_000;

/**
 * The position of a durable subscription in a store. It delivers the events from there on. The frames of a publisher
 * are in the store in its order, so no event has to wait for others. Some may be there twice: their numbers show that.
 */
export class Bookmark {
  readonly #owner: string;
  readonly #port: BookmarkPort;
  // A Map, because an event may be called `constructor`.
  readonly #starts = new Map<string, number>();
  readonly #seen = new Map<string, Map<string, Progress>>();
  #after: number;

  /**
   * @param owner - the id of the peer that owns it
   * @param events - the events that are subscribed to
   * @param last - the number of the last frame in the store
   * @param noted - the noted bookmark, of any owner; undefined for a new one, which begins with the next frame
   */
  constructor(owner: string, events: readonly string[], last: number, noted: string | undefined, port: BookmarkPort) {
    this.#owner = owner;
    this.#port = port;
    const known = noted === undefined ? undefined : read(noted);
    const starts = new Map(Object.entries(known?.starts ?? {}));
    for (const event of events) this.#starts.set(event, starts.get(event) ?? last);
    for (const [publisher, numbers] of known?.seen ?? []) {
      const seen = Object.entries(numbers).map(([event, n]) => [event, { delivered: n, settled: n }] as const);
      this.#seen.set(publisher, new Map(seen));
    }
    this.#after = known?.after ?? last;
    this.found(last);
  }

  /**
   * This is the number of the last frame in the store. If it is lower than this bookmark, the store was made anew: all
   * of its frames are new.
   */
  found(last: number): void {
    if (this.#after <= last) return;
    this.#after = 0;
    for (const event of this.#starts.keys()) this.#starts.set(event, 0);
  }

  /** The last frame that was dealt with as a whole. */
  get after(): number {
    return this.#after;
  }

  /** Delivers the new events of a frame. */
  frame(number: number, publisher: string, packs: readonly Pack[], gone: readonly Gone[]): void {
    const seen = this.#seenOf(publisher);
    // Events that are gone in the middle show by the numbers of the others.
    this.#giveUp(
      seen,
      publisher,
      number,
      gone.filter(([event, from]) => !packs.some((pack) => pack.event === event && pack.n < from)),
    );
    for (const { event, n, events, traces } of packs) {
      if (!this.#wants(event, number)) continue;
      for (const [index, args] of events.entries()) {
        // The next event shows that this one was missed.
        if ('reason' in args) {
          this.#port.invalid(args);
          continue;
        }
        const progress = this.#goOn(seen, publisher, event, n + index, n + index - 1);
        if (progress === undefined) continue;
        this.#port.deliver(event, args, publisher, traces?.[index]);
        this.#settleLater(progress);
      }
    }
    this.#giveUp(seen, publisher, number, gone);
  }

  /** All of a frame was dealt with. */
  settled(number: number): void {
    this.#after = Math.max(this.#after, number);
    this.#port.progressed();
  }

  /**
   * Returns the text to note, in at most so many bytes. If there is no room for all publishers, those that were heard
   * longest ago are forgotten.
   */
  toText(largest: number): string {
    for (;;) {
      const noted: Noted = {
        owner: this.#owner,
        after: this.#after,
        starts: Object.fromEntries(this.#starts),
        seen: Array.from(this.#seen, ([publisher, seen]) => [publisher, settledOf(seen)] as const),
      };
      const text = JSON.stringify(noted);
      if (this.#seen.size <= 1 || !isLonger(text, largest)) return text;
      for (const oldest of [...this.#seen.keys()].slice(0, Math.ceil(this.#seen.size / 8))) this.#seen.delete(oldest);
    }
  }

  #giveUp(seen: Map<string, Progress>, publisher: string, number: number, gone: readonly Gone[]): void {
    for (const [event, from, to] of gone) {
      const progress = this.#wants(event, number) ? this.#goOn(seen, publisher, event, from, to) : undefined;
      if (progress !== undefined) this.#settleLater(progress);
    }
  }

  #wants(event: string, number: number): boolean {
    const start = this.#starts.get(event);
    return start !== undefined && number > start;
  }

  /**
   * Goes on to an event, and reports missing ones: those between the last event and `first`, and from `first` up to
   * `gone`.
   * @returns the progress; undefined if these events were there before
   */
  #goOn(
    seen: Map<string, Progress>,
    publisher: string,
    event: string,
    first: number,
    gone: number,
  ): Progress | undefined {
    const n = Math.max(first, gone);
    const before = seen.get(event);
    const progress = before ?? { delivered: first - 1, settled: undefined };
    if (n <= progress.delivered) return undefined;
    if (before === undefined) seen.set(event, progress);
    const count = gone - progress.delivered;
    progress.delivered = n;
    if (count > 0) this.#port.gap(publisher, event, count);
    return progress;
  }

  #settleLater(progress: Progress): void {
    const { delivered } = progress;
    this.#port.afterDelivery(() => {
      progress.settled = delivered;
      this.#port.progressed();
    });
  }

  #seenOf(publisher: string): Map<string, Progress> {
    const seen = this.#seen.get(publisher) ?? new Map<string, Progress>();
    this.#seen.delete(publisher);
    this.#seen.set(publisher, seen);
    for (const oldest of this.#seen.keys()) {
      // The current publisher is always remembered, however many events there are.
      if (this.#seen.size === 1 || this.#seen.size * this.#starts.size <= MOST_NUMBERS) break;
      this.#seen.delete(oldest);
    }
    return seen;
  }
}

function settledOf(seen: ReadonlyMap<string, Progress>): Record<string, number> {
  const settled = Array.from(seen, ([event, progress]) => [event, progress.settled] as const);
  return Object.fromEntries(settled.filter((entry): entry is [string, number] => entry[1] !== undefined));
}

/** Returns the owner of a noted bookmark, or undefined if the text is not a bookmark. */
export function ownerOf(noted: string): string | undefined {
  return read(noted)?.owner;
}

function read(noted: string): Noted | undefined {
  try {
    const { owner, after, starts, seen } = JSON.parse(noted) as Partial<Noted>;
    const isOne =
      typeof owner === 'string' && Number.isSafeInteger(after) && typeof starts === 'object' && Array.isArray(seen);
    return isOne ? ({ owner, after, starts, seen } as Noted) : undefined;
  } catch {
    return undefined;
  }
}
