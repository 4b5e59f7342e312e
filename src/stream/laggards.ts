import type { Subscriber } from './audience.ts';
import type { Clock } from './clock.ts';

/** What is looked at, and done about it. */
export interface LaggardsPort {
  /** Whether there is a way to tell somebody something. */
  isOpen(): boolean;
  /** All who are to acknowledge, the broker included. */
  all(): Iterable<Subscriber>;
  /** Tells one how far it should be. */
  remind(subscriber: Subscriber): void;
  /** It is looked at who lags, which is done now and then as long as somebody does. */
  looked(): void;
}

/** How long, in milliseconds, a subscriber may lag before it is told how far it should be, at first and at most. */
const FIRST_PATIENCE = 100;
const LAST_PATIENCE = 1_000;

/** Sees to it that subscribers that lag hear how far they should be: what was lost last shows by nothing else. */
export class Laggards {
  readonly #clock: Clock;
  readonly #port: LaggardsPort;
  #cancelTimer: (() => void) | undefined;

  constructor(clock: Clock, port: LaggardsPort) {
    this.#clock = clock;
    this.#port = port;
  }

  /** One has got further, or is new. */
  progressed(subscriber: Subscriber): void {
    subscriber.patience = FIRST_PATIENCE;
    subscriber.since = this.#clock.now();
  }

  /** Somebody may lag from now on. */
  watch(): void {
    this.#cancelTimer ??= this.#clock.after(FIRST_PATIENCE, () => this.#look());
  }

  /** Reminds all who lag, however long they have. */
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

/** The last event that a subscriber wants and that was sent, as a number over all events. */
export function sentTo({ logs }: Subscriber): number {
  return logs.reduce((last, { sentG }) => Math.max(last, sentG), 0);
}

export function lags(subscriber: Subscriber): boolean {
  return subscriber.acked < sentTo(subscriber);
}
