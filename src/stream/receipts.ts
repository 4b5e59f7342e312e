import type { Clock } from './clock.ts';

/** How long, in milliseconds, after the first event an acknowledgement may wait for more events. */
const ACKNOWLEDGE_WITHIN = 100;
/** A quarter of what may be under way is acknowledged at once, so that the publisher never has to stop. */
const ACKNOWLEDGE_SHIFT = 2;
/** So many characters, in any number of events, are acknowledged at once: they also bound what a publisher keeps. */
const ACKNOWLEDGE_CHARACTERS = 1_048_576;

/** Acknowledges what was delivered of one publisher's events: soon, but many at a time. */
export class Receipts {
  readonly #clock: Clock;
  readonly #send: (g: number) => void;
  #delivered = 0;
  #acknowledged = 0;
  #eventsSince = 0;
  #charactersSince = 0;
  // How many characters each of the events has that arrived last. Those for other subscribers are taken to be as long.
  #meanSize = 0;
  // After how many events to acknowledge at once. This follows from the publisher's heads.
  #most = Infinity;
  #cancelTimer: (() => void) | undefined;

  /** @param send - acknowledges all events up to a number */
  constructor(clock: Clock, send: (g: number) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  /** The last event that was delivered, as a number over all events; 0 before the first. */
  get position(): number {
    return this.#delivered;
  }

  /** One more event was delivered or given up, and so was everything up to this number over all events. */
  delivered(g: number): void {
    if (g > this.#delivered) this.#delivered = g;
    this.#eventsSince += 1;
    if (this.#isBehind()) this.send();
    else this.#cancelTimer ??= this.#clock.after(ACKNOWLEDGE_WITHIN, () => this.send());
  }

  /** So many events with so many characters have arrived. */
  weigh(characters: number, events: number): void {
    this.#meanSize = characters / events;
    this.#charactersSince += characters;
    if (this.#isBehind()) this.send();
  }

  /** The publisher sends at most `window` events without an acknowledgement. */
  pace(window: number): void {
    this.#most = Math.max(1, window >> ACKNOWLEDGE_SHIFT);
  }

  /**
   * Everything up to this number over all events was delivered or given up. Acknowledges this even if it was
   * acknowledged before: that may have been lost, and the publisher need not ask twice.
   */
  repeat(g: number): void {
    this.#delivered = Math.max(this.#delivered, g);
    this.#acknowledged = 0;
    this.send();
  }

  /** Acknowledges now what has not been acknowledged yet. */
  send(): void {
    this.cancel();
    this.#eventsSince = 0;
    this.#charactersSince = 0;
    if (this.#delivered === this.#acknowledged) return;
    this.#acknowledged = this.#delivered;
    this.#send(this.#delivered);
  }

  /** Acknowledges nothing on its own until more is delivered. */
  cancel(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /**
   * Whether much was delivered here or sent to others since the last acknowledgement: the publisher may be waiting for
   * the next one.
   */
  #isBehind(): boolean {
    const sent = (this.#delivered - this.#acknowledged) / 2;
    return (
      Math.max(this.#eventsSince, sent) >= this.#most ||
      Math.max(this.#charactersSince, sent * this.#meanSize) >= ACKNOWLEDGE_CHARACTERS
    );
  }
}
