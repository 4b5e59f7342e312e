import { RefusedError } from '../errors.ts';
import { delayBefore, REFUSED_DELAY } from './backoff.ts';
import { type Token, TOKEN_WITHIN } from './bus.ts';

/** What keeps a link to a server. */
export interface Attempt {
  /**
   * Connects, and resolves when the link has ended. Rejects when there was none: with a `RefusedError` when the
   * server is there and does not want it.
   */
  serve(): Promise<void>;
  failed(error: Error): void;
}

/**
 * After how many attempts that failed the pauses grow no longer, which is 0.8 s: a server that was away for less than the
 * silence after which peers take each other for gone should not be found only after it.
 */
const LONGEST_AFTER = 4;

/** How long, in milliseconds, what a close does may take. */
const CLOSE_WITHIN = 1_000;

/** Connects until the signal says so, and after each link again: at once at first, then later each time. */
export async function keepTrying(attempt: Attempt, signal: AbortSignal): Promise<void> {
  for (let attempts = 0; !signal.aborted; attempts += 1) {
    let least = 0;
    try {
      await attempt.serve();
      attempts = 0;
    } catch (error) {
      if (error instanceof RefusedError) least = REFUSED_DELAY;
      attempt.failed(error as Error);
    }
    await pause(Math.max(least, delayBefore(Math.min(attempts, LONGEST_AFTER))), signal);
  }
}

/**
 * How often, in milliseconds, a server is asked whether it is there, and how often in a row nothing need be heard of
 * it: together less than the silence after which peers would take each other for gone.
 */
const TICK = 1_000;
const MOST_SILENT_TICKS = 3;

/**
 * Sees whether a link is alive. All that arrives counts, not only answers: they may have to wait behind much else.
 * Ticks are counted, not time: who was busy has not listened.
 */
export class Pulse {
  readonly #timer: ReturnType<typeof setInterval>;
  #silentTicks = 0;

  /**
   * @param ask - asks the server for an answer, and fulfils with it
   * @param gone - called once nothing was heard for too long, until it stops
   */
  constructor(ask: () => Promise<unknown>, gone: () => void) {
    this.#timer = setInterval(() => {
      this.#silentTicks += 1;
      if (this.#silentTicks > MOST_SILENT_TICKS) gone();
      else
        ask().then(
          () => this.heard(),
          () => {},
        );
    }, TICK);
  }

  heard(): void {
    this.#silentTicks = 0;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/**
 * @param signal - aborts when the token is not wanted any more
 * @throws RefusedError, also where a token takes its time
 */
export async function readToken(token: Token, signal: AbortSignal): Promise<string | undefined> {
  if (typeof token !== 'function') return token;
  const over = new AbortController();
  const end = (): void => over.abort();
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  const late = async (): Promise<never> => {
    await pause(TOKEN_WITHIN, over.signal);
    throw new Error('it did not come in time');
  };
  try {
    return await Promise.race([token(), late()]);
  } catch (cause) {
    throw new RefusedError('there is no token to show to the server', { cause });
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}

/**
 * Says what it mostly means that a server hangs up as one connects, as the libraries do not see what it said last.
 * @returns other errors as they are
 */
export function explainHangUp(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'EPIPE' && code !== 'ECONNRESET') return error;
  return new Error('it closes the connection at once, as a server does that has as many as it takes', { cause: error });
}

/** Waits for a part of a close, within reason. Never rejects. */
export async function withinClose(done: Promise<unknown>): Promise<void> {
  const late = new AbortController();
  const settled = done.catch(() => {});
  await Promise.race([settled, pause(CLOSE_WITHIN, late.signal)]);
  late.abort();
}

/** Resolves after so many milliseconds, or when the signal says so. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}
