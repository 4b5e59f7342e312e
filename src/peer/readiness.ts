import { TimeoutError } from '../errors.ts';

/** How often, in milliseconds, a peer that is not ready asks again. */
const INTERVAL = 25;

/**
 * Finds out whether both of a peer's ways through the broker are open: sends probes to itself until
 * one comes back. That the sockets are connected says nothing of this: subscriptions travel later.
 */
export class Readiness {
  readonly #send: (count: number) => void;
  #count = 0;
  // A probe from before the link broke says nothing about the link since.
  #oldest = 0;
  #asking: { settle: (error?: { reason: unknown }) => void } | undefined;

  /** @param send - sends a probe with that count to the peer itself */
  constructor(send: (count: number) => void) {
    this.#send = send;
  }

  /**
   * Asks until a probe comes back.
   * @param timeout - milliseconds
   * @throws TimeoutError, or what {@link cancel} is given
   */
  ask(timeout: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const probe = (): void => this.#send((this.#count += 1));
      const interval = setInterval(probe, INTERVAL);
      const deadline =
        timeout === Infinity
          ? undefined
          : setTimeout(() => this.cancel(new TimeoutError(`${timeout} ms passed`)), timeout);
      this.#asking = {
        settle: (error) => {
          this.#asking = undefined;
          clearInterval(interval);
          clearTimeout(deadline);
          if (error === undefined) resolve();
          else reject(error.reason);
        },
      };
      this.forget();
      probe();
    });
  }

  /** Takes no answer to a probe sent so far. */
  forget(): void {
    this.#oldest = this.#count + 1;
  }

  /** A probe came back. */
  answered(count: number): void {
    if (count >= this.#oldest) this.#asking?.settle();
  }

  /** Ends the asking. */
  cancel(reason: unknown): void {
    this.#asking?.settle({ reason });
  }
}
