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
 * nobody waits for is no unhandled rejection, the loop reports it.
 *
 * Python: `mreventloop.slot_call.SlotCall`, which gives None for a call that failed.
 */
export class SlotCall<R> implements Promise<R> {
  readonly #loop: EventLoop;
  readonly #target: Target;
  readonly #receiver: unknown;
  // Forgotten, as all that leads to other calls, when this one has ended: a slot that calls itself again
  // and again must not keep the whole chain alive.
  #createdIn: SlotCall<unknown> | undefined;
  #args: readonly unknown[];
  #state: State = 'queued';
  // What the slot returned or threw.
  #outcome: unknown;
  // Most calls are never awaited: the promise is made for those that are, while they are under way.
  #waiting: WithResolvers<unknown> | undefined;
  // The calls that this one, while it runs, waits for. Those that have ended are taken out when one is added.
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

  /** @internal Whether its slot has begun and not ended. */
  get isRunning(): boolean {
    return this.#state === 'running';
  }

  /** Class and slot, for messages. */
  get name(): string {
    const { name } = this.#target;
    if (typeof this.#receiver !== 'object' || this.#receiver === null) return name || 'an unnamed slot';
    return `${describe(this.#receiver)}.${name || nameOfField(this.#receiver, this.#target)}`;
  }

  // A call is awaited like a promise. As there, who handles a rejection says what it takes the reason for.
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
   * @internal Runs the slot; the loop does this, once.
   * @returns where the slot takes its time, a promise of how it ends, which the loop tells: `settle` or `reject`
   */
  run(): Promise<unknown> | undefined {
    this.#state = 'running';
    try {
      const result = probe === undefined ? this.#call() : this.#callProbed(probe);
      this.#args = NO_ARGUMENTS;
      if (result instanceof Promise) return result;
      // Functions may be awaited as well.
      const thenable = result as PromiseLike<unknown> | null | undefined;
      if (typeof thenable?.then === 'function') return this.#follow(thenable);
      this.settle('fulfilled', result);
    } catch (error) {
      this.reject(error);
    }
    return undefined;
  }

  /** @internal The slot has ended, with what it threw. */
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
   * @internal Whether this call cannot end before the other one has: a call that is queued cannot before
   * the one that its loop runs, a running one not before those that it waits for. Only awaiting closes a
   * circle, so that looking whenever something is awaited finds every one.
   */
  needs(other: SlotCall<unknown>): boolean {
    // Each once, however many ways lead to it. The set grows while it is walked.
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

  // Apart, because a method with a function in it allocates memory for what they share each time it is called.
  #callProbed(by: Probe): unknown {
    return by.run(this, () => this.#call());
  }

  #call(): unknown {
    return runAs(this, this.#target, this.#receiver, this.#args);
  }

  /** It may be the call of another slot, which this one waits for then. */
  #follow(result: PromiseLike<unknown>): Promise<unknown> {
    const wait = (): Promise<unknown> => new Promise((resolve, reject) => void result.then(resolve, reject));
    return runAs(this, wait, undefined, NO_ARGUMENTS) as Promise<unknown>;
  }

  /** @internal The slot has ended, with what it returned; or it was not called. */
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

  /** The running slot that is about to wait for this call, where that is known. */
  #waiter(): SlotCall<unknown> | undefined {
    const current = currentCall();
    // Where the context does not follow a slot across its awaits, a call that a running slot made is
    // taken to be awaited by that slot.
    const creator = this.#createdIn;
    const waiter = current ?? (creator !== undefined && !isTracked(creator.#target) ? creator : undefined);
    return waiter?.isRunning ? waiter : undefined;
  }

  #waitFor(call: SlotCall<unknown>): void {
    const all = (this.#waitsFor ??= new Set());
    // A slot may wait for thousands at once. All are looked at only when there are twice as many as the last time.
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
