import type { Event } from './event.ts';

/** The result of a {@link SyncEvent}: nothing, the one argument, or an array of several arguments. */
export type SyncEventResult<A extends readonly unknown[]> = number extends A['length']
  ? unknown
  : ResultOfLength<A, A['length']>;

// A tuple with optional arguments has several possible lengths. The result is then one of several types.
type ResultOfLength<A extends readonly unknown[], Length> = Length extends 0 ? void : Length extends 1 ? A[0] : A;

/**
 * Waits for the first emit of an event after this object was made. It resolves with the one argument, or with
 * an array of several. It can be awaited later, and more than once.
 *
 * ```ts
 * const produced = new SyncEvent(producer.events.produced);
 * producer.requestProduct();
 * const product = await produced;
 * ```
 *
 * Python: `mreventloop.SyncEvent`. `event.next` does the same with a timeout, a filter and a signal.
 */
export class SyncEvent<A extends readonly unknown[]> implements PromiseLike<SyncEventResult<A>> {
  readonly #result: Promise<SyncEventResult<A>>;

  constructor(source: Event<A>) {
    this.#result = source.next().then((args) => (args.length > 1 ? args : args[0]) as SyncEventResult<A>);
  }

  // This makes `await syncEvent` work. As with promises, a handler of rejections chooses the type of its reason.
  // oxlint-disable-next-line unicorn/no-thenable, typescript/no-unnecessary-type-parameters
  then<T = SyncEventResult<A>, E = never, Reason = unknown>(
    onFulfilled?: ((result: SyncEventResult<A>) => T | PromiseLike<T>) | null,
    onRejected?: ((reason: Reason) => E | PromiseLike<E>) | null,
  ): Promise<T | E> {
    return this.#result.then(onFulfilled, onRejected);
  }
}
