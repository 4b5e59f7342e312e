import type { Frame } from './bus.ts';

/** Finds who wants a frame, by its beginning. Takes the same time however many prefixes of one length there are. */
export class PrefixIndex<T> {
  // Invariant: no set or map inside is empty, and the lengths ascend.
  readonly #byLength = new Map<number, Map<string, Set<T>>>();
  #lengths: number[] = [];

  add(prefix: string, item: T): void {
    let prefixes = this.#byLength.get(prefix.length);
    if (prefixes === undefined) {
      prefixes = new Map();
      this.#byLength.set(prefix.length, prefixes);
      this.#lengths = [...this.#byLength.keys()].toSorted((a, b) => a - b);
    }
    const items = prefixes.get(prefix);
    if (items === undefined) prefixes.set(prefix, new Set([item]));
    else items.add(item);
  }

  delete(prefix: string, item: T): void {
    const prefixes = this.#byLength.get(prefix.length);
    const items = prefixes?.get(prefix);
    items?.delete(item);
    if (items?.size === 0) prefixes?.delete(prefix);
    if (prefixes?.size !== 0) return;
    this.#byLength.delete(prefix.length);
    this.#lengths = this.#lengths.filter((length) => length !== prefix.length);
  }

  has(prefix: string): boolean {
    return this.#byLength.get(prefix.length)?.has(prefix) === true;
  }

  /** Returns all who want a frame, each once. */
  match(frame: Frame): ReadonlySet<T> {
    // Most brokers have doors without peers.
    if (this.#lengths.length === 0) return NOBODY;
    const start = typeof frame === 'string' ? frame : this.#startOf(frame);
    let found: Set<T> | undefined;
    let isOurs = false;
    for (const length of this.#lengths) {
      if (length > start.length) break;
      const items = this.#byLength.get(length)?.get(start.slice(0, length));
      if (items === undefined) continue;
      if (found === undefined) {
        found = items;
        continue;
      }
      if (!isOurs) found = new Set(found);
      isOurs = true;
      for (const item of items) found.add(item);
    }
    return found ?? NOBODY;
  }

  #startOf(frame: Uint8Array): string {
    // A character has at most three bytes for each unit of its length in a string.
    return DECODER.decode(frame.subarray(0, 3 * (this.#lengths.at(-1) ?? 0)));
  }
}

/** How many characters a prefix may have, and how many different lengths the prefixes of one guest may have. */
const LONGEST_PREFIX = 2_048;
const MOST_LENGTHS = 128;

/** Limits the number of prefix lengths of a guest: each length that nobody else has costs a look-up for every frame. */
export class LengthLimit {
  readonly #lengths = new Set<number>();

  /** @returns whether the guest may subscribe to this prefix, too */
  takes({ length }: string): boolean {
    this.#lengths.add(length);
    return length <= LONGEST_PREFIX && this.#lengths.size <= MOST_LENGTHS;
  }
}

const DECODER = /* @__PURE__ */ new TextDecoder('utf-8', { ignoreBOM: true });
const NOBODY: ReadonlySet<never> = new Set();
