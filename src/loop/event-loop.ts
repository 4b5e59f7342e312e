import { OverflowError, StateError } from '../errors.ts';
import { event } from '../events/event.ts';
import { type Events, events } from '../events/events.ts';
import { BoundedQueue, type OverflowPolicy, type QueueOptions } from '../queue/bounded-queue.ts';
import { probe } from '../trace/probe.ts';
import { runAsNone } from './current-call.ts';
import { isSliceOver, tell, yieldToRuntime } from './runtime.ts';
import { SlotCall } from './slot-call.ts';

/** How an event loop treats failures, and how much it queues. */
export interface EventLoopOptions extends QueueOptions {
  /**
   * Whether an exception in a slot, once it was emitted and reported, ends the program with exit
   * code 1. Python: `exit_on_exception`.
   * @default true
   */
  exitOnException?: boolean | undefined;
}

/** The report of a call that a bounded event loop had to drop. */
export interface LoopOverflow {
  /** The policy under which the call was dropped. */
  readonly policy: OverflowPolicy;
  /** The number of calls that this loop has dropped in all. */
  readonly dropped: number;
}

/** The events of an event loop. */
export type EventLoopEvents = Events<{
  /** The loop begins to run queued calls. */
  started: [];
  /** After `stop()`, all queued calls have been run. */
  stopped: [];
  /** The loop begins to run waiting calls. */
  active: [];
  /** No call waits any more. */
  idle: [];
  /** A slot threw this error, or rejected with it. */
  exception: [error: unknown];
  /** The loop is bounded and had to drop a call. */
  overflow: [overflow: LoopOverflow];
}>;

/**
 * Runs slots: strictly one at a time, in the order in which they were called. An async slot is awaited
 * before the next one begins. Objects may share a loop; their slots then form one queue.
 *
 * Calls that are made before the start are kept, and run after it. The `events` of a loop are
 * - `started`, then `idle`, when it starts, and `stopped` when it has stopped;
 * - `active` when it begins to run waiting calls, `idle` when no call waits any more;
 * - `exception` with what a slot threw;
 * - `overflow` when it is bounded and had to drop a call.
 *
 * ```ts
 * await using loop = consumer.eventLoop.start();
 * ```
 *
 * Python: `mreventloop.EventLoop`.
 */
export class EventLoop implements AsyncDisposable {
  /** The events that the loop emits about itself. Their listeners are called at once, not as slots. */
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
  /** A slot has failed and the program is about to end, unless somebody catches the error. */
  #isEnding = false;
  readonly #stops: SlotCall<void>[] = [];

  /** @throws RangeError or TypeError for a limit or a policy that makes no sense */
  constructor(options: EventLoopOptions = {}) {
    this.exitOnException = options.exitOnException ?? true;
    this.#queue = new BoundedQueue<SlotCall<unknown>>(options, (call) => this.#drop(call));
  }

  /** Whether the loop runs queued calls: from `start()` until `stopped` is emitted. */
  get running(): boolean {
    return this.#state !== 'stopped';
  }

  /** The number of waiting calls. */
  get size(): number {
    return this.#queue.length;
  }

  /**
   * Starts to run queued calls. A loop that was stopped can be started again. Slots run in the asynchronous context
   * (`AsyncLocalStorage`) in which the loop was started, whoever calls them.
   * @returns the loop itself, for `await using`
   * @throws StateError when the loop runs already
   */
  start(): this {
    if (this.#state !== 'stopped') throw new StateError('the event loop runs already');
    this.#state = 'running';
    // A slot may start this loop. The slots that run here are not part of that slot.
    void runAsNone(() => this.#untilRoused());
    tell(this.events.started);
    tell(this.events.idle);
    this.#wake();
    return this;
  }

  /**
   * Runs all queued calls, also those that are added meanwhile, then emits `stopped`. Does nothing if the loop does not
   * run: its calls then wait for a start.
   * @throws SelfAwaitError when one of the loop's own slots awaits this, also by way of other loops; the loop still stops
   */
  stop(): Promise<void> {
    if (this.#state === 'stopped') return Promise.resolve();
    // Awaited like a queued call, so that a slot that waits for its own loop is found. It is never run.
    // oxlint-disable-next-line typescript/unbound-method
    const call = new SlotCall<void>(this, this.stop, this, []);
    this.#stops.push(call);
    this.#state = 'stopping';
    this.#wake();
    return call;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /**
   * Queues a call, even while the loop is not running. Python: `EventLoop.enqueue`.
   * @returns the call, which can be awaited
   * @throws OverflowError when the loop is full and its policy is `'error'`
   */
  enqueue<A extends readonly unknown[], R>(target: (...args: A) => R, ...args: A): SlotCall<Awaited<R>> {
    return this.enqueueFor(undefined, target, args);
  }

  /** Like {@link enqueue}, for a method of `receiver`. */
  enqueueFor<This, A extends readonly unknown[], R>(
    receiver: This,
    target: (this: This, ...args: A) => R,
    args: A,
  ): SlotCall<Awaited<R>> {
    const call = new SlotCall<Awaited<R>>(this, target, receiver, args);
    // Before the push, which may drop the call at once.
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

  /** @internal The call that the loop is running. */
  get current(): SlotCall<unknown> | undefined {
    return this.#current;
  }

  /**
   * @internal
   * @param report - throws the error that becomes an uncaught error; or another one, because the user's errors and
   *   classes may throw when their names are read
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

  /** Runs the queue in the context of the call to this method. Callers of slots may all have different contexts. */
  async #untilRoused(): Promise<void> {
    await new Promise<void>((resolve) => (this.#rouse = resolve));
    // Before the slots run, because they may change the context.
    void this.#untilRoused();
    void this.#drain();
  }

  /** Runs all queued calls. Never rejects: calls report what their slots throw. */
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
        // The program ends in the next microtask: no slot may run before that.
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
    const stops = this.#stops.splice(0);
    this.#state = 'stopped';
    tell(this.events.stopped);
    for (const stop of stops) stop.settle('fulfilled', undefined);
  }
}
