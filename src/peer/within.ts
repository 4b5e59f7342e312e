import { TimeoutError } from '../errors.ts';
import type { Clock } from '../stream/clock.ts';

/**
 * Waits for a promise, but not for ever.
 * @param describe - says what did not happen in time
 * @throws TimeoutError; the signal's reason
 */
export async function within(
  clock: Clock,
  promise: Promise<void>,
  timeout: number,
  signal: AbortSignal | undefined,
  describe: () => string,
): Promise<void> {
  // A promise that nobody waits for any more may reject.
  promise.catch(() => {});
  signal?.throwIfAborted();
  let cancel: (() => void) | undefined;
  let onAbort!: () => void;
  try {
    await new Promise<void>((resolve, reject) => {
      promise.then(resolve, reject);
      if (timeout !== Infinity) cancel = clock.after(timeout, () => reject(new TimeoutError(describe())));
      onAbort = () => reject(signal?.reason);
      signal?.addEventListener('abort', onAbort);
    });
  } finally {
    cancel?.();
    signal?.removeEventListener('abort', onAbort);
  }
}
