/** A function that takes an event's arguments. Its return value is ignored. */
export type Listener<A extends readonly unknown[]> = (...args: A) => unknown;

/** How a listener is connected. */
export interface ListenOptions {
  /** Disconnects the listener when the signal aborts. If the signal has aborted already, nothing is connected. */
  signal?: AbortSignal | undefined;
  /**
   * Disconnects the listener just before its first call.
   * @default false
   */
  once?: boolean | undefined;
  /**
   * Whether to keep the existing connection, unchanged, if the same listener is connected already: the new `once` and
   * `signal` are then ignored. Without `unique`, a listener that is connected twice is called twice, as in Python.
   * @default false
   */
  unique?: boolean | undefined;
}

/**
 * A connection, as `connect` returns it: a way to end it.
 *
 * ```ts
 * using link = connect(producer, 'produced', (product) => console.log(product));
 * ```
 */
export interface Link extends Disposable {
  /** Whether the listener is still called. */
  readonly connected: boolean;
  /** Ends the connection at once, even in the middle of an emit. A second call does nothing. */
  disconnect(): void;
}

/** Several connections that end together. */
export class LinkGroup implements Link {
  readonly #links: readonly Link[];

  constructor(links: readonly Link[]) {
    this.#links = links;
  }

  get connected(): boolean {
    return this.#links.some((link) => link.connected);
  }

  disconnect(): void {
    for (const link of this.#links) link.disconnect();
  }

  [Symbol.dispose](): void {
    this.disconnect();
  }
}
