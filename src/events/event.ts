import type { Link, Listener, ListenOptions } from './link.ts';
import { next, type NextOptions } from './next.ts';
import { EventStream, type StreamOptions } from './stream.ts';

declare const EVENT: unique symbol;

/** What can be said of an event whatever its arguments are. */
export interface AnyEvent {
  /** Nothing at run time: it keeps what only looks like an event from being taken for one. */
  readonly [EVENT]: true;
  /** The name it has among the events of its emitter; empty for an event on its own. */
  readonly name: string;
  /** How many listeners are connected. */
  readonly listenerCount: number;
  /** Ends every connection. Python: `Event.clearListeners`. */
  clearListeners(): void;
}

/**
 * An event with the arguments `A`. Calling it emits: every listener is called, synchronously and in
 * the order of connection. A listener that is disconnected during an emit is not called any more, one
 * that is connected during it is not called yet.
 *
 * When listeners throw, the others are called all the same; then the emitter gets the error, or an
 * `AggregateError` when there were several.
 *
 * Python: `mreventloop.events.Event`.
 *
 * @typeParam A - the arguments, best as a labelled tuple: `Event<[product: string, price: number]>`
 */
export interface Event<A extends readonly unknown[] = []> extends AnyEvent {
  (...args: A): void;
  /** Connects a listener. Python: `Event.addListener`. */
  addListener(listener: Listener<A>, options?: ListenOptions): Link;
  /**
   * Ends the oldest connection of a listener. Python: `Event.removeListener`, which raises when
   * there is none.
   * @returns whether there was one
   */
  removeListener(listener: Listener<A>): boolean;
  /**
   * Waits for the next emit and gives its arguments. It listens from the moment of the call.
   * @throws TimeoutError after `timeout`; the signal's reason when `signal` aborts
   */
  next(options?: NextOptions<A>): Promise<A>;
  /**
   * Every emit from the moment of the call on, to be read with `for await`. Nothing is missed
   * between two reads; what waits is kept, or bounded by `limit` and `overflow`.
   */
  stream(options?: StreamOptions): EventStream<A>;
}

/** Where a listener comes from, when it is the slot of a receiver: what disconnecting it looks for. */
interface Origin {
  readonly receiver: object;
  readonly slot: unknown;
}

type AnyListener = Listener<readonly unknown[]>;

/** One listener's place in an event. It stays where it is until the event has a quiet moment. */
class Connection implements Link {
  /** Undefined once disconnected, so that nothing is kept alive by a place that is still in the list. */
  listener: AnyListener | undefined;
  /** What the user passed, where `listener` is something made from it. */
  key: unknown;
  origin: Origin | undefined;
  onEnd: (() => void) | undefined;
  readonly #listeners: Listeners;

  constructor(listeners: Listeners, listener: AnyListener, key: unknown, origin: Origin | undefined) {
    this.#listeners = listeners;
    this.listener = listener;
    this.key = key;
    this.origin = origin;
  }

  get connected(): boolean {
    return this.listener !== undefined;
  }

  disconnect(): void {
    if (this.listener === undefined) return;
    this.listener = undefined;
    this.key = undefined;
    this.origin = undefined;
    this.onEnd?.();
    this.onEnd = undefined;
    this.#listeners.ended();
  }

  [Symbol.dispose](): void {
    this.disconnect();
  }
}

/** A connection that never was, because its signal had aborted before. */
const NEVER: Link = { connected: false, disconnect() {}, [Symbol.dispose]() {} };

/**
 * The listeners of one event, in order of connection. Ended connections stay in the list, empty,
 * until no emit runs and they make up half of it: so an emit walks a list that does not move, and
 * disconnecting costs the same however many there are.
 */
class Listeners {
  #connections: Connection[] = [];
  #ended = 0;
  #emits = 0;

  get count(): number {
    return this.#connections.length - this.#ended;
  }

  connect(listener: AnyListener, options: ListenOptions | undefined, origin: Origin | undefined): Link {
    if (typeof listener !== 'function') throw new TypeError('a listener must be a function');
    const { signal, once, unique } = options ?? {};
    if (signal?.aborted === true) return NEVER;
    if (unique === true) {
      const existing = this.#find(listener, origin);
      if (existing !== undefined) return existing;
    }
    const connection = new Connection(this, listener, listener, origin);
    if (once === true) {
      connection.listener = (...args) => {
        connection.disconnect();
        return listener(...args);
      };
    }
    if (signal !== undefined) {
      const onAbort = () => connection.disconnect();
      signal.addEventListener('abort', onAbort, { once: true });
      connection.onEnd = () => signal.removeEventListener('abort', onAbort);
    }
    this.#connections.push(connection);
    return connection;
  }

  disconnect(listener: unknown, origin: Origin | undefined): boolean {
    const found = this.#find(listener, origin);
    found?.disconnect();
    return found !== undefined;
  }

