import { ConnectError } from '../errors.ts';
import {
  type AllOf,
  type AnyHandler,
  describe,
  type Emitter,
  type EventMapOfEmitter,
  getEvent,
  getEvents,
  type HasEvents,
  type ListenerFor,
  type MemberOf,
  type NameIn,
} from './emitter.ts';
import { type AnyEvent, connectSlot, disconnectSlot, type Event, type HandlerPoint, isEvent } from './event.ts';
import { type Link, LinkGroup, type Listener, type ListenOptions } from './link.ts';
import { eventToSlotName, type SlotName } from './names.ts';

/** How {@link connect} and {@link disconnect} find the slots of a receiver. */
export interface SlotNameOptions {
  /**
   * Whether the name of a slot is derived from that of its event (`produced` → `onProduced`) or is exactly
   * the same. This is for slots that are found by their names. Python: `use_slot_names`.
   * @default true
   */
  slotNames?: boolean | undefined;
}

/** How {@link connect} connects. */
export interface ConnectOptions extends ListenOptions, SlotNameOptions {}

/** The name of the slot for an event, under given options. */
export type SlotNameFor<Name extends string, O> = O extends { slotNames: false } ? Name : SlotName<Name>;

/** A receiver with a slot of a given name, which takes the arguments of an event or answers a request. */
export type HasSlot<Name extends string, Member> = { readonly [N in Name]: ListenerFor<Member> };

/** A receiver whose slots take the arguments of the events whose names they match. It needs at least one such slot. */
export type SlotsByName<M, O> = string extends keyof M
  ? object
  : { readonly [N in keyof M & string as SlotNameFor<N, O>]?: ListenerFor<MemberOf<M, N>> };

// With the conditions, the compiler's messages show the slots instead of a type name with three parameters.
/** A receiver with a slot for each of the events in the list. */
export type HasSlots<M, Names extends readonly string[], O> = [M] extends [never]
  ? never
  : { readonly [N in Names[number] as SlotNameFor<N, O>]: ListenerFor<MemberOf<M, N>> };

/** A receiver with a named slot for each event in a list, position by position. */
export type HasNamedSlots<M, Names extends readonly string[], Slots extends readonly string[]> = [M] extends [never]
  ? never
  : { readonly [S in Slots[number]]: ListenerAt<M, Names, Slots, S> };

// A slot may be named for several events: then it takes the arguments of each. From functions that take a listener,
// the compiler infers one listener that fits them all.
type ListenerAt<M, Names extends readonly string[], Slots extends readonly string[], S> = {
  [I in keyof Names]: I extends keyof Slots
    ? Slots[I] extends S
      ? (listener: ListenerFor<MemberOf<M, Names[I]>>) => void
      : never
    : never;
}[number] extends (listener: infer L) => void
  ? L
  : never;

/** A list of slots that is as long as the list of events. */
export type SameLength<Names extends readonly string[]> = { readonly [I in keyof Names]: string };

// What the last overloads of `connect` report: the type that belongs in each place, given the other arguments.
type MeantEmitter<E, M> = E extends AnyEvent ? E : [M] extends [never] ? HasEvents : Emitter<E, M>;

type MeantEvents<E, M, W> = [E] extends [AnyEvent]
  ? MeantListener<E>
  : W extends string
    ? MeantEvent<M, W>
    : W extends readonly string[]
      ? { readonly [I in keyof W]: MeantEvent<M, W[I]> }
      : SlotsByName<M, ConnectOptions>;

type MeantListener<E> = AllOf<E extends Event<infer A> ? Listener<A> : E extends HandlerPoint<infer H> ? H : never>;

type MeantEvent<M, Name> = Name extends keyof M ? Name : keyof M & string;

type MeantTarget<E, M, W, S> = [E] extends [AnyEvent]
  ? ListenOptions
  : [W] extends [string]
    ? S extends string
      ? HasSlot<S, MemberOf<M, W>>
      : ListenerFor<MemberOf<M, W>> | HasSlot<SlotNameFor<W, S>, MemberOf<M, W>>
    : W extends readonly string[]
      ? S extends readonly string[]
        ? HasNamedSlots<M, W, S>
        : HasSlots<M, W, S>
      : ConnectOptions;

