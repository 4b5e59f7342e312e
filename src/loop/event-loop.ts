import { OverflowError, SelfAwaitError, StateError } from '../errors.ts';
import { event } from '../events/event.ts';
import { type Events, events } from '../events/events.ts';
import { BoundedQueue, type OverflowPolicy, type QueueOptions } from '../queue/bounded-queue.ts';
import { probe } from '../trace/probe.ts';
import { currentCall, runAsNone } from './current-call.ts';
import { isSliceOver, tell, yieldToRuntime } from './runtime.ts';
import { SlotCall } from './slot-call.ts';
import { type WithResolvers, withResolvers } from './with-resolvers.ts';

/** How an event loop treats failures, and how much it queues. */
export interface EventLoopOptions extends QueueOptions {
  /**
   * Whether an exception in a slot ends the program, after it was emitted and reported, with exit
   * code 1. Python: `exit_on_exception`.
   * @default true
   */
  exitOnException?: boolean | undefined;
}

/** What a bounded event loop had to drop. */
export interface LoopOverflow {
  /** The policy under which it was dropped. */
  readonly policy: OverflowPolicy;
  /** How many calls this loop has dropped in all. */
  readonly dropped: number;
}

/** The events of an event loop. */
export type EventLoopEvents = Events<{
  /** It begins to run what is queued. */
  started: [];
  /** All that was queued has been run after `stop()`. */
  stopped: [];
  /** It turns to calls that wait. */
  active: [];
  /** No call waits any more. */
  idle: [];
  /** A slot threw or rejected, with this. */
  exception: [error: unknown];
  /** It was bounded and had to drop a call. */
  overflow: [overflow: LoopOverflow];
}>;

/**
 * Runs slots: strictly one at a time, in the order in which they were called. An async slot is awaited
 * before the next one begins. Objects may share a loop; then their slots form one line.
 *
 * Calls made before the start are kept and run then. A loop emits, in its `events`,
 * - `started`, then `idle`, when it starts, and `stopped` when it has stopped;
 * - `active` when it turns to calls that wait, `idle` when none waits any more;
 * - `exception` with what a slot threw;
 * - `overflow` when it was bounded and had to drop a call.
 *
 * ```ts
 * await using loop = consumer.eventLoop.start();
 * ```
 *
 * Python: `mreventloop.EventLoop`.
 */
export class EventLoop implements AsyncDisposable {
  /** What it tells of itself, to be connected to. Its listeners are called at once, not as slots. */
  readonly events: EventLoopEvents = events({
    started: event(),
    stopped: event(),
    active: event(),
    idle: event(),
    exception: event<[error: unknown]>(),
    overflow: event<[overflow: LoopOverflow]>(),
  });
  /** Whether an exception in a slot ends the program. */
  readonly exitOnException: boolean;
  readonly #queue: BoundedQueue<SlotCall<unknown>>;
  #current: SlotCall<unknown> | undefined;
  #dropped = 0;
  #state: 'stopped' | 'running' | 'stopping' = 'stopped';
  #draining = false;
  #rouse: (() => void) | undefined;
  /** A slot has failed and the program is about to end, unless somebody catches that. */
  #isEnding = false;
  #stop: WithResolvers<void> | undefined;

  /** @throws RangeError or TypeError for a limit or a policy that makes no sense */
  constructor(options: EventLoopOptions = {}) {
    this.exitOnException = options.exitOnException ?? true;
    this.#queue = new BoundedQueue<SlotCall<unknown>>(options, (call) => this.#drop(call));
  }

  /** Whether it runs what is queued: from `start()` until `stopped` was emitted. */
  get running(): boolean {
    return this.#state !== 'stopped';
  }

  /** How many calls wait. */
  get size(): number {
    return this.#queue.length;
  }

