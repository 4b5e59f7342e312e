/** A function that takes an event's arguments. What it returns is not looked at. */
export type Listener<A extends readonly unknown[]> = (...args: A) => unknown;

/** How a listener is connected. */
export interface ListenOptions {
  /** Disconnects the listener when it aborts; an aborted one connects nothing. */
  signal?: AbortSignal | undefined;
  /**
   * Disconnects the listener just before its first call.
   * @default false
   */
  once?: boolean | undefined;
  /**
   * Keeps the connection that exists when the same listener is connected already, as it was connected: this time's `once` and
   * `signal` mean nothing then. Without it a listener connected twice is called twice, as in Python.
   * @default false
   */
  unique?: boolean | undefined;
}

/**
 * What a connection gives back: a way to end it.
 *
 * ```ts
 * using link = connect(producer, 'produced', (product) => console.log(product));
 * ```
 */
export interface Link extends Disposable {
  /** Whether the listener is still called. */
  readonly connected: boolean;
  /** Ends the connection at once, also in the middle of an emit. A second call does nothing. */
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
