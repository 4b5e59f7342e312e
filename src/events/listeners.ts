import type { Link, Listener, ListenOptions } from './link.ts';

/** A listener, whatever arguments it takes. */
export type AnyListener = Listener<readonly unknown[]>;

/** One listener's place in an event. */
class Connection implements Link {
  /** The index of its function in the list; less than 0 once disconnected. */
  place: number = ENDED;
  readonly #listeners: Listeners;

  constructor(listeners: Listeners) {
    this.#listeners = listeners;
  }

  get connected(): boolean {
    return this.place >= 0;
  }

  disconnect(): void {
    if (this.place >= 0) this.#listeners.end(this);
  }

  [Symbol.dispose](): void {
    this.disconnect();
  }

  /** Called when a signal aborts. */
  handleEvent(): void {
    this.disconnect();
  }
}

const ENDED = -1;

/** What is known about a connection besides its function. Most connections have no details. */
interface Details {
  /** The function that the user connected, if a function that was made from it is called instead. */
  readonly key: unknown;
  /** The object whose slot the function is. */
  readonly receiver: object | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Takes the place of a listener that is gone. Calling it is quicker than checking whether each listener is there. */
const NOTHING: AnyListener = () => {};

/** The list has, in turn, a function and its connection. An ended connection leaves {@link NOTHING} and undefined. */
type Entry = AnyListener | Connection | undefined;

/** The number of entries of a connection. */
const WIDTH = 2;

/**
 * The listeners of one event, in the order of connection. The places of ended connections stay in the list, empty,
 * until no emit runs and they make up two fifths of the list. An emit therefore walks a list that does not move, and
 * disconnecting costs the same however many listeners there are.
 */
export class Listeners {
  /**
   * The only listener, to be called directly: no listener comes after it that could be disconnected meanwhile, or that
   * would have to be called before its error is thrown. If there are no listeners, this is a function that does
   * nothing. Undefined if {@link emit} is needed.
   */
  only: AnyListener | undefined = NOTHING;
  readonly #event: { readonly name: string };
  // Reaching each function through its connection took a tenth of an emit; a second list took a third of a connect.
  #entries: Entry[] = [];
  #details: Map<Connection, Details> | undefined;
  #ended = 0;
  #emitting = false;

  /** @param event - the event that the listeners belong to, for messages */
  constructor(event: { readonly name: string }) {
    this.#event = event;
  }

  get count(): number {
    return this.#entries.length / WIDTH - this.#ended;
  }

  /** The listeners that are connected now, in order. One that is disconnected before its turn is left out. */
  *[Symbol.iterator](): Generator<AnyListener, void> {
    for (const entry of this.#entries.slice()) {
      if (entry instanceof Connection && entry.connected) yield this.#entries[entry.place] as AnyListener;
    }
  }

  connect(listener: AnyListener, options?: ListenOptions, receiver?: object): Link {
    if (typeof listener !== 'function') throw new TypeError('a listener must be a function');
    const connection = new Connection(this);
    if (options === undefined && receiver === undefined) return this.#add(connection, listener);
    const { once, unique, signal } = options ?? {};
    // A connection whose signal has aborted never gets a place.
    if (signal?.aborted === true) return connection;
    const existing = unique === true ? this.find(listener, receiver) : undefined;
    if (existing !== undefined) return existing;
    signal?.addEventListener('abort', connection);
    (this.#details ??= new Map()).set(connection, { key: listener, receiver, signal });
    const slot = receiver === undefined ? listener : listener.bind(receiver);
    const onceOnly: AnyListener = (...args) => {
      connection.disconnect();
      return slot(...args);
    };
    return this.#add(connection, once === true ? onceOnly : slot);
  }

  clear(): void {
    for (const entry of this.#entries.slice()) if (entry instanceof Connection) entry.disconnect();
  }

  /** Ends a connection that has not ended yet. */
  end(connection: Connection): void {
    const { place } = connection;
    connection.place = ENDED;
    const details = this.#details?.get(connection);
    if (details !== undefined) {
      this.#details?.delete(connection);
      details.signal?.removeEventListener('abort', connection);
    }
    const entries = this.#entries;
    if (!this.#emitting && place === entries.length - WIDTH) {
      // The connection that was made last is often the first to end.
      entries.pop();
      entries.pop();
    } else {
      entries[place] = NOTHING;
      entries[place + 1] = undefined;
      this.#ended += 1;
    }
    this.#settle();
  }

  /** Calls all listeners. If there is an {@link only} one, callers call that one instead. */
  emit(...args: readonly unknown[]): void {
    const entries = this.#entries;
    const end = entries.length;
    const outer = this.#emitting;
    let failures: unknown[] | undefined;
    let place = 0;
    this.#emitting = true;
    // One `try` around all calls, with nothing else in it. The arguments are only ever spread, here and by the caller,
    // so the engine makes no array of them.
    try {
      for (; place < end; place += WIDTH) {
        // Not called as a member of the list: then the list would be its `this`.
        const listener = entries[place] as AnyListener;
        listener(...args);
      }
    } catch (error) {
      failures = [error];
      for (place += WIDTH; place < end; place += WIDTH) {
        try {
          const listener = entries[place] as AnyListener;
          listener(...args);
        } catch (another) {
          failures.push(another);
        }
      }
    }
    this.#emitting = outer;
    if (this.#ended > 0) this.#settle();
    if (failures === undefined) return;
    if (failures.length === 1) throw failures[0];
    throw new AggregateError(failures, `${failures.length} listeners of event '${this.#event.name}' failed`);
  }

  /** Returns the oldest connection of a function, or of the slot of a receiver. */
  find(key: unknown, receiver?: object): Connection | undefined {
    return this.#entries.find((entry) => {
      if (!(entry instanceof Connection)) return false;
      const details = this.#details?.get(entry);
      return key === (details ? details.key : this.#entries[entry.place]) && receiver === details?.receiver;
    }) as Connection | undefined;
  }

  #add(connection: Connection, listener: AnyListener): Connection {
    const entries = this.#entries;
    connection.place = entries.length;
    entries.push(listener);
    entries.push(connection);
    this.only = entries.length > WIDTH ? undefined : listener;
    return connection;
  }

  /** Called after a connection ended: closes the gaps if there are many and no emit runs, and updates {@link only}. */
  #settle(): void {
    if (!this.#emitting && this.#ended * 5 > this.#entries.length) {
      const entries = this.#entries;
      this.#entries = [];
      this.#ended = 0;
      for (const entry of entries) {
        if (entry instanceof Connection) this.#add(entry, entries[entry.place] as AnyListener);
      }
    }
    this.only = this.#entries.length > WIDTH ? undefined : ((this.#entries[0] as AnyListener | undefined) ?? NOTHING);
  }
}
