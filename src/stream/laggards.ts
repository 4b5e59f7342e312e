import type { Subscriber } from './audience.ts';
import type { Clock } from './clock.ts';

/** The subscribers that are looked at, and what is done about those that lag. */
export interface LaggardsPort {
  /** Whether there is a way to remind subscribers. */
  isOpen(): boolean;
  /** All subscribers that are to acknowledge, including the broker. */
  all(): Iterable<Subscriber>;
  /** Tells a subscriber how far it should be. */
  remind(subscriber: Subscriber): void;
  /** The subscribers are looked at. That is done now and then, as long as one of them lags. */
  looked(): void;
}

/** How long, in milliseconds, a subscriber may lag before it is reminded, at first and at most. */
const FIRST_PATIENCE = 100;
const LAST_PATIENCE = 1_000;

/** Tells subscribers that lag how far they should be: nothing else shows them that the last events were lost. */
export class Laggards {
  readonly #clock: Clock;
  readonly #port: LaggardsPort;
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock, port: LaggardsPort) {
    this.#clock = clock;
    this.#port = port;
  }

  /** A subscriber has got further, or is new. */
  progressed(subscriber: Subscriber): void {
    subscriber.patience = FIRST_PATIENCE;
    subscriber.since = this.#clock.now();
  }

  /** A subscriber may lag from now on. */
  watch(): void {
    this.#cancelTimer ??= this.#clock.after(FIRST_PATIENCE, () => this.#look());
  }

  /** Reminds all subscribers that lag, however long they have lagged. */
  remindAll(): void {
    for (const one of this.#port.all()) if (lags(one)) this.#port.remind(one);
  }

  close(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #look(): void {
    this.#cancelTimer = undefined;
    this.#port.looked();
    const now = this.#clock.now();
    let isAnyLagging = false;
    for (const one of this.#port.all()) {
      if (!lags(one)) {
        one.since = now;
        continue;
      }
      isAnyLagging = true;
      if (!this.#port.isOpen() || now - one.since < one.patience) continue;
      this.#port.remind(one);
      one.patience = Math.min(one.patience * 2, LAST_PATIENCE);
      one.since = now;
    }
    if (isAnyLagging) this.watch();
  }
}

/** Returns the last event that was sent of those that a subscriber wants, as a number over all events. */
export function sentTo({ logs }: Subscriber): number {
  return logs.reduce((last, { sentG }) => Math.max(last, sentG), 0);
}

export function lags(subscriber: Subscriber): boolean {
  return subscriber.acked < sentTo(subscriber);
}
