import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { keepTrying, readToken } from '../../src/bus/keep-trying.ts';
import { RefusedError } from '../../src/errors.ts';

const never = (): Promise<string> => new Promise(() => {});

test('a server that is away is looked for once a second and more, however long it has been away', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const closing = new AbortController();
  let attempts = 0;
  const serve = (): Promise<void> => Promise.reject(new Error(`away ${(attempts += 1)}`));
  const trying = keepTrying({ serve, failed() {} }, closing.signal);
  await vi.advanceTimersByTimeAsync(60_000);
  const before = attempts;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(attempts - before).toBeGreaterThanOrEqual(12);
  expect(attempts - before).toBeLessThanOrEqual(25);
  closing.abort();
  await trying;
  expect(vi.getTimerCount()).toBe(0);
});

describe('a token', () => {
  test('that does not come in time, or is not wanted any more, is none: it is asked for again with the next connection', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const closing = new AbortController();
    const late = expect(readToken(never, closing.signal)).rejects.toThrow(RefusedError);
    await vi.advanceTimersByTimeAsync(5_000);
    await late;
    const unwanted = expect(readToken(never, closing.signal)).rejects.toThrow(RefusedError);
    closing.abort();
    await unwanted;
    await expect(readToken(never, closing.signal)).rejects.toThrow(RefusedError);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('comes from a function, or is there', async () => {
    const { signal } = new AbortController();
    expect(await readToken(() => Promise.resolve('a'), signal)).toBe('a');
    expect(await readToken(() => 'b', signal)).toBe('b');
    expect(await readToken('c', signal)).toBe('c');
    expect(await readToken(undefined, signal)).toBeUndefined();
  });
});