type MeantSlot<W, S> = S extends string | readonly string[]
  ? W extends readonly string[]
    ? S extends { readonly length: W['length'] }
      ? S
      : AsManySlotsAsEvents<W['length']>
    : S extends string
      ? S
      : string
  : S extends ConnectOptions
    ? S
    : ConnectOptions;

/** The name of a list of slots of the right length, in the compiler's message. */
export interface AsManySlotsAsEvents<Length> extends ReadonlyArray<string> {
  readonly length: Length & number;
}

/** Connects an event to a function: `connect(producer.events.produced, (product) => …)`. */
export function connect<A extends readonly unknown[]>(
  event: Event<A>,
  slot: NoInfer<Listener<A>>,
  options?: ListenOptions,
): Link;
/** Connects a request to the handler that answers it: `connect(seller.serve.price_of, (product) => …)`. */
export function connect<H extends AnyHandler>(
  request: AnyEvent & HandlerPoint<H>,
  handler: NoInfer<H>,
  options?: ListenOptions,
): Link;
/**
 * Connects every event of the emitter for which the receiver has a slot by its name
 * (`produced` → `onProduced`).
 * @throws ConnectError when there is no such slot
 */
export function connect<E extends object, M = EventMapOfEmitter<E>, const O extends ConnectOptions = {}>(
  emitter: Emitter<E, M>,
  receiver: NoInfer<SlotsByName<M, O>>,
  options?: O,
): Link;
/** Connects one event to a function, or to the receiver's slot by its name. */
export function connect<
  E extends object,
  const N extends NameIn<M>,
  M = EventMapOfEmitter<E>,
  const O extends ConnectOptions = {},
>(
  emitter: Emitter<E, M>,
  event: N,
  target: NoInfer<ListenerFor<MemberOf<M, N>>> | NoInfer<HasSlot<SlotNameFor<N, O>, MemberOf<M, N>>>,
  options?: O,
): Link;
/** Connects several events to the receiver's slots by their names. */
export function connect<
  E extends object,
  const N extends readonly NameIn<M>[],
  M = EventMapOfEmitter<E>,
  const O extends ConnectOptions = {},
>(emitter: Emitter<E, M>, events: N, receiver: NoInfer<HasSlots<M, N, O>>, options?: O): Link;
/** Connects one event to the named slot of the receiver. */
export function connect<
  E extends object,
  const N extends NameIn<M>,
  R extends object,
  const S extends keyof R & string,
  M = EventMapOfEmitter<E>,
>(
  emitter: Emitter<E, M>,
  event: N,
  receiver: R & NoInfer<HasSlot<S, MemberOf<M, N>>>,
  slot: S,
  options?: ListenOptions,
): Link;
/** Connects several events to the named slots of the receiver: the first event to the first slot, and so on. */
export function connect<
  E extends object,
  const N extends readonly NameIn<M>[],
  R extends object,
  const S extends readonly (keyof R & string)[],
  M = EventMapOfEmitter<E>,
>(
  emitter: Emitter<E, M>,
  events: N,
  receiver: R & NoInfer<HasNamedSlots<M, N, S>>,
  slots: S & NoInfer<SameLength<N>>,
  options?: ListenOptions,
): Link;
// The last two overloads are not forms of their own. If a call fits no overload, the compiler reports only why it does
// not fit the last one. These two do not accept the call either, but say what is wrong in terms of the form that was
// meant.
/** Connects an event to a function, or an emitter to a receiver. */
export function connect<E extends object, M = EventMapOfEmitter<E>>(
  from: MeantEmitter<E, M>,
  to: [E] extends [AnyEvent] ? MeantListener<E> : SlotsByName<M, ConnectOptions>,
): Link;
/** Connects one event or several, to a function or to slots, with options. */
export function connect<E extends object, const W, const S = undefined, M = EventMapOfEmitter<E>>(
  from: MeantEmitter<E, M>,
  what: MeantEvents<E, NoInfer<M>, W>,
  target: NoInfer<MeantTarget<E, M, W, S>>,
  slot?: MeantSlot<W, S>,
  options?: ListenOptions,
): Link;
export function connect(...args: readonly unknown[]): Link {
  const [first, second, third] = args;
  // The simplest form, without any detour.
  if (isEvent(first)) return connectSlot(first, functionIn(second), optionsIn(third));
  const [pairs, options] = parse(args);
  const links = pairs.map(({ event, slot, receiver }) => connectSlot(event, slot, options, receiver));
  return typeof second === 'string' ? (links[0] as Link) : new LinkGroup(links);
}

