import { ConnectError } from '../errors.ts';
import { describe, isPrototype } from '../events/emitter.ts';
import { EventLoop } from './event-loop.ts';

const LOOP_ATTRIBUTE = Symbol.for('mreventloop.event-loop.attribute');

interface Owner {
  readonly [LOOP_ATTRIBUTE]?: string;
  [attribute: string]: unknown;
}

/**
 * Returns the event loop of an object, from `@hasEventLoop` or a field `eventLoop`, or undefined.
 * Python: `mreventloop.getEventLoop`.
 */
export function getEventLoop(owner: object): EventLoop | undefined {
  const loop = (owner as Owner)[(owner as Owner)[LOOP_ATTRIBUTE] ?? 'eventLoop'];
  return loop instanceof EventLoop ? loop : undefined;
}

/**
 * @internal
 * @throws ConnectError when a field of an object hides the loop that the decorator of its class gives it
 */
export function checkLoop(owner: object): void {
  const attribute = (owner as Owner)[LOOP_ATTRIBUTE];
  if (attribute === undefined || !Object.hasOwn(owner, attribute)) return;
  throw new ConnectError(`${describe(owner)} has no event loop: write 'declare ${attribute}', as a field hides it`);
}

/**
 * Gives an object another event loop, for example one that it shares. Queued calls stay where
 * they are. Python: `mreventloop.setEventLoop`.
 * @throws ConnectError when the object has no place for a loop, or `loop` is not an event loop
 */
export function setEventLoop(owner: object, loop: EventLoop): void {
  if (!(loop instanceof EventLoop)) throw new ConnectError(`expected an event loop, not ${describe(loop)}`);
  const attribute = (owner as Owner)[LOOP_ATTRIBUTE] ?? 'eventLoop';
  if (!(attribute in owner)) {
    throw new ConnectError(`${describe(owner)} has no '${attribute}': give it a field or put it under @hasEventLoop`);
  }
  (owner as Owner)[attribute] = loop;
}

/**
 * Class decorator: gives each instance an event loop of its own, which is made at its first use.
 *
 * ```ts
 * @hasEventLoop('eventLoop')
 * class Consumer {
 *   declare eventLoop: EventLoop;
 *   @slot async onProduced(product: string) {}
 * }
 * ```
 *
 * Python: `mreventloop.has_event_loop`. Without decorators: a field `eventLoop = new EventLoop()`.
 */
export function hasEventLoop<const Attribute extends string>(
  attribute: Attribute,
): <C extends abstract new (...args: never[]) => Record<Attribute, EventLoop>>(
  target: C,
  context: ClassDecoratorContext<C>,
) => void {
  return (target) => {
    const prototype = target.prototype as object;
    const set = (owner: object, loop: unknown): void => {
      Object.defineProperty(owner, attribute, { value: loop, enumerable: true, writable: true, configurable: true });
    };
    Object.defineProperty(prototype, LOOP_ATTRIBUTE, { value: attribute, configurable: true });
    Object.defineProperty(prototype, attribute, {
      configurable: true,
      get(this: object) {
        if (isPrototype(this)) return undefined;
        const loop = new EventLoop();
        set(this, loop);
        return loop;
      },
      set(this: object, loop: unknown) {
        set(this, loop);
      },
    });
  };
}
