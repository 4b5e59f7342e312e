import { onTestFinished } from 'vitest';

/** Collects what is thrown where nobody catches it, for the rest of the test. Without this it would fail the run. */
export function collectUncaught(): unknown[] {
  const errors: unknown[] = [];
  for (const name of ['uncaughtException', 'unhandledRejection'] as const) {
    const before = process.listeners(name as 'uncaughtException');
    const collect = (error: unknown) => void errors.push(error);
    process.removeAllListeners(name);
    process.on(name, collect);
    onTestFinished(() => {
      process.removeAllListeners(name);
      for (const listener of before) process.on(name, listener);
    });
  }
  return errors;
}

/** When everything that is ready has run, rejections have been looked at and what is due has been reported. */
export async function settled(): Promise<void> {
  for (const _ of [1, 2]) await new Promise((resolve) => setImmediate(resolve));
}
