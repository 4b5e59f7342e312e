import { OverflowError } from '../errors.ts';
import { BoundedQueue, type QueueOptions } from '../queue/bounded-queue.ts';
import type { Event } from './event.ts';
import type { Link } from './link.ts';

/** How much a stream buffers for a slow reader, and what ends it. */
export interface StreamOptions extends QueueOptions {
  /** Ends the stream: buffered emits can still be read, then a read rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

type Read<A> = IteratorResult<A, undefined>;

/**
 * The emits of an event as an async iterator. It listens from its creation until it is returned,
 * disposed or aborted; leaving a `for await` loop returns it.
 */
export class EventStream<A extends readonly unknown[]>
  implements AsyncIterableIterator<A, undefined, undefined>, Disposable
{
  readonly #queue: BoundedQueue<A>;
  readonly #waiting: ((read: Read<A> | Promise<Read<A>>) => void)[] = [];
  readonly #link: Link;
  readonly #signal: AbortSignal | undefined;
  #dropped = 0;
  // Set when no more emits will be added. A failure is thrown once, after the buffered emits were read.
  #ended = false;
  #failure: { error: unknown } | undefined;

  constructor(source: Event<A>, options: StreamOptions = {}) {
    this.#queue = new BoundedQueue<A>(options, () => (this.#dropped += 1));
    this.#signal = options.signal;
    this.#link = source.addListener((...args) => this.#add(source, args));
    if (this.#signal?.aborted === true) this.#onAbort();
    else this.#signal?.addEventListener('abort', this.#onAbort);
  }

  /** The number of emits that the policies `'drop-oldest'`, `'drop-newest'` and `'latest'` have dropped. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Resolves with the arguments of the next emit.
   * @throws OverflowError once, after the buffered emits, when the queue overflowed with the policy `'error'`
   */
  next(): Promise<Read<A>> {
    if (this.#queue.length > 0) {
      return Promise.resolve({ done: false, value: this.#queue.shift() as A });
    }
    if (this.#failure !== undefined) {
      const { error } = this.#failure;
      this.#failure = undefined;
      return Promise.reject(error);
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Ends the stream and drops the buffered emits. */
  return(): Promise<Read<A>> {
    this[Symbol.dispose]();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.dispose](): void {
    this.#end(undefined);
    while (this.#queue.length > 0) this.#queue.shift();
    this.#failure = undefined;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #add(source: Event<A>, args: A): void {
    const reader = this.#waiting.shift();
    if (reader !== undefined) {
      reader({ done: false, value: args });
      return;
    }
    try {
      this.#queue.push(args);
    } catch (cause) {
      const message = `a stream of event '${source.name}' was read too slowly`;
      this.#end({ error: new OverflowError(message, { cause }) });
    }
  }

  readonly #onAbort = (): void => {
    this.#end({ error: this.#signal?.reason });
  };

  #end(failure: { error: unknown } | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = failure;
    this.#link.disconnect();
    this.#signal?.removeEventListener('abort', this.#onAbort);
    for (const reader of this.#waiting.splice(0)) reader(this.next());
  }
}
