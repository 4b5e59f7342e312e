import { SlotError, StateError } from '../errors.ts';
import { describe } from '../events/emitter.ts';
import { runAsNone } from './current-call.ts';
import { isSliceOver, tell, yieldToRuntime } from './runtime.ts';

/**
 * Repeats the same step until it is stopped. An error that a step throws ends the program with exit
 * code 1, as an exception in a slot does.
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
   * Does one step. The signal aborts when the worker is to stop: a step that waits should then end, and may
   * throw the signal's reason or an `AbortError`.
   */
  protected abstract run(signal: AbortSignal): Promise<void> | void;

  /** Whether the worker is between `start()` and the end of `stop()`. */
  get running(): boolean {
    return this.#work !== undefined;
  }

  /**
   * Fulfils when the worker has stopped, or at once when it does not run. It also fulfils when a step threw: the error
   * ends the program, or goes to a handler for uncaught errors. Python: `await worker`.
   */
  get done(): Promise<void> {
    return this.#work?.done ?? Promise.resolve();
  }

  /**
   * Starts the steps. The first step begins after this method has returned.
   * @throws StateError when the worker runs already
   */
  start(): this {
    if (this.#work !== undefined) throw new StateError(`${describe(this)} runs already`);
    const abort = new AbortController();
    // A slot may start a worker. That does not make the worker's steps part of the slot.
    this.#work = { abort, done: runAsNone(() => this.#repeat(abort.signal)) };
    return this;
  }

  /** Aborts the signal of the current step and waits until the step has ended. A step cannot await this itself. */
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
      // The user's errors and classes may throw when their names are read. Then that becomes uncaught.
      tell(() => {
        if (signal.aborted && isAbort(cause, signal)) return;
        const kind = cause instanceof Error ? cause.name : typeof cause;
        throw new SlotError(`a step of worker ${describe(this)} failed: ${kind}`, { cause });
      });
    } finally {
      this.#work = undefined;
    }
  }
}

/** Whether a step threw because its signal aborted. Node's own promises then reject with an error of their own. */
function isAbort(thrown: unknown, signal: AbortSignal): boolean {
  return thrown === signal.reason || (thrown instanceof Error && thrown.name === 'AbortError');
}
