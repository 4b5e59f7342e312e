import { RefusedError } from '../errors.ts';
import { delayBefore, REFUSED_DELAY } from './backoff.ts';
import { type Token, TOKEN_WITHIN } from './bus.ts';

/** Connects to a server, and takes note when that fails. */
export interface Attempt {
  /**
   * Connects, and resolves when the link has ended. Rejects when no link was established: with a `RefusedError` when
   * the server is there but refuses the client.
   */
  serve(): Promise<void>;
  failed(error: Error): void;
}

/**
 * After this many failed attempts, the pauses stay at 0.8 s and grow no longer. A server that was away for less than
 * the silence after which peers regard each other as gone should not be found only after that silence.
 */
const LONGEST_AFTER = 4;

/** How long, in milliseconds, each part of a close may take. */
const CLOSE_WITHIN = 1_000;

/** Connects, and reconnects after each link, until the signal aborts: at once at first, then later each time. */
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
 * How often, in milliseconds, a server is asked whether it is there, and how many times in a row nothing need be heard
 * from it. Together, they are less than the silence after which peers would regard each other as gone.
 */
const TICK = 1_000;
const MOST_SILENT_TICKS = 3;

/**
 * Checks whether a link is alive. Everything that arrives counts, not only answers, which may have to wait behind much
 * else. Ticks are counted, not time: a process that was busy has not listened.
 */
export class Pulse {
  readonly #timer: ReturnType<typeof setInterval>;
  #silentTicks = 0;

  /**
   * @param ask - asks the server for an answer, and fulfils with it
   * @param gone - called once nothing was heard for too long, and again until the pulse is stopped
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
 * @param signal - aborts when the token is no longer wanted
 * @throws RefusedError, also when a token takes too long
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
 * Explains the usual cause when a server hangs up on a new connection, as the libraries miss its last message.
 * @returns other errors as they are
 */
export function explainHangUp(error: unknown): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'EPIPE' && code !== 'ECONNRESET') return error;
  return new Error('it closes the connection at once, as a server does that has as many as it takes', { cause: error });
}

/** Waits for a part of a close, for a limited time. Never rejects. */
export async function withinClose(done: Promise<unknown>): Promise<void> {
  const late = new AbortController();
  const settled = done.catch(() => {});
  await Promise.race([settled, pause(CLOSE_WITHIN, late.signal)]);
  late.abort();
}

/** Resolves after this many milliseconds, or when the signal aborts. */
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
