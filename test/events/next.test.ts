import { event, TimeoutError } from 'mreventloop';
import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

test('next: gives the arguments of the next emit', async () => {
  const sold = event<[product: string, price: number]>();
  const next = sold.next();
  sold('tea', 3);
  sold('coffee', 4);
  expect(await next).toEqual(['tea', 3]);
});

test('next: listens from the moment of the call, not before it, and no longer than needed', async () => {
  const counted = event<[count: number]>();
  counted(1);
  const next = counted.next();
  expect(counted.listenerCount).toBe(1);
  counted(2);
  expect(counted.listenerCount).toBe(0);
  expect(await next).toEqual([2]);
});

test('next: several wait for the same emit', async () => {
  const counted = event<[count: number]>();
  const both = Promise.all([counted.next(), counted.next()]);
  counted(1);
  expect(await both).toEqual([[1], [1]]);
});

describe('where', () => {
  test('where: emits that do not fit are passed over', async () => {
    const counted = event<[count: number]>();
    const next = counted.next({ where: (count) => count > 2 });
    for (const count of [1, 2, 3, 4]) counted(count);
    expect(await next).toEqual([3]);
  });

  test('where: what it throws ends the waiting, and is not the emitter’s', async () => {
    const counted = event<[count: number]>();
    const next = counted.next({
      where: () => {
        throw new RangeError('no');
      },
    });
    expect(() => counted(1)).not.toThrow();
    expect(counted.listenerCount).toBe(0);
    await expect(next).rejects.toThrow(new RangeError('no'));
  });

  test('where: may emit the same event', async () => {
    const counted = event<[count: number]>();
    const next = counted.next({
      where: (count) => {
        if (count < 3) counted(count + 1);
        return count > 1;
      },
    });
    counted(1);
    expect(await next).toEqual([3]);
  });
});

describe('timeout', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('timeout: rejects after that many milliseconds, naming the event', async () => {
    const rung = event('rung');
    const next = rung.next({ timeout: 500 });
    let ended = false;
    next.catch(() => (ended = true));
    await vi.advanceTimersByTimeAsync(499);
    expect(ended).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await expect(next).rejects.toThrow(new TimeoutError("event 'rung' was not emitted within 500 ms"));
    await expect(next).rejects.toMatchObject({ code: 'TIMEOUT', name: 'TimeoutError' });
    expect(rung.listenerCount).toBe(0);
  });

  test('timeout: 0 rejects in the next turn', async () => {
    const next = event('rung').next({ timeout: 0 });
    vi.advanceTimersByTime(0);
    await expect(next).rejects.toThrow(TimeoutError);
  });

  test('timeout: counts until an emit that fits', async () => {
    const counted = event<[count: number]>('counted');
    const next = counted.next({ timeout: 500, where: (count) => count > 1 });
    vi.advanceTimersByTime(499);
    counted(1);
    vi.advanceTimersByTime(1);
    counted(2);
    await expect(next).rejects.toThrow(TimeoutError);
  });

  test('timeout: no timer is left behind, whatever ended the waiting', async () => {
    const rung = event();
    const abort = new AbortController();
    const next = rung.next({ timeout: 500 });
    const aborted = rung.next({ timeout: 500, signal: abort.signal });
    expect(vi.getTimerCount()).toBe(2);
    abort.abort();
    expect(vi.getTimerCount()).toBe(1);
    rung();
    expect(vi.getTimerCount()).toBe(0);
    await next;
    await expect(aborted).rejects.toThrow('aborted');
  });

  test('timeout: without one, or with Infinity, there is no timer', async () => {
    const rung = event();
    const both = Promise.all([rung.next(), rung.next({ timeout: Infinity })]);
    expect(vi.getTimerCount()).toBe(0);
    rung();
    await both;
  });

  test('timeout: what is no number is not for ever', async () => {
    const next = event().next({ timeout: NaN });
    await Promise.all([expect(next).rejects.toThrow(TimeoutError), vi.runAllTimersAsync()]);
  });

  test('timeout: one that is longer than a timer can wait is not cut short', async () => {
    const rung = event();
    const next = rung.next({ timeout: Number.MAX_SAFE_INTEGER });
    let ended = false;
    next.catch(() => (ended = true));
    await vi.advanceTimersByTimeAsync(1000);
    expect(ended).toBe(false);
    rung();
    await next;
  });

  test('timeout: the longest time that a timer can wait is one', async () => {
    const rung = event();
    const next = rung.next({ timeout: 2 ** 31 - 1 });
    expect(vi.getTimerCount()).toBe(1);
    rung();
    await next;
  });
});

describe('signal', () => {
  test('signal: aborting ends the waiting with its reason', async () => {
    const rung = event();
    const abort = new AbortController();
    const next = rung.next({ signal: abort.signal });
    const reason = new Error('closing time');
    abort.abort(reason);
    await expect(next).rejects.toBe(reason);
    expect(rung.listenerCount).toBe(0);
  });

  test('signal: an aborted one ends it at once, and connects nothing', async () => {
    const rung = event();
    const next = rung.next({ signal: AbortSignal.abort('closed') });
    expect(rung.listenerCount).toBe(0);
    await expect(next).rejects.toBe('closed');
  });

  test('signal: nothing listens to it any more after the emit', async () => {
    const rung = event();
    const { signal } = new AbortController();
    const next = rung.next({ signal });
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    rung();
    await next;
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });
});
