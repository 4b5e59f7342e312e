import { OverflowError, SelfAwaitError, SlotError } from '../errors.ts';
import { describe } from '../events/emitter.ts';
import { currentCall, isTracked, runAs } from './current-call.ts';
import type { EventLoop } from './event-loop.ts';

type Target = (...args: never[]) => unknown;
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
  // Forgotten, like the calls that wait, when the call has ended: a slot that calls itself again and
  // again must not keep the whole chain alive.
  #createdIn: SlotCall<unknown> | undefined;
  #args: readonly unknown[];
  #state: State = 'queued';
  // What the slot returned or threw.
  #outcome: unknown;
  // Most calls are never awaited: the promise is made for those that are, while they are under way.
  #waiting: Waiting | undefined;
  #awaitedBy: Set<SlotCall<unknown>> | undefined;

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

  /** Class and slot, for messages. */
  get name(): string {
    const { name } = this.#target;
    if (typeof this.#receiver !== 'object' || this.#receiver === null) return name || 'an unnamed slot';
    return `${describe(this.#receiver)}.${name || nameOfField(this.#receiver, this.#target)}`;
  }

  // A call is awaited like a promise.
  // oxlint-disable-next-line unicorn/no-thenable
  then<T = R, E = never>(
    onFulfilled?: ((value: R) => T | PromiseLike<T>) | null,
    onRejected?: ((reason: unknown) => E | PromiseLike<E>) | null,
  ): Promise<T | E> {
    return this.#promise().then(onFulfilled, onRejected);
  }

  catch<E = never>(onRejected?: ((reason: unknown) => E | PromiseLike<E>) | null): Promise<R | E> {
    return this.#promise().catch(onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<R> {
    return this.#promise().finally(onFinally);
  }

  /**
   * @internal Runs the slot; the loop does this, once.
   * @returns a promise, never rejected, where the slot takes its time
   */
  run(): PromiseLike<void> | undefined {
    this.#state = 'running';
    try {
      const result = runAs(this, this.#target, this.#receiver, this.#args);
      this.#args = [];
      if (isThenable(result)) {
        // Waiting for the slot's own result happens in the name of the slot.
        const wait = (): PromiseLike<void> =>
          result.then(
            (value) => this.#fulfill(value),
            (error) => this.#reject(error),
          );
        return runAs(this, wait, undefined, []) as PromiseLike<void>;
      }
      this.#fulfill(result);
    } catch (error) {
      this.#reject(error);
      // The program ends in the microtask that comes next: no slot is to run before it.
      if (this.#loop.exitOnException) return Promise.resolve();
    }
    return undefined;
  }

  /** @internal Whether the loop can run nothing else before this call has ended. */
  occupies(loop: EventLoop): boolean {
    return this.#holderOf(loop) !== undefined;
  }

  /** @internal */
  drop(): void {
    this.#settle('rejected', new OverflowError(`the call of ${this.name} was dropped: its event loop was full`));
  }

  #fulfill(value: unknown): void {
    this.#settle('fulfilled', value);
  }

  #reject(error: unknown): void {
    this.#settle('rejected', error);
    const report = new SlotError(`slot ${this.name} failed: ${error instanceof Error ? error.name : typeof error}`, {
      cause: error,
    });
    this.#loop.slotFailed(error, report);
  }

  #settle(state: 'fulfilled' | 'rejected', outcome: unknown): void {
    this.#state = state;
    this.#outcome = outcome;
    this.#args = [];
    this.#createdIn = undefined;
    this.#awaitedBy = undefined;
    if (this.#waiting === undefined) return;
    if (state === 'fulfilled') this.#waiting.resolve(outcome);
    else this.#waiting.reject(outcome);
  }

  #promise(): Promise<R> {
    if (this.#state === 'fulfilled') return Promise.resolve(this.#outcome as R);
    if (this.#state === 'rejected') return Promise.reject(this.#outcome);
    const waiter = this.#waiter();
    const holder = waiter === undefined ? undefined : waiter.#holderOf(this.#loop);
    if (waiter !== undefined && holder !== undefined) {
      return Promise.reject(
        new SelfAwaitError(
          `slot ${waiter.name} waits for ${this.name}, which cannot run before ${holder.name} has ended: ` +
            'they share an event loop. Call it without awaiting it, or give it a loop of its own',
        ),
      );
    }
    if (waiter !== undefined) (this.#awaitedBy ??= new Set()).add(waiter);
    if (this.#waiting === undefined) {
      this.#waiting = withResolvers();
      // Each `then` has its own promise to be handled; this one is not to be reported as well.
      this.#waiting.promise.catch(() => {});
    }
    return this.#waiting.promise as Promise<R>;
  }

  /** The running slot that is about to wait for this call, where that is known. */
  #waiter(): SlotCall<unknown> | undefined {
    const current = currentCall();
    if (current !== undefined) return current;
    // Where the context does not follow a slot across its awaits, a call that a running slot made is
    // taken to be awaited by that slot.
    const creator = this.#createdIn;
    return creator !== undefined && creator.#state === 'running' && !isTracked(creator.#target) ? creator : undefined;
  }

  /** Of the slots that wait for one another up to this one: the one that occupies the loop. */
  #holderOf(loop: EventLoop): SlotCall<unknown> | undefined {
    if (this.#loop === loop && this.#state === 'running') return this;
    for (const waiter of this.#awaitedBy ?? []) {
      const holder = waiter.#holderOf(loop);
      if (holder !== undefined) return holder;
    }
    return undefined;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

function nameOfField(receiver: object, target: Target): string {
  const field = Object.entries(receiver).find(
    ([, value]) => typeof value === 'function' && (value as { target?: unknown }).target === target,
  );
  return field?.[0] ?? '(unnamed)';
}

interface Waiting {
  readonly promise: Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

// Promise.withResolvers is younger than Node 20.
function withResolvers(): Waiting {
  let resolve!: Waiting['resolve'];
  let reject!: Waiting['reject'];
  const promise = new Promise<unknown>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
