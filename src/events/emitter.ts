import { ConnectError } from '../errors.ts';
import type { AnyEvent, Event } from './event.ts';
import { Events, type HasEventMap, type MapOfEvents } from './events.ts';
import type { Listener } from './link.ts';

/**
 * The map of an emitter's events. The emitter is an `Events` itself, an object with a property `events`, or an
 * object that keeps its events under another name.
 */
export type EventMapOfEmitter<E> =
  E extends HasEventMap<infer M>
    ? M
    : E extends { readonly events: HasEventMap<infer M> }
      ? M
      : { [K in keyof E]: E[K] extends HasEventMap<infer M> ? M : never }[keyof E];

/** The names of an emitter's events. */
export type EventName<E> = keyof EventMapOfEmitter<E> & string;

/** The names of the events in a map. */
export type NameIn<M> = keyof M & string;

/** The entry of a map under a name: the arguments of an event, or the handler of a request. */
export type MemberOf<M, Name> = Name extends keyof M
  ? M[Name] extends readonly unknown[] | AnyHandler
    ? M[Name]
    : never
  : never;

/** The arguments of one of the events in a map. */
export type ArgsOf<M, Name> = Name extends keyof M
  ? M[Name] extends readonly unknown[]
    ? M[Name]
    : M[Name] extends (...args: infer A) => unknown
      ? A
      : never
  : never;

/**
 * The function that is connected to a member of a map: a listener for an event, or a handler, which has to answer, for
 * a request. If the member may be any of several, the function fits them all.
 */
export type ListenerFor<Member> = AllOf<Member extends readonly unknown[] ? Listener<Member> : Member>;

/** A function that fits every one of the functions in the union `H`. */
export type AllOf<H> = (H extends unknown ? (handler: H) => void : never) extends (handler: infer All) => void
  ? All
  : never;

/** Any handler of a request. */
export type AnyHandler = (...args: never) => unknown;

/** The arguments of one of an emitter's events. */
export type EventArgs<E, Name extends PropertyKey> = ArgsOf<EventMapOfEmitter<E>, Name>;

/**
 * An emitter, as a parameter from which the compiler infers its events `M`. The compiler infers them from the
 * structure, because nothing else works for `this` in a class. If the property is not called `events`, `M` falls
 * back to its default, {@link EventMapOfEmitter}.
 */
export type Emitter<E, M> = E &
  (HasEventMap<M> | { readonly events: HasEventMap<M> } | object) &
  ([M] extends [never] ? HasEvents : unknown);

/** An emitter's events. The compiler's message shows this type when something is not an emitter. */
export interface HasEvents {
  readonly events: 'an emitter keeps its events in a public property made with events({…}), or is under @emits';
}

const EVENTS_ATTRIBUTE = Symbol.for('mreventloop.events.attribute');

/** @internal Records the name under which the instances of a class keep their events. */
export function setEventsAttribute(prototype: object, attribute: string): void {
  Object.defineProperty(prototype, EVENTS_ATTRIBUTE, { value: attribute, configurable: true });
}

/**
 * @internal Whether an object is a prototype, from which the instances of a class inherit. Tools read every property
 * of a prototype, and a value that a getter then made for it would be in every instance.
 */
export function isPrototype(owner: object): boolean {
  return Object.hasOwn(owner, 'constructor');
}

/** Returns the events of an emitter, wherever it keeps them. */
export function getEvents(emitter: object): Events {
  if (emitter instanceof Events) return emitter;
  const record = emitter as Record<PropertyKey, unknown>;
  const attribute = (record[EVENTS_ATTRIBUTE] ?? 'events') as string;
  const named = record[attribute];
  if (named instanceof Events) return named;
  // Last, because this runs the getters of the object.
  const found = Object.values(emitter).find((value) => value instanceof Events);
  if (found !== undefined) return found;
  throw new ConnectError(
    `${describe(emitter)} has no events in '${attribute}': make them with events({…}), or, under @emits, ` +
      `write 'declare readonly ${attribute}', as a field hides them`,
  );
}

/** Returns one event of an emitter. */
export function getEvent(emitter: object, name: string): AnyEvent {
  const all: object = getEvents(emitter);
  if (Object.hasOwn(all, name)) return (all as Record<string, AnyEvent>)[name] as AnyEvent;
  throw new ConnectError(`${describe(emitter)} has no event '${name}'; it has ${list(Object.keys(all))}`);
}

/**
 * Returns one event by its name, for functions that take the name as a parameter: in them, the compiler does not see
 * that `events[name]` is an event.
 *
 * ```ts
 * function useEvent<M extends MapOfEvents<M>, N extends keyof M & string>(
 *   all: Events<M>,
 *   name: N,
 *   listener: Listener<M[N]>,
 * ): Link {
 *   return connect(eventOf(all, name), listener);
 * }
 * ```
 *
 * @throws ConnectError when there is no event of that name
 */
export function eventOf<M extends MapOfEvents<M>, const Name extends keyof M & string>(
  all: Events<M>,
  name: Name,
): Event<M[Name]> {
  return getEvent(all, name) as unknown as Event<M[Name]>;
}

/** @internal Returns the name of an object's class, for messages. */
export function describe(value: unknown): string {
  if (typeof value === 'function') return value.name === '' ? 'a function' : `function ${value.name}`;
  if (typeof value !== 'object' || value === null) return typeof value;
  return (value as { constructor?: { name?: string } }).constructor?.name || 'an object';
}

function list(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(', ') || 'none';
}
