import { ConnectError } from '../errors.ts';
import { describe } from '../events/emitter.ts';
import { checkLoop, getEventLoop } from './owner.ts';
import type { EventLoop } from './event-loop.ts';
import type { SlotCall } from './slot-call.ts';

/** A slot as a function: calling it queues a call on its owner's event loop. */
export type Slot<A extends readonly unknown[], R> = (...args: A) => SlotCall<Awaited<R>>;

type Callable = (...args: never[]) => unknown;

type Method<This, A extends readonly unknown[], R> = (this: This, ...args: A) => R;

type ReturnsNothingOrPromise = (...args: never[]) => void | Promise<unknown>;

interface HasEventLoop {
  readonly eventLoop: EventLoop;
}

/**
 * Makes a slot: a function that, when called, queues `fn` on the owner's event loop (its field
 * `eventLoop`, as it is at the moment of the call) and returns a call that can be awaited.
 *
 * ```ts
 * class Consumer {
 *   eventLoop = new EventLoop();
 *   onProduced = slot(this, (product: string) => product.length);
 * }
 * const length = await consumer.onProduced('tea');
 * ```
 *
 * As a decorator, `@slot` does the same for a method that returns nothing or a promise. On an object
 * without an event loop, the method runs at once, as in Python.
 *
 * Python: `mreventloop.slot`.
 *
 * @throws ConnectError when called on an owner without an event loop; OverflowError when the loop is full; ConnectError
 *   at once for a value that is not a function, as when the compiler's option `experimentalDecorators` is on
 */
export function slot<A extends readonly unknown[], R>(owner: HasEventLoop, fn: (...args: A) => R): Slot<A, R>;
/**
 * Makes a method a slot, as a decorator: calling it queues a call on the event loop of its object, from the field
 * `eventLoop` or from `@hasEventLoop`. On an object without an event loop, the method runs at once, as in Python.
 *
 * ```ts
 * class Consumer {
 *   eventLoop = new EventLoop();
 *   @slot async onProduced(product: string) {}
 * }
 * ```
 *
 * The method must return nothing or a promise, because its callers get a promise. Python: `mreventloop.slot`.
 *
 * @throws OverflowError when it is called and the loop is full
 */
export function slot<This extends object, A extends readonly unknown[], R extends void | Promise<unknown>>(
  method: Method<This, A, R>,
  context: ClassMethodDecoratorContext<This, Method<This, A, R>>,
): Method<This, A, R>;
// The last overload is not a form of its own. If a call fits no overload, the compiler reports only why it does not fit
// the last one. This one does not accept the call either, but says what is wrong in terms of the form that was meant.
export function slot<Second>(
  first: Second extends DecoratorContext ? ReturnsNothingOrPromise : HasEventLoop,
  second: Second extends DecoratorContext ? ClassMethodDecoratorContext : Second extends Callable ? Second : Callable,
): never;
export function slot(first: unknown, second: unknown): unknown {
  if (typeof second === 'function') return field(first as object, second as (...args: unknown[]) => unknown);
  if (typeof first === 'function') return decorated(first as Method<object, unknown[], unknown>);
  // Legacy decorators get other arguments, and what they return would not be used.
  throw new ConnectError('slot takes a function, or is a standard decorator: turn experimentalDecorators off');
}

function decorated(method: Method<object, unknown[], unknown>): Method<object, unknown[], unknown> {
  function queued(this: object, ...args: unknown[]): unknown {
    const loop = getEventLoop(this);
    if (loop !== undefined) return loop.enqueueFor(this, method, args);
    checkLoop(this);
    return method.apply(this, args);
  }
  return Object.defineProperty(queued, 'name', { value: method.name });
}

function field(owner: object, fn: (...args: unknown[]) => unknown): unknown {
  const queued = (...args: unknown[]): SlotCall<unknown> => {
    const loop = getEventLoop(owner);
    if (loop === undefined) throw new ConnectError(`${describe(owner)} has a slot, but no 'eventLoop' to run it on`);
    return loop.enqueueFor(owner, fn, args);
  };
  // For messages: an arrow function in a field has no name, but the field has one.
  return Object.assign(queued, { target: fn });
}
