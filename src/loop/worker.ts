import { SlotError, StateError } from '../errors.ts';
import { describe } from '../events/emitter.ts';
import { runAsNone } from './current-call.ts';
import { isSliceOver, throwUncaught, yieldToRuntime } from './runtime.ts';

/**
 * Something that does the same step again and again until it is stopped. What a step throws ends the
 * program with exit code 1, as an exception in a slot does.
 *
 * ```ts
 * class Poller extends Worker {
 *   protected async run(signal: AbortSignal) { await poll({ signal }); }
 * }
 * await using poller = new Poller().start();
 * ```
 *
 * Python: `mreventloop.Worker`, where the step is `_run` and awaiting the worker is {@link Worker.done}.
 */
export abstract class Worker implements AsyncDisposable {
  #work: { readonly abort: AbortController; readonly done: Promise<void> } | undefined;

  /**
   * One step. The signal aborts when the worker is to stop: a step that waits should then end, and may
   * throw the signal's reason or an `AbortError`.
   */
  protected abstract run(signal: AbortSignal): Promise<void> | void;

  /** Whether it is between `start()` and the end of `stop()`. */
  get running(): boolean {
    return this.#work !== undefined;
  }

  /**
   * Fulfils when the worker has stopped; at once when it does not run. Also when a step threw: that ends the program, or goes
   * to whoever catches what nobody else does. Python: `await worker`.
   */
  get done(): Promise<void> {
    return this.#work?.done ?? Promise.resolve();
  }

  /**
   * Starts the steps. The first one begins after this has returned.
   * @throws StateError when it runs already
   */
  start(): this {
    if (this.#work !== undefined) throw new StateError(`${describe(this)} runs already`);
    const abort = new AbortController();
    // A slot may start a worker; the worker's steps are none of the slot's code for that.
    this.#work = { abort, done: runAsNone(() => this.#repeat(abort.signal)) };
    return this;
  }

  /** Aborts the signal of the current step and waits until the step has ended. A step cannot await it itself. */
  stop(): Promise<void> {
    this.#work?.abort.abort();
    return this.done;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #repeat(signal: AbortSignal): Promise<void> {
    await Promise.resolve();
    try {
      while (!signal.aborted) {
        await this.run(signal);
        if (isSliceOver()) await yieldToRuntime();
      }
    } catch (cause) {
      if (!signal.aborted || !isAbort(cause, signal)) {
        const kind = cause instanceof Error ? cause.name : typeof cause;
        throwUncaught(new SlotError(`a step of worker ${describe(this)} failed: ${kind}`, { cause }));
      }
    } finally {
      this.#work = undefined;
    }
  }
}

/** Whether a step threw because its signal aborted. Node's own promises reject with an error that they make for it. */
function isAbort(thrown: unknown, signal: AbortSignal): boolean {
  return thrown === signal.reason || (thrown instanceof Error && thrown.name === 'AbortError');
}
