import { ConnectError } from '../errors.ts';
import { describe, type EventArgs, type EventMapOfEmitter, type EventName, getEvent, getEvents } from './emitter.ts';
import { type AnyEvent, connectSlot, disconnectSlot, type Event, isEvent } from './event.ts';
import { type Link, LinkGroup, type Listener, type ListenOptions } from './link.ts';
import { eventToSlotName, type SlotName } from './names.ts';

/** How {@link connect} and {@link disconnect} find the slots of a receiver. */
export interface SlotNameOptions {
  /**
   * Whether a slot that is found by its name is named after the event in the slot's way
   * (`produced` → `onProduced`), or just as the event is. Python: `use_slot_names`.
   * @default true
   */
  slotNames?: boolean | undefined;
}

/** How {@link connect} connects. */
export interface ConnectOptions extends ListenOptions, SlotNameOptions {}

/** The name that a slot for an event has, under given options. */
export type SlotNameFor<Name extends string, O> = O extends { slotNames: false } ? Name : SlotName<Name>;

/** A receiver with a slot of that name that takes these arguments. */
export type HasSlot<Name extends string, A extends readonly unknown[]> = { readonly [N in Name]: Listener<A> };

/** A receiver whose slots, where their names fit, take the arguments of the emitter's events. */
export type FittingSlots<E, R, O> = {
  readonly [N in EventName<E> as SlotNameFor<N, O> & keyof R]: Listener<EventArgs<E, N>>;
};

/** The names of the receiver's members that take the arguments `A`. */
export type SlotsFor<R, A extends readonly unknown[]> = {
  [K in keyof R]-?: R[K] extends Listener<A> ? K : never;
}[keyof R] &
  string;

/** The names of slots for a list of events, position by position. */
export type SlotNamesFor<E, Names extends readonly string[], R> = {
  readonly [I in keyof Names]: SlotsFor<R, EventArgs<E, Names[I]>>;
};

/** A receiver with a slot for each of the events. */
export type HasSlots<E, Names extends readonly string[], O> = {
  readonly [N in Names[number] as SlotNameFor<N, O>]: Listener<EventArgs<E, N>>;
};

/** Connects an event to a function: `connect(producer.events.produced, (product) => …)`. */
export function connect<A extends readonly unknown[]>(
  event: Event<A>,
  slot: NoInfer<Listener<A>>,
  options?: ListenOptions,
): Link;
/**
 * Connects every event of the emitter for which the receiver has a slot by its name
 * (`produced` → `onProduced`).
 * @throws ConnectError when there is none
 */
export function connect<E extends object, R extends object, const O extends ConnectOptions = {}>(
  emitter: E & ([EventMapOfEmitter<E>] extends [never] ? HasEvents : unknown),
  receiver: R & FittingSlots<E, R, O>,
  options?: O,
): Link;
/** Connects one event to a function, or to the receiver's slot by its name. */
export function connect<E extends object, const N extends EventName<E>, const O extends ConnectOptions = {}>(
  emitter: E,
  event: N,
  target: NoInfer<Listener<EventArgs<E, N>>> | NoInfer<HasSlot<SlotNameFor<N, O>, EventArgs<E, N>>>,
  options?: O,
): Link;
/** Connects several events to the receiver's slots by their names. */
export function connect<E extends object, const N extends readonly EventName<E>[], const O extends ConnectOptions = {}>(
  emitter: E,
  events: N,
  receiver: NoInfer<HasSlots<E, N, O>>,
  options?: O,
): Link;
/** Connects one event to the named slot of the receiver. */
export function connect<E extends object, const N extends EventName<E>, R extends object>(
  emitter: E,
  event: N,
  receiver: R,
  slot: SlotsFor<R, EventArgs<E, N>>,
  options?: ListenOptions,
): Link;
/** Connects several events to the named slots of the receiver, the first to the first and so on. */
export function connect<E extends object, const N extends readonly EventName<E>[], R extends object>(
  emitter: E,
  events: N,
  receiver: R,
  slots: SlotNamesFor<E, N, R>,
  options?: ListenOptions,
): Link;
export function connect(...args: readonly unknown[]): Link {
  const { pairs, options, group } = parse(args);
  const links = pairs.map(({ event, slot, receiver }) => connectSlot(event, slot, receiver, options));
  return group ? new LinkGroup(links) : (links[0] as Link);
}

/** An emitter's events, for the compiler's message where something is none. */
export interface HasEvents {
  readonly events: 'an emitter keeps its events in a public property made with events({…}), or is under @emits';
}

/**
 * Ends connections: all of an event.
 * @returns how many connections it ended
 */
