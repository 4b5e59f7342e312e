import { OverflowError, SelfAwaitError, SlotError } from '../errors.ts';
import { describe } from '../events/emitter.ts';
import { type Probe, probe } from '../trace/probe.ts';
import { currentCall, isTracked, runAs } from './current-call.ts';
import type { EventLoop } from './event-loop.ts';
import { isHandedOver } from './hand-over.ts';
import { type WithResolvers, withResolvers } from './with-resolvers.ts';

type Target = (...args: never[]) => unknown;
// Shared, since an empty list for each call would be a third of the garbage that a call leaves.
const NO_ARGUMENTS: readonly unknown[] = [];

type State = 'queued' | 'running' | 'fulfilled' | 'rejected';

/**
 * One call of a slot, queued on an event loop. It can be awaited like a promise: it fulfils with what
 * the slot returned, and rejects with what the slot threw. Not awaiting it is fine: a failed call that
 * nobody waits for is not an unhandled rejection, because the loop reports it.
 *
 * Python: `mreventloop.slot_call.SlotCall`, which gives None for a call that failed.
 */
export class SlotCall<R> implements Promise<R> {
  readonly #loop: EventLoop;
  readonly #target: Target;
  readonly #receiver: unknown;
  // Cleared when this call has ended, like all references to other calls: a slot that calls itself again
  // and again must not keep the whole chain alive.
  #createdIn: SlotCall<unknown> | undefined;
  #args: readonly unknown[];
  #state: State = 'queued';
  // What the slot returned or threw.
  #outcome: unknown;
  // Most calls are never awaited, so a promise is only made for a call that is awaited while it is under way.
  #waiting: WithResolvers<unknown> | undefined;
  // The calls that this one waits for while it runs. Those that have ended are removed when another is added.
  #waitsFor: Set<SlotCall<unknown>> | undefined;

  /** @internal Calls are made by {@link EventLoop.enqueue}. */
  constructor(loop: EventLoop, target: Target, receiver: unknown, args: readonly unknown[]) {
    this.#loop = loop;
    this.#target = target;
    this.#receiver = receiver;
    this.#args = args;
    this.#createdIn = currentCall();
  }

  get [Symbol.toStringTag](): string {
    return 'SlotCall';
  }

  /** @internal Whether the slot has begun and has not ended. */
  get isRunning(): boolean {
    return this.#state === 'running';
  }

