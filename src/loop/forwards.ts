import { ConnectError } from '../errors.ts';
import type { AsManySlotsAsEvents, SameLength } from '../events/connect.ts';
import {
  type ArgsOf,
  describe,
  type Emitter,
  type EventMapOfEmitter,
  getEvent,
  getEvents,
  isPrototype,
  type NameIn,
} from '../events/emitter.ts';
import type { Listener } from '../events/link.ts';
import { eventToSlotName } from '../events/names.ts';
import type { SlotName } from '../events/names.ts';
import { checkLoop, getEventLoop } from './owner.ts';

/** The slots that forwarding adds to an object: each takes the arguments of its event. */
export type ForwardingSlots<M, Slots extends readonly string[], Names extends readonly string[]> = {
  readonly [I in keyof Slots & `${number}` as Slots[I] & string]: (...args: ArgsOf<M, Names[I & keyof Names]>) => void;
};

/** The slots that forwarding adds to an object when the events are found by the slots' names. */
export type ForwardingSlotsByName<M, Slot extends string> = {
  readonly [N in NameIn<M> as SlotName<N> & Slot]: (...args: ArgsOf<M, N>) => void;
};

type AnyClass = abstract new (...args: never[]) => object;

type EventsOf<C extends AnyClass> = EventMapOfEmitter<InstanceType<C>>;

/** A class that declares the slots. Each takes only what its event takes, or anything if the events are not known. */
type ForwardingClass<C extends AnyClass, Slot extends string, Forwarding> = abstract new (...args: never[]) => {
  readonly [S in Slot]: ((...args: never[]) => unknown) &
    ([EventsOf<C>] extends [never]
      ? unknown
      : S extends keyof Forwarding
        ? Declared<S extends keyof InstanceType<C> ? InstanceType<C>[S] : unknown, Forwarding[S]>
        : HasEvent);
};

// A declared slot is the actual slot as seen from outside: it may take fewer arguments, or narrower ones.
type Declared<Slot, F> = F extends (...args: infer A) => void
  ? [A] extends [never]
    ? HasEvent
    : ((...args: A) => never) extends Slot
      ? unknown
      : SlotThatTakes<A>
  : never;

/** The name of a slot that has an event, in the compiler's message. */
interface HasEvent {
  readonly event: 'a slot is named after an event of the object, or the event is in the second list';
}

/** The name of a slot that takes no more than its event, in the compiler's message. */
interface SlotThatTakes<A extends readonly unknown[]> extends Listener<A> {
  readonly takes: A;
}

/**
 * Gives an object slots. Each slot emits an event of the same object with the same arguments, on the
 * object's event loop if it has one. Slots that the object has already stay as they are. The events are
 * named in the second list, or found by the slots' names (`onResult` emits `result`).
 *
 * ```ts
 * class Processor {
 *   readonly events = events({ result: event<[result: string]>() });
 *   declare onResult: (result: string) => void;
 *   constructor() { forwards(this, ['onResult']); }
 * }
 * ```
 *
 * As a decorator: `@forwards(['onResult'])` or `@forwards(['onResult'], ['result'])`.
 *
 * Python: `mreventloop.forwards`.
 *
 * @throws ConnectError when the lists differ in length or an event does not exist; under the decorator,
 *   a missing event is found when the slot is first called
 */
export function forwards<const S extends string>(
  slots: readonly S[],
): <C extends AnyClass>(
  target: C & ForwardingClass<C, S, ForwardingSlotsByName<EventsOf<C>, S>>,
  context: ClassDecoratorContext<C>,
) => void;
/**
 * As a decorator, with the events named: the first slot emits the first event, and so on.
 * @throws ConnectError when the lists differ in length; a missing event is found when the slot is first called
 */
export function forwards<const S extends readonly string[], const N extends readonly string[]>(
  slots: S,
  events: N & NoInfer<SameLength<S>>,
): <C extends AnyClass>(
  target: C & ForwardingClass<C, S[number], ForwardingSlots<EventsOf<C>, S, N>>,
  context: ClassDecoratorContext<C>,
) => void;
/**
 * Gives an object slots that emit events of the same object, on its event loop if it has one. The first slot emits the
 * first event, and so on.
 * @throws ConnectError when the lists differ in length or an event does not exist
 */
export function forwards<
  E extends object,
  const N extends readonly NameIn<M>[],
  const S extends AsManySlotsAsEvents<N['length']>,
  M = EventMapOfEmitter<E>,
>(owner: Emitter<E, M>, slots: S, events: N): E & ForwardingSlots<M, S, N>;
/**
 * Gives an object slots that emit events of the same object, on its event loop if it has one. Each slot is named after
 * its event.
 * @throws ConnectError when an event does not exist
 */
export function forwards<E extends object, const S extends SlotName<NameIn<M>>, M = EventMapOfEmitter<E>>(
  owner: Emitter<E, M>,
  slots: readonly S[],
): E & ForwardingSlotsByName<M, S>;
export function forwards(
  first: object | readonly string[],
  second?: readonly string[],
  third?: readonly string[],
): unknown {
  if (!Array.isArray(first)) {
    const pairs = pair(second ?? [], third);
    for (const { slot, event } of pairs) getEvent(first, event ?? eventFor(first, slot));
    install(first, pairs);
    return first;
  }
  const pairs = pair(first as readonly string[], second);
  return (target: abstract new () => object) => install(target.prototype as object, pairs);
}

interface Forwarding {
  slot: string;
  event: string | undefined;
}

function pair(slots: readonly string[], events: readonly string[] | undefined): Forwarding[] {
  if (events !== undefined && events.length !== slots.length) {
    throw new ConnectError(`${slots.length} slots cannot be paired with ${events.length} events`);
  }
  return slots.map((slot, i) => ({ slot, event: events?.[i] }));
}

function install(target: object, pairs: readonly Forwarding[]): void {
  for (const { slot, event } of pairs) {
    // A field that is only declared, or not set yet, counts as missing. Getters must not run on prototypes.
    if (isPrototype(target) ? slot in target : (target as Record<string, unknown>)[slot] !== undefined) continue;
    Object.defineProperty(target, slot, {
      configurable: true,
      writable: true,
      value(this: object, ...args: readonly unknown[]): unknown {
        const emit = getEvent(this, event ?? eventFor(this, slot)) as unknown as Listener<readonly unknown[]>;
        const loop = getEventLoop(this);
        if (loop !== undefined) return loop.enqueueFor(this, emit, args);
        checkLoop(this);
        return emit(...args);
      },
    });
  }
}

function eventFor(owner: object, slot: string): string {
  const found = Object.keys(getEvents(owner)).find((name) => eventToSlotName(name) === slot);
  if (found === undefined) throw new ConnectError(`${describe(owner)} has no event that slot '${slot}' could forward`);
  return found;
}
