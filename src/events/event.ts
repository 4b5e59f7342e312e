import type { Link, Listener, ListenOptions } from './link.ts';
import { type AnyListener, Listeners } from './listeners.ts';
import { next, type NextOptions } from './next.ts';
import { EventStream, type StreamOptions } from './stream.ts';

declare const EVENT: unique symbol;

/** An event, whatever its arguments are. */
export interface AnyEvent {
  /** Does not exist at run time. It keeps a value that only looks like an event from being accepted as one. */
  readonly [EVENT]: true;
  /** The event's name among the events of its emitter; otherwise the one it was made with, or empty. */
  readonly name: string;
  /** How many listeners are connected. */
  readonly listenerCount: number;
  /** Ends every connection. Python: `Event.clearListeners`. */
  clearListeners(): void;
}

/**
 * An event with the arguments `A`. Calling it emits: every listener is called, synchronously and in
 * the order of connection. A listener that is disconnected during an emit is not called any more. One
 * that is connected during an emit is not called yet.
 *
 * When listeners throw, the others are still called. Then the emitter gets the error, or an
 * `AggregateError` if there were several.
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
   * @returns whether the listener was connected
   */
  removeListener(listener: Listener<A>): boolean;
  /**
   * Waits for the next emit and resolves with its arguments. It listens from the moment of the call.
   * @throws TimeoutError after `timeout`; the signal's reason when `signal` aborts
   */
  next(options?: NextOptions<A>): Promise<A>;
  /**
   * Returns every emit from the moment of the call on, to be read with `for await`. Nothing is missed
   * between two reads: unread emits are buffered, without bounds or as `limit` and `overflow` say.
   */
  stream(options?: StreamOptions): EventStream<A>;
}

const LISTENERS = Symbol('listeners of the event');

interface EventFunction extends Event<readonly unknown[]> {
  readonly [LISTENERS]: Listeners;
}

const eventMethods = /* @__PURE__ */ makeEventMethods();

function makeEventMethods(): object & ThisType<EventFunction> {
  return {
    __proto__: Function.prototype,
    get listenerCount() {
      return this[LISTENERS].count;
    },
    addListener(listener: AnyListener, options?: ListenOptions) {
      return this[LISTENERS].connect(listener, options);
    },
    removeListener(listener: AnyListener) {
      return disconnectSlot(this, listener);
    },
    clearListeners() {
      this[LISTENERS].clear();
    },
    next(options?: NextOptions<readonly unknown[]>) {
      return next(this, options);
    },
    stream(options?: StreamOptions) {
      return new EventStream(this, options);
    },
  };
}

/**
 * Makes an event. In a class, it is best to make several together with `events`, which gives them names.
 *
 * ```ts
 * const produced = event<[product: string]>();
 * produced.addListener((product) => console.log(product));
 * produced('tea');
 * ```
 */
export function event(name?: string): Event;
/**
 * Makes an event with the arguments `A`.
 *
 * ```ts
 * const produced = event<[product: string, price: number]>();
 * ```
 *
 * @param name - for messages; `events` gives each event the name of its property
 */
export function event<A extends readonly unknown[]>(name?: string): Event<A>;
export function event<A extends readonly unknown[]>(name = ''): Event<A> {
  // Named by a key, because the engine stores the properties of a renamed function as a table, where a lookup takes
  // longer.
  const keyed = {
    [name]: (...args: A): void => {
      const { only } = listeners;
      if (only !== undefined) only(...args);
      else listeners.emit(...args);
    },
  };
  const emit = keyed[name] as (...args: A) => void;
  const listeners = new Listeners(emit);
  Object.setPrototypeOf(emit, eventMethods);
  Object.defineProperty(emit, LISTENERS, { value: listeners });
  return emit as unknown as Event<A>;
}

/**
 * The place to connect the handler of a request: by calling it, or in the ways in which listeners are connected to an
 * event.
 *
 * @typeParam H - the handler
 */
export interface HandlerPoint<H extends (...args: never) => unknown> {
  /** Connects a handler. If there are several, the one that was connected first answers. */
  (handler: H, options?: ListenOptions): Link;
}

/** @internal Makes an event that is not emitted: calling it connects a listener. */
export function handlerPoint(): AnyEvent {
  const connect = (handler: AnyListener, options?: ListenOptions): Link => listeners.connect(handler, options);
  const listeners = new Listeners(connect);
  Object.setPrototypeOf(connect, eventMethods);
  Object.defineProperty(connect, LISTENERS, { value: listeners });
  return connect as unknown as AnyEvent;
}

/** @internal Returns the connected listeners, in order. Those that are disconnected before their turn are left out. */
export function listenersOf(target: AnyEvent): Iterable<AnyListener> {
  return (target as EventFunction)[LISTENERS];
}

/** @internal */
export function nameEvent(target: object, name: string): void {
  Object.defineProperty(target, 'name', { value: name, configurable: true });
}

/** Whether a value is an event of this package. */
export function isEvent(value: unknown): value is AnyEvent {
  return typeof value === 'function' && LISTENERS in value;
}

/** @internal Connects a function or, with a receiver, a method of it, so that {@link disconnectSlot} finds it. */
export function connectSlot(
  target: AnyEvent,
  slot: Listener<never>,
  options: ListenOptions | undefined,
  receiver?: object,
): Link {
  return (target as EventFunction)[LISTENERS].connect(slot as AnyListener, options, receiver);
}

/** @internal */
export function disconnectSlot(target: AnyEvent, slot: Listener<never>, receiver?: object): boolean {
  const found = (target as EventFunction)[LISTENERS].find(slot, receiver);
  found?.disconnect();
  return found !== undefined;
}
