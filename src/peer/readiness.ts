import { TimeoutError } from '../errors.ts';
import type { Clock } from '../stream/clock.ts';

/** How soon, in milliseconds, a peer that is not ready asks again: sooner at first, then less often. */
const FIRST_INTERVAL = 2;
const SECOND_INTERVAL = 25;
/**
 * Who waits for long waits a twentieth longer at most, and that much: when a thousand peers come back to a broker at once,
 * their asking is what keeps it from answering.
 */
const PART_OF_WAIT = 0.05;
const LAST_INTERVAL = 250;

/**
 * Finds out whether both of a peer's ways through the broker are open: sends probes to itself until
 * one comes back. That the sockets are connected says nothing of this: subscriptions travel later.
 */
export class Readiness {
  readonly #clock: Clock;
  readonly #send: (count: number) => void;
  #count = 0;
  // A probe from before the link broke says nothing about the link since.
  #oldest = 0;
  #onAnswer: (() => void) | undefined;

  /** @param send - sends a probe with that count to the peer itself */
  constructor(clock: Clock, send: (count: number) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  /**
   * Asks until a probe comes back.
   * @param timeout - milliseconds
   * @throws TimeoutError; the signal's reason
   */
  async ask(timeout: number, signal: AbortSignal): Promise<void> {
    let cancelNext: (() => void) | undefined;
    let cancelDeadline: (() => void) | undefined;
    let onAbort: (() => void) | undefined;
    const began = this.#clock.now();
    const probe = (interval: number): void => {
      const part = (this.#clock.now() - began) * PART_OF_WAIT;
      const most = Math.min(Math.max(SECOND_INTERVAL, part), LAST_INTERVAL);
      cancelNext = this.#clock.after(interval, () => probe(Math.min(interval * 2, most)));
      this.#send((this.#count += 1));
    };
    try {
      signal.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        onAbort = () => reject(signal.reason);
        signal.addEventListener('abort', onAbort);
        if (timeout !== Infinity) {
          const error = new TimeoutError(`no answer within ${timeout} ms`);
          cancelDeadline = this.#clock.after(timeout, () => reject(error));
        }
        this.#onAnswer = resolve;
        this.forget();
        probe(FIRST_INTERVAL);
      });
    } finally {
      this.#onAnswer = undefined;
      cancelNext?.();
      cancelDeadline?.();
      if (onAbort !== undefined) signal.removeEventListener('abort', onAbort);
    }
  }

  /** Takes no answer to a probe sent so far. */
  forget(): void {
    this.#oldest = this.#count + 1;
  }

  /** A probe came back. */
  answered(count: number): void {
    if (count >= this.#oldest) this.#onAnswer?.();
  }
}
