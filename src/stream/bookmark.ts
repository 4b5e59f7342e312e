import type { Gone } from '../wire/control.ts';
import type { InvalidCall } from '../wire/json-rpc.ts';
import type { Pack } from '../wire/pack.ts';
import { isLonger } from '../size.ts';

/** What a bookmark delivers to and reports to. */
export interface BookmarkPort {
  deliver(event: string, args: readonly unknown[], publisher: string, trace: string | undefined): void;
  /** Calls back when all that was delivered so far has been dealt with. */
  afterDelivery(then: () => void): void;
  /** There is more to note than before. */
  progressed(): void;
  /** Events of a publisher were lost for good, or dropped by it. */
  gap(publisher: string, event: string, count: number): void;
  invalid(part: InvalidCall): void;
}

/** A bookmark as it is noted, in JSON. */
interface Noted {
  /** The id of the peer that owns the subscription. */
  readonly owner: string;
  /** The last frame that was dealt with. */
  readonly after: number;
  /** For each event, the last frame before it was subscribed to. */
  readonly starts: Readonly<Record<string, number>>;
  /** For each publisher, the last event of each name that was dealt with. The publisher heard last comes last. */
  readonly seen: readonly (readonly [publisher: string, last: Readonly<Record<string, number>>])[];
}

/** The progress with the events of one name of one publisher. */
interface Progress {
  delivered: number;
  /** The last event that was dealt with; undefined before any was. */
  settled: number | undefined;
}

/** How many numbers of publishers' events to remember at most: they are noted again and again. */
const MOST_NUMBERS = 2_000;

/**
 * How far a durable subscription is in a store, and what it delivers. The frames of a publisher are there in its order,
 * so nothing has to be waited for. Some may be there twice, which shows by the numbers of their events.
 */
export class Bookmark {
  readonly #owner: string;
  readonly #port: BookmarkPort;
  // A Map, because an event may be called `constructor`.
  readonly #starts = new Map<string, number>();
  readonly #seen = new Map<string, Map<string, Progress>>();
  #after: number;

  /**
   * @param owner - the id of the peer that owns the subscription
   * @param events - the events that are subscribed to
   * @param last - the number of the last frame in the store
   * @param noted - what any peer noted of it; undefined for a new subscription, which begins with what comes next
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

  /** The last frame in the store has this number. A store that is behind the bookmark was made anew: all is new. */
  found(last: number): void {
    if (this.#after <= last) return;
    this.#after = 0;
    for (const event of this.#starts.keys()) this.#starts.set(event, 0);
  }

  /** The last frame that was dealt with as a whole. */
  get after(): number {
    return this.#after;
  }

  /** Delivers what is new in a frame. */
  frame(number: number, publisher: string, packs: readonly Pack[], gone: readonly Gone[]): void {
    const seen = this.#seenOf(publisher);
    // Events that are gone between others show by the numbers of those others.
    this.#giveUp(
      seen,
      publisher,
      number,
      gone.filter(([event, from]) => !packs.some((pack) => pack.event === event && pack.n < from)),
    );
    for (const { event, n, events, invalid, traces } of packs) {
      if (!this.#wants(event, number)) continue;
      for (const [index, args] of events.entries()) {
        const problem = invalid?.get(index);
        // The next event shows that this one was missed.
        if (problem !== undefined) {
          this.#port.invalid(problem);
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

  /** Everything in a frame was dealt with. */
  settled(number: number): void {
    this.#after = Math.max(this.#after, number);
    this.#port.progressed();
  }

  /**
   * Returns the bookmark as it is noted, in at most this many bytes. If there is no room for all publishers, those that
   * were heard longest ago are forgotten.
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
   * Goes on to an event, and reports those that are not there: those between the last one and `first`, and those from
   * `first` up to `gone`.
   * @returns the progress; undefined if nothing is new
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
      // The publisher of this frame is remembered, however many events there are.
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

/** Returns the owner of a bookmark; undefined if the text is not a bookmark. */
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
