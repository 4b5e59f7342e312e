import { TimeoutError } from '../errors.ts';
import type { Clock } from '../stream/clock.ts';
import { nextTurn } from '../timers.ts';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly fn: () => void;
}

/** How {@link StepClock.until} waits. */
export interface UntilOptions {
  /** The milliseconds of the clock that may pass. @default 600_000 */
  timeout?: number;
}

/**
 * A clock that stands still until it is stepped, for peers and buses under test.
 *
 * ```ts
 * const clock = new StepClock();
 * const network = new FaultyNetwork({ clock, seed: 7, loss: 0.1 });
 * const peer = new Peer('inproc://test', shop, { publish: ['produced'], clock, bus: async () => network.bus() });
 * await clock.until(peer.start());
 * ```
 */
export class StepClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #timers: Timer[] = [];

  now(): number {
    return this.#now;
  }

  after(milliseconds: number, fn: () => void): () => void {
    const timer: Timer = { at: this.#now + (milliseconds > 0 ? milliseconds : 0), order: (this.#order += 1), fn };
    // Sorted by time, and by the order of the calls if the time is the same.
    let index = this.#timers.length;
    while (index > 0 && (this.#timers[index - 1] as Timer).at > timer.at) index -= 1;
    this.#timers.splice(index, 0, timer);
    return () => {
      const place = this.#timers.indexOf(timer);
      if (place >= 0) this.#timers.splice(place, 1);
    };
  }

  soon(fn: () => void): void {
    this.after(0, fn);
  }

  /** The number of outstanding calls. */
  get pending(): number {
    return this.#timers.length;
  }

  /**
   * Lets a number of milliseconds pass: everything that is due by then happens, in order. The functions that are called
   * may advance the clock, too; no time passes twice.
   */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    for (let timer = this.#timers[0]; timer !== undefined && timer.at <= end; timer = this.#timers[0]) {
      this.#timers.shift();
      this.#now = Math.max(this.#now, timer.at);
      timer.fn();
    }
    this.#now = Math.max(this.#now, end);
  }

  /**
   * Lets a number of milliseconds pass. After each, code that waits for promises, or for anything of the runtime, has
   * its turn.
   */
  async pass(milliseconds: number): Promise<void> {
    for (let passed = 0; passed < milliseconds; passed += 1) {
      this.advance(Math.min(1, milliseconds - passed));
      await new Promise<void>(nextTurn);
    }
  }

  /**
   * Lets time pass, as {@link pass} does, until a promise is settled or a condition is true.
   * @returns what the promise is fulfilled with
   * @throws TimeoutError when `timeout` has passed, or what the promise is rejected with
   */
  until(condition: () => boolean, options?: UntilOptions): Promise<void>;
  until<T>(promise: PromiseLike<T>, options?: UntilOptions): Promise<T>;
  async until(
    awaited: PromiseLike<unknown> | (() => boolean),
    { timeout = 600_000 }: UntilOptions = {},
  ): Promise<unknown> {
    const isCondition = typeof awaited === 'function';
    const isOver = isCondition ? awaited : whetherSettled(awaited);
    const end = this.#now + timeout;
    // It may be settled already, which shows only after a turn.
    if (!isCondition) await new Promise<void>(nextTurn);
    while (!isOver()) {
      if (this.#now >= end)
        throw new TimeoutError(
          `${isCondition ? 'it is not true' : 'the promise is not settled'} after ${timeout} ms of this clock`,
        );
      await this.pass(1);
    }
    return isCondition ? undefined : awaited;
  }
}

function whetherSettled(promise: PromiseLike<unknown>): () => boolean {
  let isSettled = false;
  const settle = (): void => void (isSettled = true);
  promise.then(settle, settle);
  return () => isSettled;
}