  clear(): void {
    for (const connection of this.#connections.slice()) connection.disconnect();
  }

  /** Called by a connection that has just ended. */
  ended(): void {
    this.#ended += 1;
    if (this.#emits === 0 && this.#ended * 2 >= this.#connections.length) this.#compact();
  }

  emit(name: string, args: readonly unknown[]): void {
    const connections = this.#connections;
    const count = connections.length;
    let failures: unknown[] | undefined;
    let called = 0;
    this.#emits += 1;
    for (let i = 0; i < count; i += 1) {
      const listener = connections[i]?.listener;
      if (listener === undefined) continue;
      called += 1;
      try {
        listener(...args);
      } catch (error) {
        (failures ??= []).push(error);
      }
    }
    this.#emits -= 1;
    if (this.#emits === 0 && this.#ended > 0) this.#compact();
    if (failures === undefined) return;
    if (failures.length === 1) throw failures[0];
    throw new AggregateError(failures, `${failures.length} of ${called} listeners of event '${name}' failed`);
  }

  #compact(): void {
    this.#connections = this.#connections.filter((connection) => connection.connected);
    this.#ended = 0;
  }

  /** The oldest connection that passes a test. */
  find(test: (connection: Connection) => boolean): Connection | undefined {
    return this.#connections.find(test);
  }

  /** Of a listener; with an origin, of that slot of that receiver. Those that have ended have neither. */
  #find(key: unknown, origin: Origin | undefined): Connection | undefined {
    return this.find((connection) =>
      origin === undefined
        ? connection.key === key
        : connection.origin?.receiver === origin.receiver && connection.origin.slot === origin.slot,
    );
  }
}

const LISTENERS = Symbol('listeners of the event');

interface EventFunction extends Event<readonly unknown[]> {
  readonly [LISTENERS]: Listeners;
}

const eventMethods = Object.create(Function.prototype, {
  listenerCount: {
    get(this: EventFunction) {
      return this[LISTENERS].count;
    },
  },
  addListener: {
    value(this: EventFunction, listener: AnyListener, options?: ListenOptions) {
      return this[LISTENERS].connect(listener, options, undefined);
    },
  },
  removeListener: {
    value(this: EventFunction, listener: AnyListener) {
      return this[LISTENERS].disconnect(listener, undefined);
    },
  },
  clearListeners: {
    value(this: EventFunction) {
      this[LISTENERS].clear();
    },
  },
  next: {
    value(this: EventFunction, options?: NextOptions<readonly unknown[]>) {
      return next(this, options);
    },
  },
  stream: {
    value(this: EventFunction, options?: StreamOptions) {
      return new EventStream(this, options);
    },
  },
}) as object;

/**
 * Makes an event. In a class, several are best made together with `events`, which gives them names.
 *
 * ```ts
 * const produced = event<[product: string]>();
 * produced.addListener((product) => console.log(product));
 * produced('tea');
 * ```
 */
export function event(name?: string): Event;
export function event<A extends readonly unknown[]>(name?: string): Event<A>;
export function event<A extends readonly unknown[]>(name = ''): Event<A> {
  const listeners = new Listeners();
  const emit = (...args: A): void => listeners.emit(emit.name, args);
  Object.setPrototypeOf(emit, eventMethods);
  Object.defineProperty(emit, LISTENERS, { value: listeners });
  nameEvent(emit, name);
  return emit as unknown as Event<A>;
}

/**
 * Where the handler of a request is connected: by calling it, or as the listeners of an event are.
 *
 * @typeParam H - the handler
 */
export interface HandlerPoint<H extends (...args: never) => unknown> {
  /** Connects a handler. Where there are several, the one that was connected first answers. */
  (handler: H, options?: ListenOptions): Link;
}

/** @internal An event that is not emitted: calling it connects a listener. */
export function handlerPoint(): AnyEvent {
  const listeners = new Listeners();
  const connect = (handler: AnyListener, options?: ListenOptions): Link =>
    listeners.connect(handler, options, undefined);
  Object.setPrototypeOf(connect, eventMethods);
  Object.defineProperty(connect, LISTENERS, { value: listeners });
  return connect as unknown as AnyEvent;
}

/** @internal What was connected first of what still is. */
export function firstListener(target: AnyEvent): AnyListener | undefined {
  return (target as EventFunction)[LISTENERS].find(({ connected }) => connected)?.listener;
}

/** @internal */
export function nameEvent(target: object, name: string): void {
  Object.defineProperty(target, 'name', { value: name, configurable: true });
}

/** Whether a value is an event of this package. */
export function isEvent(value: unknown): value is AnyEvent {
  return typeof value === 'function' && LISTENERS in value;
}

/** @internal Connects a function or, with a receiver, its method, so that {@link disconnectSlot} finds it. */
export function connectSlot(
  target: AnyEvent,
  slot: Listener<never>,
  receiver: object | undefined,
  options: ListenOptions | undefined,
): Link {
  const listeners = (target as EventFunction)[LISTENERS];
  if (receiver === undefined) return listeners.connect(slot as AnyListener, options, undefined);
  return listeners.connect(slot.bind(receiver) as AnyListener, options, { receiver, slot });
}

/** @internal */
export function disconnectSlot(target: AnyEvent, slot: Listener<never>, receiver: object | undefined): boolean {
  const listeners = (target as EventFunction)[LISTENERS];
  return listeners.disconnect(slot, receiver === undefined ? undefined : { receiver, slot });
}
