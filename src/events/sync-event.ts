import type { Event } from './event.ts';

/** What a {@link SyncEvent} gives: nothing, the one argument, or an array of several. */
export type SyncEventResult<A extends readonly unknown[]> = number extends A['length']
  ? unknown
  : ResultOfLength<A, A['length']>;

// Optional arguments give a tuple of several lengths: then the result is one of several things.
type ResultOfLength<A extends readonly unknown[], Length> = Length extends 0 ? void : Length extends 1 ? A[0] : A;

/**
 * Waits for the first emit of an event after its creation: one argument gives that argument, several
 * give an array. It can be awaited later, and more than once.
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

  // This is what makes `await syncEvent` work. As with promises, who handles a rejection says what it takes the reason for.
  // oxlint-disable-next-line unicorn/no-thenable, typescript/no-unnecessary-type-parameters
  then<T = SyncEventResult<A>, E = never, Reason = unknown>(
    onFulfilled?: ((result: SyncEventResult<A>) => T | PromiseLike<T>) | null,
    onRejected?: ((reason: Reason) => E | PromiseLike<E>) | null,
  ): Promise<T | E> {
    return this.#result.then(onFulfilled, onRejected);
  }
}