  /**
   * Starts to run what is queued. A loop that was stopped can be started again. Slots run in the asynchronous context
   * (`AsyncLocalStorage`) of the start, whoever calls them.
   * @returns the loop itself, for `await using`
   * @throws StateError when it runs already
   */
  start(): this {
    if (this.#state !== 'stopped') throw new StateError('the event loop runs already');
    this.#state = 'running';
    // A slot may start it, which the slots that run here are no part of.
    void runAsNone(() => this.#untilRoused());
    tell(this.events.started);
    tell(this.events.idle);
    this.#wake();
    return this;
  }

  /**
   * Runs all that is queued, also what is added meanwhile, then emits `stopped`.
   * @throws SelfAwaitError when one of its own slots awaits it; the loop stops all the same
   */
  stop(): Promise<void> {
    if (this.#state === 'stopped') return Promise.resolve();
    if (this.#stop === undefined) {
      this.#stop = withResolvers<void>();
      this.#state = 'stopping';
      this.#wake();
    }
    const caller = currentCall();
    if (caller === undefined || this.#current?.needs(caller) !== true) return this.#stop.promise;
    const refused = Promise.reject<void>(
      new SelfAwaitError(`slot ${caller.name} waits for its own event loop to stop. Stop it without awaiting that`),
    );
    // Stopping without awaiting is what the message recommends.
    refused.catch(() => {});
    return refused;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /**
   * Queues a call, also while the loop is not running. Python: `EventLoop.enqueue`.
   * @returns the call, which can be awaited
   * @throws OverflowError when the loop is full and its policy is `'error'`
   */
  enqueue<A extends readonly unknown[], R>(target: (...args: A) => R, ...args: A): SlotCall<Awaited<R>> {
    return this.enqueueFor(undefined, target, args);
  }

  /** As {@link enqueue}, for a method of `receiver`. */
  enqueueFor<This, A extends readonly unknown[], R>(
    receiver: This,
    target: (this: This, ...args: A) => R,
    args: A,
  ): SlotCall<Awaited<R>> {
    const call = new SlotCall<Awaited<R>>(this, target, receiver, args);
    // First: it may be dropped at once.
    probe?.queued(call);
    try {
      this.#queue.push(call);
    } catch (cause) {
      const error = new OverflowError(`${call.name} was called, but its event loop is full`, { cause });
      call.settle('rejected', error);
      throw error;
    }
    if (this.#state !== 'stopped') this.#wake();
    return call;
  }

  /** @internal The call that it runs. */
  get current(): SlotCall<unknown> | undefined {
    return this.#current;
  }

  /**
   * @internal
   * @param report - throws what is to be thrown as uncaught; or something else, as errors and classes of the user's
   *   may when they are asked for their names
   */
  slotFailed(error: unknown, report: () => never): void {
    tell(this.events.exception, error);
    if (!this.exitOnException) return;
    this.#isEnding = true;
    tell(report);
  }

  #drop(call: SlotCall<unknown>): void {
    this.#dropped += 1;
    call.drop();
    tell(this.events.overflow, { policy: this.#queue.overflow, dropped: this.#dropped });
  }

  #wake(): void {
    if (this.#draining) return;
    this.#draining = true;
    this.#rouse?.();
  }

  /** What follows runs in the context that this is called in, whoever calls slots: theirs may all be different ones. */
  async #untilRoused(): Promise<void> {
    await new Promise<void>((resolve) => (this.#rouse = resolve));
    // First: slots may change the context.
    void this.#untilRoused();
    void this.#drain();
  }

  /** Runs all that is queued. Never rejects: slots report what they throw. */
  async #drain(): Promise<void> {
    if (this.#queue.length > 0) {
      tell(this.events.active);
      while (this.#queue.length > 0) {
        const call = this.#queue.shift() as SlotCall<unknown>;
        this.#current = call;
        const pending = call.run();
        // A slot that returned at once needs no turn of the microtask queue.
        if (pending !== undefined) {
          try {
            call.settle('fulfilled', await pending);
          } catch (error) {
            call.reject(error);
          }
        }
        this.#current = undefined;
        // The program ends in the microtask that comes next: no slot is to run before it.
        if (this.#isEnding) await Promise.resolve();
        this.#isEnding = false;
        if (isSliceOver()) await yieldToRuntime();
      }
      tell(this.events.idle);
    }
    this.#draining = false;
    // A listener of `idle` may have called a slot.
    if (this.#queue.length > 0) this.#wake();
    else if (this.#state === 'stopping') this.#finish();
  }

  #finish(): void {
    const stop = this.#stop;
    this.#stop = undefined;
    this.#state = 'stopped';
    tell(this.events.stopped);
    stop?.resolve();
  }
}
