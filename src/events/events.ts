import { ConnectError } from '../errors.ts';
import { type AnyEvent, type Event, event, isEvent, nameEvent } from './event.ts';

/** Event names and their arguments: `{ produced: [product: string]; sold_out: [] }`. */
export type EventMap = Record<string, readonly unknown[]>;

/** The form that a map of events must have, as a type or an interface: lists of arguments, keyed by event names. */
export type MapOfEvents<M> = { readonly [Name in keyof M]: readonly unknown[] };

/** Events of which only the names are known. Their arguments are `unknown`. */
export type UntypedEvents<Names extends string> = { [Name in Names]: unknown[] };

// Carries the map in the type, so that the map can be inferred from `Events`. It does not exist at run time.
declare const EVENT_MAP: unique symbol;

/** A value whose type says which events belong to it. */
export interface HasEventMap<M> {
  readonly [EVENT_MAP]: M;
}

/**
 * The events of one emitter: one property for each event, under its name.
 *
 * Python: `mreventloop.Events`.
 */
export type Events<M extends MapOfEvents<M> = EventMap> = {
  readonly [Name in keyof M]: Event<M[Name]>;
} & HasEventMap<M>;

interface EventsConstructor {
  /**
   * Makes events by name, as in Python: `new Events(['produced'])`. Their arguments are `unknown`, unless
   * the map is given or inferred from the context: `new Events<{ produced: [product: string] }>(['produced'])`.
   * {@link events} infers everything and is the better form.
   */
  new <const Name extends string, M extends MapOfEvents<M> & Record<Name, readonly unknown[]> = UntypedEvents<Name>>(
    names: readonly Name[],
  ): Events<M>;
  new <M extends MapOfEvents<M> = EventMap>(names: readonly (keyof M & string)[]): Events<M>;
  readonly prototype: Events;
}

export const Events = class Events {
  constructor(names: readonly string[]) {
    for (const name of names) define(this, name, event());
  }
} as unknown as EventsConstructor;

/** The events in a record, as {@link events} takes them. */
export type EventRecord = Record<string, AnyEvent>;

/** The arguments of the events in a record. */
export type EventMapOf<R> = { [Name in keyof R]: R[Name] extends Event<infer A> ? A : never };

/**
 * Makes the events of an emitter and gives them their names.
 *
 * ```ts
 * class Producer {
 *   readonly events = events({ produced: event<[product: string]>() });
 *   requestProduct() { this.events.produced('some product'); }
 * }
 * ```
 */
export function events<const R extends EventRecord>(
  record: R,
): Events<{ [Name in keyof R & string]: R[Name] extends Event<infer A> ? A : never }> {
  // The return type is EventMapOf, written out, so that the resulting type is shown. It also leaves out the key that
  // carries the map of spread events, which declarations could not name.
  const made = new Events<EventMap>([]);
  for (const [name, member] of Object.entries(record)) define(made, name, member);
  return made as never;
}

/**
 * Adds an event to existing events, and returns them with the type that includes the new one.
 * Python: `events += 'sold_out'`.
 *
 * ```ts
 * const more = addEvent(producer.events, 'sold_out', event<[left: number]>());
 * more.sold_out(0);
 * ```
 *
 * @throws ConnectError when an event of that name exists already
 */
export function addEvent<M extends MapOfEvents<M>, const Name extends string, A extends readonly unknown[] = unknown[]>(
  target: Events<M>,
  name: Name,
  added: Event<A> = event<A>(),
): Events<M & Record<Name, A>> {
  define(target, name, added);
  return target as unknown as Events<M & Record<Name, A>>;
}

/** Returns the names of the events, in the order in which they were made. */
export function eventNames<M extends MapOfEvents<M>>(target: Events<M>): (keyof M & string)[] {
  return Object.keys(target) as (keyof M & string)[];
}

function define(target: object, name: string, member: AnyEvent): void {
  if (name === '' || name === '__proto__') throw new ConnectError(`'${name}' cannot be the name of an event`);
  if (!isEvent(member)) throw new ConnectError(`'${name}' must be an event, made with event()`);
  if (Object.hasOwn(target, name)) throw new ConnectError(`there is an event '${name}' already`);
  nameEvent(member, name);
  Object.defineProperty(target, name, { value: member, enumerable: true });
}
