import type { AnyEvent } from './event.ts';
import { addEvent, Events } from './events.ts';
import { isPrototype, setEventsAttribute } from './emitter.ts';

/** A class whose instances declare the events that a decorator makes. */
export type EmitterClass<Attribute extends string, Name extends string> = abstract new (
  ...args: never[]
) => Record<Attribute, Record<Name, AnyEvent>>;

/**
 * Class decorator: gives each instance its events. They are made at their first use, even in a constructor.
 * A subclass with an `@emits` of its own has the events of both classes, if the base class has its events under
 * `@emits` with the same attribute, too. A field of the base class hides the events of the subclass.
 *
 * ```ts
 * @emits('events', ['produced'])
 * class Producer {
 *   declare readonly events: Events<{ produced: [product: string] }>;
 * }
 * ```
 *
 * Python: `mreventloop.emits`. The field form needs no decorator: `readonly events = events({…})`.
 */
export function emits<const Attribute extends string, const Name extends string>(
  attribute: Attribute,
  names: readonly Name[],
): <C extends EmitterClass<Attribute, Name>>(target: C, context: ClassDecoratorContext<C>) => void {
  return (target) => {
    const prototype = target.prototype as object;
    const inherited = inheritedProperty(prototype, attribute);
    setEventsAttribute(prototype, attribute);
    Object.defineProperty(prototype, attribute, {
      configurable: true,
      get(this: object) {
        if (isPrototype(this)) return undefined;
        const made = (inherited?.get?.call(this) ?? new Events([])) as Events;
        for (const name of names) addEvent(made, name);
        // From now on the instance has them as its own property.
        Object.defineProperty(this, attribute, { value: made, enumerable: true, configurable: true });
        return made;
      },
    });
  };
}

function inheritedProperty(prototype: object, attribute: string): PropertyDescriptor | undefined {
  for (let owner: object | null = prototype; owner !== null; owner = Object.getPrototypeOf(owner) as object | null) {
    const property = Object.getOwnPropertyDescriptor(owner, attribute);
    if (property !== undefined) return property;
  }
  return undefined;
}
