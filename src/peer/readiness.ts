import type { Clock } from '../stream/clock.ts';
import { within } from './within.ts';

/** How soon, in milliseconds, a peer that is not ready asks again: often at first, then less often. */
const FIRST_INTERVAL = 2;
const SECOND_INTERVAL = 25;
/**
 * A peer that waits for long asks again after a twentieth of the time so far, at the latest after the last interval.
 * When a thousand peers reconnect to a broker at once, their probes are what keeps it from answering.
 */
const PART_OF_WAIT = 0.05;
const LAST_INTERVAL = 250;

/**
 * Finds out whether both of a peer's ways through the broker are open: sends probes to the peer itself until one comes
 * back. Connected sockets do not prove this, because subscriptions travel later.
 */
export class Readiness {
  readonly #clock: Clock;
  readonly #send: (count: number) => void;
  #count = 0;
  // A probe from before the link broke says nothing about the present link.
  #oldest = 0;
  #onAnswer: (() => void) | undefined;
  /** Whether a probe has come back since the link broke last. */
  hasAnswer = false;

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
    signal.throwIfAborted();
    const began = this.#clock.now();
    let cancelNext: (() => void) | undefined;
    const probe = (interval: number): void => {
      const part = (this.#clock.now() - began) * PART_OF_WAIT;
      const most = Math.min(Math.max(SECOND_INTERVAL, part), LAST_INTERVAL);
      cancelNext = this.#clock.after(interval, () => probe(Math.min(interval * 2, most)));
      this.#send((this.#count += 1));
    };
    const answer = new Promise<void>((resolve) => (this.#onAnswer = resolve));
    this.forget();
    probe(FIRST_INTERVAL);
    try {
      await within(this.#clock, answer, timeout, signal, () => `no answer within ${timeout} ms`);
    } finally {
      this.#onAnswer = undefined;
      cancelNext?.();
    }
  }

  /** Accepts no answers to probes that were sent so far. */
  forget(): void {
    this.#oldest = this.#count + 1;
    this.hasAnswer = false;
  }

  /** A probe came back. */
  answered(count: number): void {
    if (count < this.#oldest) return;
    this.hasAnswer = true;
    this.#onAnswer?.();
  }
}