  /** The names of the class and the slot, for messages. */
  get name(): string {
    const { name } = this.#target;
    if (typeof this.#receiver !== 'object' || this.#receiver === null) return name || 'an unnamed slot';
    return `${describe(this.#receiver)}.${name || nameOfField(this.#receiver, this.#target)}`;
  }

  // A call is awaited like a promise. As with promises, a handler of rejections chooses the type of its reason.
  // oxlint-disable-next-line unicorn/no-thenable, typescript/no-unnecessary-type-parameters
  then<T = R, E = never, Reason = unknown>(
    onFulfilled?: ((value: R) => T | PromiseLike<T>) | null,
    onRejected?: ((reason: Reason) => E | PromiseLike<E>) | null,
  ): Promise<T | E> {
    return this.#promise().then(onFulfilled, onRejected);
  }

  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters
  catch<E = never, Reason = unknown>(onRejected?: ((reason: Reason) => E | PromiseLike<E>) | null): Promise<R | E> {
    return this.#promise().catch(onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<R> {
    return this.#promise().finally(onFinally);
  }

  /**
   * @internal Runs the slot. The loop does this, once.
   * @returns a promise of the outcome if the slot has not ended yet; the loop then calls `settle` or `reject`
   */
  run(): Promise<unknown> | undefined {
    this.#state = 'running';
    try {
      const result = probe === undefined ? this.#call() : this.#callProbed(probe);
      this.#args = NO_ARGUMENTS;
      if (result instanceof Promise) return result;
      // A function may be a thenable as well.
      const thenable = result as PromiseLike<unknown> | null | undefined;
      if (typeof thenable?.then === 'function') return this.#follow(thenable);
      this.settle('fulfilled', result);
    } catch (error) {
      this.reject(error);
    }
    return undefined;
  }

  /** @internal Ends the call with what the slot threw. */
  reject(error: unknown): void {
    this.settle('rejected', error);
    if (isHandedOver(this)) return;
    this.#loop.slotFailed(error, () => {
      throw new SlotError(`slot ${this.name} failed: ${error instanceof Error ? error.name : typeof error}`, {
        cause: error,
      });
    });
  }

  /**
   * @internal Whether this call cannot end before the other one has ended. A queued call cannot end before
   * the one that its loop runs. A running call cannot end before those that it waits for. Only awaiting
   * closes a cycle, so a check at every await finds every cycle.
   */
  needs(other: SlotCall<unknown>): boolean {
    // Each call once, however many paths lead to it. The set grows while it is iterated.
    const needed = new Set<SlotCall<unknown>>([this]);
    for (const call of needed) {
      if (call.#state === 'queued') needed.add(call.#loop.current ?? call);
      else for (const next of call.#waitsFor ?? []) needed.add(next);
    }
    return needed.has(other);
  }

  /** @internal */
  drop(): void {
    this.settle('rejected', new OverflowError(`the call of ${this.name} was dropped: its event loop was full`));
  }

  // In a method of its own: one that contains a function allocates memory for their shared variables at every call.
  #callProbed(by: Probe): unknown {
    return by.run(this, () => this.#call());
  }

  #call(): unknown {
    return runAs(this, this.#target, this.#receiver, this.#args);
  }

  /** The result may be the call of another slot. This call then waits for that one. */
  #follow(result: PromiseLike<unknown>): Promise<unknown> {
    const wait = (): Promise<unknown> => new Promise((resolve, reject) => void result.then(resolve, reject));
    return runAs(this, wait, undefined, NO_ARGUMENTS) as Promise<unknown>;
  }

  /** @internal Ends the call with what the slot returned or threw, or with the reason why it was not called. */
  settle(state: 'fulfilled' | 'rejected', outcome: unknown): void {
    this.#state = state;
    this.#outcome = outcome;
    this.#args = NO_ARGUMENTS;
    this.#createdIn = undefined;
    this.#waitsFor = undefined;
    probe?.ended(this, state === 'rejected', outcome);
    if (this.#waiting === undefined) return;
    if (state === 'fulfilled') this.#waiting.resolve(outcome);
    else this.#waiting.reject(outcome);
  }

  #promise(): Promise<R> {
    if (this.#state === 'fulfilled') return Promise.resolve(this.#outcome as R);
    if (this.#state === 'rejected') return Promise.reject(this.#outcome);
    const waiter = this.#waiter();
    if (waiter !== undefined) {
      if (this.needs(waiter)) return Promise.reject(this.#selfAwait(waiter));
      waiter.#waitFor(this);
    }
    this.#waiting ??= withResolvers();
    return this.#waiting.promise as Promise<R>;
  }

  /** Returns the running slot that is about to wait for this call, if it is known. */
  #waiter(): SlotCall<unknown> | undefined {
    const current = currentCall();
    // If the context does not follow a slot across its awaits, a call that a running slot made is
    // assumed to be awaited by that slot.
    const creator = this.#createdIn;
    const waiter = current ?? (creator !== undefined && !isTracked(creator.#target) ? creator : undefined);
    return waiter?.isRunning ? waiter : undefined;
  }

  #waitFor(call: SlotCall<unknown>): void {
    const all = (this.#waitsFor ??= new Set());
    // A slot may wait for thousands of calls at once. All are checked only when their number has doubled.
    for (const earlier of all) {
      if (earlier.#state !== 'queued' && !earlier.isRunning) all.delete(earlier);
      else if ((all.size & (all.size - 1)) !== 0) break;
    }
    all.add(call);
  }

  #selfAwait(waiter: SlotCall<unknown>): SelfAwaitError {
    const holder = this.#state === 'queued' ? this.#loop.current : undefined;
    const reason =
      holder === undefined
        ? `which itself waits for ${waiter.name} to end`
        : `which cannot run before ${holder.name} has ended: they share an event loop`;
    return new SelfAwaitError(
      `slot ${waiter.name} waits for ${this.name}, ${reason}. Call it without awaiting it, or give it a loop of its own`,
    );
  }
}

function nameOfField(receiver: object, target: Target): string {
  // Without running the user's getters, which may throw.
  const isOfTarget = (key: string): boolean => {
    const { value } = Object.getOwnPropertyDescriptor(receiver, key) as TypedPropertyDescriptor<{ target?: unknown }>;
    return value?.target === target;
  };
  return Object.keys(receiver).find(isOfTarget) ?? '(unnamed)';
}
