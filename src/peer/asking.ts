import { AddressError, MissingLibraryError, RefusedError } from '../errors.ts';
import type { Clock } from '../stream/clock.ts';

/** How long, in milliseconds, to wait before the store is asked again that did not answer, or did not want to. */
const ASK_EVERY = 250;

/** Waits before something is tried again, or until the signal says that it is not. */
export function delay(clock: Clock, signal: AbortSignal, milliseconds: number = ASK_EVERY): Promise<void> {
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

/** Whether it is one to tell: the store does not want to, or what is needed to ask it is missing. Others pass. */
export function isRefusal(error: unknown): error is Error {
  return error instanceof RefusedError || error instanceof MissingLibraryError || error instanceof AddressError;
}
