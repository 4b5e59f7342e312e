import { TimeoutError } from '../errors.ts';
import { LONGEST_TIMER } from '../timers.ts';
import type { Event } from './event.ts';

/** What to wait for, and for how long. */
export interface NextOptions<A extends readonly unknown[]> {
  /**
   * Milliseconds after which waiting ends with a `TimeoutError`.
   * @default Infinity
   */
  timeout?: number | undefined;
  /** Skips the emits for which it returns false. If it throws, the waiting ends with that error. */
  where?: ((...args: A) => boolean) | undefined;
  /** Ends the waiting with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/** Waits for the next emit of an event that passes the filter. */
export function next<A extends readonly unknown[]>(
  source: Event<A>,
  { timeout = Infinity, where, signal }: NextOptions<A> = {},
): Promise<A> {
  return new Promise<A>((resolve, reject) => {
    // An error that is thrown here rejects the promise.
    signal?.throwIfAborted();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const end = (): void => {
      clearTimeout(timer);
      link.disconnect();
      signal?.removeEventListener('abort', onAbort);
    };
    const fail = (error: unknown): void => {
      end();
      reject(error);
    };
    const onAbort = (): void => fail(signal?.reason);
    const link = source.addListener((...args) => {
      try {
        if (where !== undefined && !where(...args)) return;
      } catch (error) {
        fail(error);
        return;
      }
      end();
      resolve(args);
    });
    signal?.addEventListener('abort', onAbort);
    // More than 25 days counts as for ever.
    if (!(timeout > LONGEST_TIMER)) {
      timer = setTimeout(() => {
        fail(new TimeoutError(`event '${source.name}' was not emitted within ${timeout} ms`));
      }, timeout);
    }
  });
}
