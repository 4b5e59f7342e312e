import type { Clock } from './clock.ts';

/** How long, in milliseconds, an acknowledgement may wait for more events after the first. */
const ACKNOWLEDGE_WITHIN = 100;
/** After a quarter of the window, events are acknowledged at once, so that the publisher never has to stop. */
const ACKNOWLEDGE_SHIFT = 2;
/** After so many characters, events are acknowledged at once: characters also bound what a publisher keeps. */
const ACKNOWLEDGE_CHARACTERS = 1_048_576;

/** Acknowledges the delivered events of one publisher, soon, but many at a time. */
export class Receipts {
  readonly #clock: Clock;
  readonly #send: (g: number) => void;
  #delivered = 0;
  #acknowledged = 0;
  #eventsSince = 0;
  #charactersSince = 0;
  // The mean number of characters of the events that arrived last. Events for other peers will be about as long.
  #meanSize = 0;
  // After how many events to acknowledge at once. This depends on the window, which the publisher sends with its heads.
  #most = Infinity;
  #cancelTimer: (() => void) | undefined;

  /** @param send - acknowledges all events up to a number */
  constructor(clock: Clock, send: (g: number) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  /** The number over all events of the last event that was delivered; 0 before the first. */
  get position(): number {
    return this.#delivered;
  }

  /** One more event was delivered or given up, and with it everything up to this number over all events. */
  delivered(g: number): void {
    if (g > this.#delivered) this.#delivered = g;
    this.#eventsSince += 1;
    if (this.#isBehind()) this.send();
    else this.#cancelTimer ??= this.#clock.after(ACKNOWLEDGE_WITHIN, () => this.send());
  }

  /** So many events have arrived, which had so many characters. */
  weigh(characters: number, events: number): void {
    this.#meanSize = characters / events;
    this.#charactersSince += characters;
    if (this.#isBehind()) this.send();
  }

  /** The publisher sends at most so many events without an acknowledgement. */
  pace(window: number): void {
    this.#most = Math.max(1, window >> ACKNOWLEDGE_SHIFT);
  }

  /**
   * Everything up to this number over all events was delivered or given up. Acknowledges it even if it was acknowledged
   * before: that may have been lost, and the publisher need not ask twice.
   */
  repeat(g: number): void {
    this.#delivered = Math.max(this.#delivered, g);
    this.#acknowledged = 0;
    this.send();
  }

  /** Acknowledges now everything that has not been acknowledged yet. */
  send(): void {
    this.cancel();
    this.#eventsSince = 0;
    this.#charactersSince = 0;
    if (this.#delivered === this.#acknowledged) return;
    this.#acknowledged = this.#delivered;
    this.#send(this.#delivered);
  }

  /** Stops the timer: acknowledges nothing on its own until more is delivered. */
  cancel(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /**
   * Whether much was delivered here, or sent to other peers, since the last acknowledgement. Then the publisher may be
   * waiting for this one.
   */
  #isBehind(): boolean {
    const sent = (this.#delivered - this.#acknowledged) / 2;
    return (
      Math.max(this.#eventsSince, sent) >= this.#most ||
      Math.max(this.#charactersSince, sent * this.#meanSize) >= ACKNOWLEDGE_CHARACTERS
    );
  }
}
