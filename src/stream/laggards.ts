import type { Subscriber } from './audience.ts';
import type { Clock } from './clock.ts';

/** The subscribers to look at, and what to do about those that lag. */
export interface LaggardsPort {
  /** Whether the way to subscribers is open. */
  isOpen(): boolean;
  /** Returns all that have to acknowledge events, the broker included. */
  all(): Iterable<Subscriber>;
  /** Tells a subscriber how far it should be. */
  remind(subscriber: Subscriber): void;
  /** Called with each check for laggards. Checks are made now and then, as long as any subscriber lags. */
  looked(): void;
}

/** How long, in milliseconds, a subscriber may lag before it is reminded, at first and at most. */
const FIRST_PATIENCE = 100;
const LAST_PATIENCE = 1_000;

/** Reminds lagging subscribers how far they should be. Nothing else shows them that the last events were lost. */
export class Laggards {
  readonly #clock: Clock;
  readonly #port: LaggardsPort;
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock, port: LaggardsPort) {
    this.#clock = clock;
    this.#port = port;
  }

  /** A subscriber has acknowledged more, or is new. */
  progressed(subscriber: Subscriber): void {
    subscriber.patience = FIRST_PATIENCE;
    subscriber.since = this.#clock.now();
  }

  /** A subscriber may lag from now on. */
  watch(): void {
    this.#cancelTimer ??= this.#clock.after(FIRST_PATIENCE, () => this.#look());
  }

  /** Reminds all lagging subscribers, no matter for how long they have lagged. */
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

/** Returns the number over all events of the last event that was sent and that a subscriber wants. */
export function sentTo({ logs }: Subscriber): number {
  return logs.reduce((last, { sentG }) => Math.max(last, sentG), 0);
}

export function lags(subscriber: Subscriber): boolean {
  return subscriber.acked < sentTo(subscriber);
}
