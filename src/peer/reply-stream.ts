import { Fifo } from '../queue/fifo.ts';
import type { Clock } from '../stream/clock.ts';

/** What a stream of answers uses to ask and to report. */
export interface ReplyStreamPort {
  /** Asks for answers, at first for as many as there is room for. */
  begin(room: number): void;
  /** There is room for this many more answers. */
  more(room: number): void;
  /**
   * @param isComplete - whether the other side knows of the end, because it announced the end itself
   * @param error - what it ended with, if it failed
   */
  end(isComplete: boolean, error: unknown): void;
  /** Checks an answer and returns what the schema makes of it. */
  check(value: unknown): Promise<unknown>;
  /** Returns the error to throw when nothing came in time. */
  late(): Error;
}

/** How many answers may be under way or wait to be read. */
const ROOM = 64;

/** Answers that come one after the other, no faster than they are read. */
export class ReplyStream implements AsyncIterableIterator<unknown> {
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #signal: AbortSignal | undefined;
  readonly #port: ReplyStreamPort;
  readonly #waiting = new Fifo<unknown>();
  #state: 'new' | 'open' | 'ended' = 'new';
  // What is thrown after the stream has ended, once every answer that waits was read.
  #failure: { readonly error: unknown } | undefined;
  #read = 0;
  #wake: (() => void) | undefined;
  readonly #onAbort = (): void => this.#giveUp(this.#signal?.reason);
  // Reads are answered in the order in which they were made.
  #last: Promise<unknown> = Promise.resolve();

  constructor(clock: Clock, timeout: number, signal: AbortSignal | undefined, port: ReplyStreamPort) {
    this.#clock = clock;
    this.#timeout = timeout;
    this.#signal = signal;
    this.#port = port;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<unknown>> {
    const next = this.#last.then(() => this.#next());
    this.#last = next.catch(() => {});
    return next;
  }

  return(): Promise<IteratorResult<unknown>> {
    this.#end(false);
    return Promise.resolve({ done: true, value: undefined });
  }

  /** An answer came, or the end of the stream. */
  arrived(value: unknown, isLast: boolean): void {
    if (isLast) this.#end(true);
    else this.#waiting.push(value);
    this.#wake?.();
  }

  fail(error: unknown): void {
    if (this.#state === 'ended') return;
    this.#failure = { error };
    this.#end(true);
  }

  async #next(): Promise<IteratorResult<unknown>> {
    if (this.#state === 'new') {
      this.#state = 'open';
      this.#signal?.addEventListener('abort', this.#onAbort);
      this.#port.begin(ROOM);
    }
    if (this.#waiting.length === 0 && this.#state === 'open') await this.#arrival();
    if (this.#waiting.length > 0) return { done: false, value: await this.#take() };
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure.error;
    return { done: true, value: undefined };
  }

  async #take(): Promise<unknown> {
    const value = this.#waiting.shift();
    this.#read += 1;
    if (this.#waiting.length === 0 && this.#state === 'ended')
      this.#signal?.removeEventListener('abort', this.#onAbort);
    if (this.#read % (ROOM / 2) === 0 && this.#state === 'open') this.#port.more(ROOM / 2);
    try {
      return await this.#port.check(value);
    } catch (error) {
      this.#giveUp(error);
      // It is thrown here, and not once more.
      this.#failure = undefined;
      throw error;
    }
  }

  /** Waits until something comes or the stream ends. */
  async #arrival(): Promise<void> {
    let cancel: (() => void) | undefined;
    if (this.#timeout !== Infinity) cancel = this.#clock.after(this.#timeout, () => this.#giveUp(this.#port.late()));
    await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
    cancel?.();
  }

  #giveUp(error: unknown): void {
    this.#failure = { error };
    this.#end(false);
  }

  #end(isComplete: boolean): void {
    if (this.#state !== 'ended') {
      const wasOpen = this.#state === 'open';
      this.#state = 'ended';
      if (wasOpen) this.#port.end(isComplete, this.#failure?.error);
    }
    // The answers of a stream that was given up are not read any more.
    if (!isComplete) while (this.#waiting.length > 0) this.#waiting.shift();
    if (this.#waiting.length === 0) this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#wake?.();
  }
}
