import { AddressError, MissingLibraryError, RefusedError } from '../errors.ts';
import type { Clock } from '../stream/clock.ts';

/** How long, in milliseconds, to wait before asking a store again that did not answer, or that refused. */
const ASK_EVERY = 250;

/** Waits before a retry, or until the signal says that there is none. */
export function delay(clock: Clock, signal: AbortSignal, milliseconds: number = ASK_EVERY): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const cancel = clock.after(milliseconds, () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    const onAbort = (): void => {
      cancel();
      resolve();
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** Whether to report an error: the store refuses, or what is needed to ask it is missing. Other errors pass. */
export function isRefusal(error: unknown): error is Error {
  return error instanceof RefusedError || error instanceof MissingLibraryError || error instanceof AddressError;
}
