import type { Link, Listener, ListenOptions } from './link.ts';

/** A listener, whatever arguments it takes. */
export type AnyListener = Listener<readonly unknown[]>;

/** One listener's place in an event. */
class Connection implements Link {
  /** Where its function is in the list; less than 0 once disconnected. */
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
}

const ENDED = -1;

/** What is known of a connection besides its function. Of most there is nothing more to know. */
interface Details {
  /** What the user connected, where something made from it is called. */
  readonly key: unknown;
  /** Whose slot that is. */
  readonly receiver: object | undefined;
  readonly onEnd: (() => void) | undefined;
}

/** What stands in the place of a listener that is gone. Calling it is quicker than asking each one whether it is there. */
const NOTHING: AnyListener = () => {};

/**
 * The listeners of one event, in order of connection. The places of ended connections stay in the list, empty, until
 * no emit runs and they make up half of it: so an emit walks a list that does not move, and disconnecting costs the
 * same however many there are.
 */
export class Listeners {
  /**
   * The only listener, to be called without any ado: nobody comes after it who could be disconnected meanwhile, or
   * for whom its error would have to wait. Does nothing where there is none; undefined where {@link emit} is needed.
   */
  only: AnyListener | undefined = NOTHING;
  readonly #event: { readonly name: string };
  // Side by side with the connections: going to each function by way of its connection took a tenth of an emit.
  #functions: AnyListener[] = [];
  #connections: (Connection | undefined)[] = [];
  #details: Map<Connection, Details> | undefined;
  #ended = 0;
  #emits = 0;

  /** @param event - whose listeners they are, for messages */
  constructor(event: { readonly name: string }) {
    this.#event = event;
  }

  get count(): number {
    return this.#functions.length - this.#ended;
  }

  /** The one that was connected first of those that still are. */
  get first(): AnyListener | undefined {
    return this.#functions.find((listener) => listener !== NOTHING);
  }

  connect(listener: AnyListener, options?: ListenOptions, receiver?: object): Link {
    if (typeof listener !== 'function') throw new TypeError('a listener must be a function');
    const connection = new Connection(this);
    if (options === undefined && receiver === undefined) return this.#add(connection, listener);
    const { signal, once, unique } = options ?? {};
    // Such a connection never gets a place.
    if (signal?.aborted === true) return connection;
    const existing = unique === true ? this.find(listener, receiver) : undefined;
    if (existing !== undefined) return existing;
    const onAbort = (): void => connection.disconnect();
    const onEnd = signal && (() => signal.removeEventListener('abort', onAbort));
    signal?.addEventListener('abort', onAbort);
    (this.#details ??= new Map()).set(connection, { key: listener, receiver, onEnd });
    const slot = receiver === undefined ? listener : listener.bind(receiver);
    const onceOnly: AnyListener = (...args) => {
      connection.disconnect();
      return slot(...args);
    };
    return this.#add(connection, once === true ? onceOnly : slot);
  }

  clear(): void {
    for (const connection of this.#connections.slice()) connection?.disconnect();
  }

  /** Ends a connection that has not ended. */
  end(connection: Connection): void {
    const { place } = connection;
    connection.place = ENDED;
    const details = this.#details?.get(connection);
    if (details !== undefined) {
      this.#details?.delete(connection);
      details.onEnd?.();
    }
    if (this.#emits === 0 && place === this.#functions.length - 1) {
      // What was connected last is often what is disconnected first.
      this.#functions.pop();
      this.#connections.pop();
    } else {
      this.#functions[place] = NOTHING;
      this.#connections[place] = undefined;
      this.#ended += 1;
    }
    this.#settle();
  }

  /** Calls all of them. Where there is an {@link only} one, that is called instead. */
  emit(...args: readonly unknown[]): void {
    const functions = this.#functions;
    const count = functions.length;
    const connected = count - this.#ended;
    let failures: unknown[] | undefined;
    let i = 0;
    this.#emits += 1;
    // One `try` around as many as do not fail, and nothing but calls within. The arguments are only spread, here and
    // on the way here: so the engine makes no array of them.
    while (i < count) {
      try {
        while (i < count) {
          const listener = functions[i++] as AnyListener;
          listener(...args);
        }
      } catch (error) {
        (failures ??= []).push(error);
      }
    }
    this.#emits -= 1;
    if (this.#ended > 0) this.#settle();
    if (failures === undefined) return;
    if (failures.length === 1) throw failures[0];
    const { name } = this.#event;
    throw new AggregateError(failures, `${failures.length} of ${connected} listeners of event '${name}' failed`);
  }

  #add(connection: Connection, listener: AnyListener): Connection {
    connection.place = this.#functions.push(listener) - 1;
    this.#connections.push(connection);
    this.#settle();
    return connection;
  }

  /** The oldest connection of a function, or of the slot of a receiver. */
  find(key: unknown, receiver?: object): Connection | undefined {
    return this.#connections.find((connection, place) => {
      const details = this.#details?.get(connection as Connection);
      if (details !== undefined) return details.key === key && details.receiver === receiver;
      return connection !== undefined && receiver === undefined && this.#functions[place] === key;
    });
  }

  /** After each change: closes the gaps when there are many and no emit runs, and looks for the {@link only} one. */
  #settle(): void {
    if (this.#ended > 0 && this.#emits === 0 && this.#ended * 2 >= this.#functions.length) {
      this.#functions = this.#functions.filter((listener) => listener !== NOTHING);
      const kept = this.#connections.filter((connection) => connection !== undefined);
      kept.forEach((connection, place) => (connection.place = place));
      this.#connections = kept;
      this.#ended = 0;
    }
    this.only = this.#functions.length > 1 ? undefined : (this.#functions[0] ?? NOTHING);
  }
}
