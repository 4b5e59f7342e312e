import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { keepTrying, Pulse, readToken } from '../../src/bus/keep-trying.ts';
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

/** When each attempt begins that ends in one of these ways, in turn. */
async function timesOf(ends: readonly (Error | undefined)[]): Promise<number[]> {
  vi.useFakeTimers({ now: 0 });
  vi.spyOn(Math, 'random').mockReturnValue(1);
  onTestFinished(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });
  const closing = new AbortController();
  const times: number[] = [];
  const serve = async (): Promise<void> => {
    const end = ends[times.length];
    times.push(Date.now());
    if (end !== undefined) throw end;
  };
  const trying = keepTrying({ serve, failed() {} }, closing.signal);
  while (times.length <= ends.length) await vi.advanceTimersToNextTimerAsync();
  closing.abort();
  await trying;
  return times;
}

describe('pauses, by the clock, which stands at the longest of them', () => {
  test('twice as long each time, and short again behind a link', async () => {
    const away = new Error('away');
    expect(await timesOf([away, away, away, undefined, away, away])).toEqual([0, 50, 150, 350, 400, 500, 700]);
  });

  test('a second at least for who was refused', async () => {
    expect(await timesOf([new RefusedError('no'), undefined])).toEqual([0, 1_000, 1_050]);
  });
});

test('a link on which nothing was heard for three ticks is given up with the fourth', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  let asked = 0;
  let gone = 0;
  const ask = (): Promise<never> => {
    asked += 1;
    return Promise.reject(new Error('no answer'));
  };
  const pulse = new Pulse(ask, () => (gone += 1));
  await vi.advanceTimersByTimeAsync(2_000);
  pulse.heard();
  await vi.advanceTimersByTimeAsync(3_000);
  expect([asked, gone]).toEqual([5, 0]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect([asked, gone]).toEqual([5, 1]);
  pulse.stop();
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

  test('that has come is not waited for any longer', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    await readToken(() => 'a', new AbortController().signal);
    expect(vi.getTimerCount()).toBe(0);
  });
});
