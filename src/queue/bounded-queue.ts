import { OverflowError } from '../errors.ts';
import { Fifo } from './fifo.ts';

/**
 * What a full queue does with one more item:
 * - `'error'`: refuses it with an {@link OverflowError};
 * - `'drop-oldest'`: drops the item that has waited longest;
 * - `'drop-newest'`: drops the new item;
 * - `'latest'`: drops all waiting items, so that only the newest item is left.
 */
export type OverflowPolicy = 'error' | 'drop-oldest' | 'drop-newest' | 'latest';

/** How long a queue may get, and what happens when it is full. */
export interface QueueOptions {
  /**
   * The number of items that may wait.
   * @default Infinity, or 1 with the policy `'latest'`
   */
  limit?: number | undefined;
  /**
   * What happens to an item that finds `limit` items waiting.
   * @default 'error'
   */
  overflow?: OverflowPolicy | undefined;
}

/** A queue that never holds more than its limit, and hands every item it drops to `onDrop`. */
export class BoundedQueue<T> {
  readonly limit: number;
  readonly overflow: OverflowPolicy;
  readonly #items = new Fifo<T>();
  readonly #onDrop: (item: T) => void;

  constructor(options: QueueOptions, onDrop: (item: T) => void) {
    this.overflow = options.overflow ?? 'error';
    this.limit = options.limit ?? (this.overflow === 'latest' ? 1 : Infinity);
    this.#onDrop = onDrop;
    if (!OVERFLOW_POLICIES.includes(this.overflow)) {
      throw new TypeError(`overflow must be one of ${OVERFLOW_POLICIES.join(', ')}`);
    }
    if (!(this.limit >= 1) || (this.limit !== Infinity && !Number.isInteger(this.limit))) {
      throw new RangeError('limit must be a whole number of at least 1, or Infinity');
    }
  }

  get length(): number {
    return this.#items.length;
  }

  /** @throws OverflowError when the queue is full and the policy is `'error'`. */
  push(item: T): void {
    if (this.#items.length < this.limit) {
      this.#items.push(item);
      return;
    }
    const { overflow } = this;
    if (overflow === 'error') throw new OverflowError(`the queue is full: ${this.limit} wait already`);
    if (overflow === 'drop-newest') this.#onDrop(item);
    else this.#replace(overflow === 'latest' ? this.#items.length : 1, item);
  }

  shift(): T | undefined {
    return this.#items.shift();
  }

  /** Makes room before it calls `onDrop`, which may push again. */
  #replace(count: number, item: T): void {
    const dropped = Array.from({ length: count }, () => this.#items.shift() as T);
    this.#items.push(item);
    dropped.forEach(this.#onDrop);
  }
}

const OVERFLOW_POLICIES: readonly OverflowPolicy[] = ['error', 'drop-oldest', 'drop-newest', 'latest'];