/**
 * Ends all connections of an event.
 * @returns the number of connections that it ended
 */
export function disconnect(event: AnyEvent): number;
/** Ends the connection of an event to a function. */
export function disconnect<A extends readonly unknown[]>(event: Event<A>, slot: NoInfer<Listener<A>>): number;
/** Ends the connection of a request to a handler. */
export function disconnect<H extends AnyHandler>(request: AnyEvent & HandlerPoint<H>, handler: NoInfer<H>): number;
/** Ends every connection of every event of the emitter. */
export function disconnect<E extends object, M = EventMapOfEmitter<E>>(emitter: Emitter<E, M>): number;
/** Ends every connection of one of the emitter's events. */
export function disconnect<E extends object, M = EventMapOfEmitter<E>>(
  emitter: Emitter<E, M>,
  event: NoInfer<NameIn<M>>,
): number;
/** Ends the connections between an emitter and a receiver that one `connect(emitter, receiver)` makes, the oldest first. */
export function disconnect<E extends object, M = EventMapOfEmitter<E>, const O extends SlotNameOptions = {}>(
  emitter: Emitter<E, M>,
  receiver: NoInfer<SlotsByName<M, O>>,
  options?: O,
): number;
/** Ends the connection of one event to a function, or to the receiver's slot by its name. */
export function disconnect<
  E extends object,
  const N extends NameIn<M>,
  M = EventMapOfEmitter<E>,
  const O extends SlotNameOptions = {},
>(
  emitter: Emitter<E, M>,
  event: N,
  target: NoInfer<ListenerFor<MemberOf<M, N>>> | NoInfer<HasSlot<SlotNameFor<N, O>, MemberOf<M, N>>>,
  options?: O,
): number;
/** Ends the connections of several events to the receiver's slots by their names. */
export function disconnect<
  E extends object,
  const N extends readonly NameIn<M>[],
  M = EventMapOfEmitter<E>,
  const O extends SlotNameOptions = {},
>(emitter: Emitter<E, M>, events: N, receiver: NoInfer<HasSlots<M, N, O>>, options?: O): number;
/** Ends the connection of one event to the named slot of the receiver. */
export function disconnect<
  E extends object,
  const N extends NameIn<M>,
  R extends object,
  const S extends keyof R & string,
  M = EventMapOfEmitter<E>,
>(emitter: Emitter<E, M>, event: N, receiver: R & NoInfer<HasSlot<S, MemberOf<M, N>>>, slot: S): number;
/** Ends the connections of several events to the named slots of the receiver. */
export function disconnect<
  E extends object,
  const N extends readonly NameIn<M>[],
  R extends object,
  const S extends readonly (keyof R & string)[],
  M = EventMapOfEmitter<E>,
>(
  emitter: Emitter<E, M>,
  events: N,
  receiver: R & NoInfer<HasNamedSlots<M, N, S>>,
  slots: S & NoInfer<SameLength<N>>,
): number;
// As with `connect`, the last three overloads are there for their messages.
/** Ends the connections of an emitter or an event. */
export function disconnect<E extends object, M = EventMapOfEmitter<E>>(from: MeantEmitter<E, M>): number;
/** Ends the connections of an event to a function, or of an emitter to a receiver. */
export function disconnect<E extends object, const W, M = EventMapOfEmitter<E>>(
  from: MeantEmitter<E, M>,
  what: MeantEvents<E, NoInfer<M>, W>,
): number;
/** Ends the connections of one event or several, to a function or to slots. */
export function disconnect<E extends object, const W, const S = undefined, M = EventMapOfEmitter<E>>(
  from: MeantEmitter<E, M>,
  what: MeantEvents<E, NoInfer<M>, W>,
  target: NoInfer<MeantTarget<E, M, W, S>>,
  slot?: MeantSlot<W, S>,
): number;
export function disconnect(...args: readonly unknown[]): number {
  const [first, second] = args;
  if (isEvent(first)) {
    return args.length === 1 ? clear([first]) : Number(disconnectSlot(first, functionIn(second)));
  }
  if (args.length === 1) return clear(Object.values(getEvents(emitterIn(first))));
  if (args.length === 2 && typeof second === 'string') return clear([getEvent(emitterIn(first), second)]);
  const [pairs] = parse(args);
  return pairs.filter(({ event, slot, receiver }) => disconnectSlot(event, slot, receiver)).length;
}