export function disconnect(event: AnyEvent): number;
/** Ends the connection of an event to a function. */
export function disconnect<A extends readonly unknown[]>(event: Event<A>, slot: NoInfer<Listener<A>>): number;
/** Ends every connection of every event of the emitter. */
export function disconnect(emitter: object): number;
/** Ends every connection of one of the emitter's events. */
export function disconnect<E extends object>(emitter: E, event: EventName<E>): number;
/** Ends the connections between an emitter and a receiver that `connect(emitter, receiver)` makes. */
export function disconnect(emitter: object, receiver: object, options?: SlotNameOptions): number;
/** Ends the connection of one event to a function, or to the receiver's slot by its name. */
export function disconnect<E extends object>(
  emitter: E,
  event: EventName<E>,
  target: object,
  options?: SlotNameOptions,
): number;
/** Ends the connections of several events to the receiver's slots by their names. */
export function disconnect<E extends object>(
  emitter: E,
  events: readonly EventName<E>[],
  receiver: object,
  options?: SlotNameOptions,
): number;
/** Ends the connection of one event to the named slot of the receiver. */
export function disconnect<E extends object, R extends object>(
  emitter: E,
  event: EventName<E>,
  receiver: R,
  slot: keyof R & string,
): number;
/** Ends the connections of several events to the named slots of the receiver. */
export function disconnect<E extends object, R extends object>(
  emitter: E,
  events: readonly EventName<E>[],
  receiver: R,
  slots: readonly (keyof R & string)[],
): number;
export function disconnect(...args: readonly unknown[]): number {
  const [first, second] = args;
  if (args.length === 1 && isEvent(first)) return clear(first);
  if (args.length === 1) return sum(Object.values(getEvents(first as object)).map(clear));
  if (args.length === 2 && typeof second === 'string') return clear(getEvent(first as object, second));
  const ended = parse(args).pairs.map(({ event, slot, receiver }) => disconnectSlot(event, slot, receiver));
  return ended.filter(Boolean).length;
}

function clear(event: AnyEvent): number {
  const count = event.listenerCount;
  event.clearListeners();
  return count;
}

function sum(counts: readonly number[]): number {
  return counts.reduce((total, count) => total + count, 0);
}

/** One event and what it is connected to: a function, or a function of a receiver. */
interface Pair {
  event: AnyEvent;
  slot: Listener<never>;
  receiver?: object;
}

interface Parsed {
  pairs: Pair[];
  options: ConnectOptions | undefined;
  group: boolean;
}

/** Tells the forms of `connect` and `disconnect` apart, for callers that the compiler did not check, too. */
function parse(args: readonly unknown[]): Parsed {
  const [emitter, second, third, fourth, fifth] = args;
  if (isEvent(emitter)) {
    return { pairs: [functionPair(emitter, second)], options: optionsIn(third), group: false };
  }
  if (!isObject(emitter)) throw new ConnectError(`expected an event or an emitter first, not ${describe(emitter)}`);

  if (typeof second === 'string') {
    // A class may be a receiver too: a function with a slot's name beside it is one.
    if (typeof third === 'function' && typeof fourth !== 'string') {
      return { pairs: [functionPair(getEvent(emitter, second), third)], options: optionsIn(fourth), group: false };
    }
    const named = typeof fourth === 'string';
    const options = optionsIn(named ? fifth : fourth);
    const slotName = named ? fourth : slotNameOf(second, options);
    return { pairs: [slotPair(emitter, second, third, slotName)], options, group: false };
  }

  if (Array.isArray(second)) {
    const names = second as string[];
    const named = Array.isArray(fourth);
    const options = optionsIn(named ? fifth : fourth);
    const slotNames = named ? (fourth as string[]) : names.map((name) => slotNameOf(name, options));
    if (names.length !== slotNames.length) {
      throw new ConnectError(`${names.length} events cannot be paired with ${slotNames.length} slots`);
    }
    const pairs = names.map((name, i) => slotPair(emitter, name, third, slotNames[i] as string));
    return { pairs, options, group: true };
  }

  const options = optionsIn(third);
  return { pairs: pairsByName(emitter, second, options), options, group: true };
}

function pairsByName(emitter: object, receiver: unknown, options: ConnectOptions | undefined): Pair[] {
  if (!isObject(receiver)) throw new ConnectError(`expected a receiver, not ${describe(receiver)}`);
  const names = Object.keys(getEvents(emitter)).filter((name) => slotNameOf(name, options) in receiver);
  if (names.length === 0) {
    throw new ConnectError(`${describe(receiver)} has no slot for any event of ${describe(emitter)}`);
  }
  return names.map((name) => slotPair(emitter, name, receiver, slotNameOf(name, options)));
}

function functionPair(event: AnyEvent, slot: unknown): Pair {
  if (typeof slot !== 'function') throw new ConnectError(`expected a function, not ${describe(slot)}`);
  return { event, slot: slot as Listener<never> };
}

function slotPair(emitter: object, eventName: string, receiver: unknown, slotName: string): Pair {
  const event = getEvent(emitter, eventName);
  if (!isObject(receiver)) throw new ConnectError(`expected a receiver, not ${describe(receiver)}`);
  const slot = (receiver as Record<string, unknown>)[slotName];
  if (typeof slot !== 'function') {
    throw new ConnectError(`${describe(receiver)} has no slot '${slotName}' for event '${eventName}'`);
  }
  return { event, slot: slot as Listener<never>, receiver };
}

function slotNameOf(eventName: string, options: ConnectOptions | undefined): string {
  return options?.slotNames === false ? eventName : eventToSlotName(eventName);
}

function optionsIn(value: unknown): ConnectOptions | undefined {
  if (value === undefined || isObject(value)) return value;
  throw new ConnectError(`expected options, not ${describe(value)}`);
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function';
}
