import { yieldToRuntime } from '../loop/runtime.ts';
import { Fifo } from '../queue/fifo.ts';
import type { Clock } from '../stream/clock.ts';

/**
 * How long, in milliseconds, steps may keep the runtime from its turn in one job. It is longer than a slice of event
 * loops: on a busy machine, a program waits that long for a core, and deferring steps costs time.
 */
const LONG_JOB = 50;

/** Something that is done at once, or has to be awaited. It does not throw or reject. */
export type Step = () => void | Promise<void>;

/**
 * Does steps one after the other, in the order in which they are given. A step is done at once, as long as no earlier
 * step has to be awaited, and none keeps the runtime from its turn.
 */
export class InOrder {
  readonly #waiting = new Fifo<Step>();
  readonly #onSettled = new Set<() => void>();
  readonly #clock: Clock | undefined;
  #busy = false;
  #closed = false;
  // How many steps were done in this job, or since the runtime had its turn, and when that began.
  #steps = 0;
  #began = 0;
  readonly #endJob = (): void => {
    if (!this.#busy) this.#steps = 0;
  };

  /** @param clock - given if steps may take their time and the runtime is to have its turn meanwhile */
  constructor(clock?: Clock) {
    this.#clock = clock;
  }

  /** Whether a step that is given now has to wait. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Whether steps that have not been done will not be done any more. */
  get closed(): boolean {
    return this.#closed;
  }

  do(step: Step): void {
    if (this.#closed) return;
    if (this.#busy) {
      this.#waiting.push(step);
      return;
    }
    const pending = step() ?? this.turn();
    if (pending !== undefined) void this.#continue(pending);
  }

  /**
   * Counts a step.
   * @returns if the runtime is due, a promise that fulfils when it has had its turn
   */
  turn(): Promise<void> | undefined {
    if (this.#clock === undefined) return undefined;
    this.#steps += 1;
    // Reading the clock costs about as much as calling a listener: it is read after 1, 2, 4, 8 steps, then every 16.
    if (this.#steps % 16 !== 0 && (this.#steps & (this.#steps - 1)) !== 0) return undefined;
    const now = this.#clock.now();
    if (this.#steps === 1 && !this.#busy) {
      this.#began = now;
      queueMicrotask(this.#endJob);
    }
    return now - this.#began < LONG_JOB ? undefined : this.#giveTurn(this.#clock);
  }

  /** Fulfils when all steps that were given so far are done, or will not be done any more. */
  settled(): Promise<void> {
    if (this.#closed || !this.#busy) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onSettled.add(resolve);
      this.do(() => {
        this.#onSettled.delete(resolve);
        resolve();
      });
    });
  }

  /** Does no more steps. A step that has begun is to check {@link closed} before it goes on. */
  close(): void {
    this.#closed = true;
    while (this.#waiting.shift() !== undefined);
    for (const resolve of this.#onSettled) resolve();
    this.#onSettled.clear();
  }

  async #giveTurn(clock: Clock): Promise<void> {
    await yieldToRuntime();
    this.#steps = 0;
    this.#began = clock.now();
  }

  async #continue(pending: Promise<void>): Promise<void> {
    this.#busy = true;
    await pending;
    for (let step = this.#waiting.shift(); step !== undefined; step = this.#waiting.shift()) {
      const next = step();
      if (next !== undefined) await next;
      const turn = this.turn();
      if (turn !== undefined) await turn;
    }
    this.#busy = false;
  }
}