function clear(events: readonly AnyEvent[]): number {
  let count = 0;
  for (const event of events) {
    count += event.listenerCount;
    event.clearListeners();
  }
  return count;
}

/** One event and what it is connected to: a function, or a function of a receiver. */
interface Pair {
  event: AnyEvent;
  slot: Listener<never>;
  receiver?: object;
}

type Parsed = [pairs: Pair[], options: ConnectOptions | undefined];

/** Tells the forms of `connect` and `disconnect` apart, also for callers that the compiler did not check. */
function parse(args: readonly unknown[]): Parsed {
  const [first, second, third, fourth, fifth] = args;
  const emitter = emitterIn(first);
  const single = typeof second === 'string';

  if (single || Array.isArray(second)) {
    const names = [second].flat() as string[];
    const named = typeof fourth === 'string' || Array.isArray(fourth);
    const options = optionsIn(named ? fifth : fourth);
    const slotNames = named ? ([fourth].flat() as string[]) : names.map((name) => slotNameOf(name, options));
    if (names.length !== slotNames.length) {
      throw new ConnectError(`${names.length} events cannot be paired with ${slotNames.length} slots`);
    }
    // A class may be a receiver, too. A function is one if the name of a slot is given, or if it has a slot for the event.
    const [slotName] = slotNames as [string];
    if (single && !named && typeof third === 'function' && (!(slotName in third) || slotName in Function.prototype)) {
      return [[{ event: getEvent(emitter, second), slot: functionIn(third) }], options];
    }
    const receiver = receiverIn(third);
    return [names.map((name, i) => slotPair(emitter, name, receiver, slotNames[i] as string)), options];
  }

  const options = optionsIn(third);
  return [pairsByName(emitter, receiverIn(second), options), options];
}

function pairsByName(emitter: object, receiver: Receiver, options: ConnectOptions | undefined): Pair[] {
  // An optional slot may be present as a property without a value.
  const names = Object.keys(getEvents(emitter)).filter((name) => receiver[slotNameOf(name, options)] !== undefined);
  if (names.length === 0) {
    throw new ConnectError(`${describe(receiver)} has no slot for any event of ${describe(emitter)}`);
  }
  return names.map((name) => slotPair(emitter, name, receiver, slotNameOf(name, options)));
}

function slotPair(emitter: object, eventName: string, receiver: Receiver, slotName: string): Pair {
  const event = getEvent(emitter, eventName);
  const slot = receiver[slotName];
  if (typeof slot !== 'function') {
    throw new ConnectError(`${describe(receiver)} has no slot '${slotName}' for event '${eventName}'`);
  }
  return { event, slot: slot as Listener<never>, receiver };
}

function functionIn(value: unknown): Listener<never> {
  expect(typeof value === 'function', 'a function', value);
  return value as Listener<never>;
}

function emitterIn(value: unknown): object {
  expect(isObject(value), 'an event or an emitter first', value);
  return value;
}

/** An object that may have slots. */
type Receiver = Readonly<Record<string, unknown>>;

function receiverIn(value: unknown): Receiver {
  expect(isObject(value), 'a receiver', value);
  return value as Receiver;
}

function slotNameOf(eventName: string, options: ConnectOptions | undefined): string {
  return options?.slotNames === false ? eventName : eventToSlotName(eventName);
}

function optionsIn(value: unknown): ConnectOptions | undefined {
  expect(value === undefined || isObject(value), 'options', value);
  return value;
}

function expect(condition: boolean, what: string, value: unknown): asserts condition {
  if (!condition) throw new ConnectError(`expected ${what}, not ${describe(value)}`);
}

function isObject(value: unknown): value is object {
  return Object(value) === value;
}
