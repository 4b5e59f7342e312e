import { event, OverflowError } from 'mreventloop';
import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';

const counter = () => event<[count: number]>('counted');

/** What a stream still gives, up to its end. */
async function rest(stream: AsyncIterable<[number]>): Promise<number[]> {
  const counts: number[] = [];
  for await (const [count] of stream) counts.push(count);
  return counts;
}

test('stream: listens from the moment of the call', async () => {
  const counted = counter();
  counted(1);
  using stream = counted.stream();
  counted(2);
  expect(await stream.next()).toEqual({ done: false, value: [2] });
});

test('stream: nothing is lost between two reads, and the order is kept', async () => {
  const counted = counter();
  const counts: number[] = [];
  counted(0);
  const stream = counted.stream();
  for (const count of [1, 2, 3]) counted(count);
  for await (const [count] of stream) {
    counts.push(count);
    if (count < 6) counted(count + 3);
    if (counts.length === 8) break;
  }
  expect(counts).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test('stream: readers that wait are served in the order in which they came', async () => {
  const counted = counter();
  using stream = counted.stream();
  const reads = [stream.next(), stream.next(), stream.next()];
  for (const count of [1, 2, 3]) counted(count);
  expect((await Promise.all(reads)).map(({ value }) => value?.[0])).toEqual([1, 2, 3]);
});

test('stream: several streams of one event each get everything', async () => {
  const counted = counter();
  using one = counted.stream();
  using other = counted.stream();
  counted(1);
  expect([(await one.next()).value, (await other.next()).value]).toEqual([[1], [1]]);
});

test('stream: leaving the loop disconnects', async () => {
  const counted = counter();
  const stream = counted.stream();
  counted(1);
  counted(2);
  for await (const [count] of stream) {
    expect(count).toBe(1);
    break;
  }
  expect(counted.listenerCount).toBe(0);
  expect(await stream.next()).toEqual({ done: true, value: undefined });
});

test('stream: an error in the loop disconnects', async () => {
  const counted = counter();
  counted(0);
  const stream = counted.stream();
  counted(1);
  const read = async () => {
    for await (const [count] of stream) throw new Error(`no ${count}`);
  };
  await expect(read()).rejects.toThrow('no 1');
  expect(counted.listenerCount).toBe(0);
});

test('stream: disposing ends it, for readers that wait too, and drops what waits', async () => {
  const counted = counter();
  const waiting = counted.stream();
  const reads = Promise.all([waiting.next(), waiting.next()]);
  waiting[Symbol.dispose]();
  expect(await reads).toEqual([
    { done: true, value: undefined },
    { done: true, value: undefined },
  ]);

  const full = counted.stream();
  counted(1);
  full[Symbol.dispose]();
  counted(2);
  expect(await rest(full)).toEqual([]);
  expect(counted.listenerCount).toBe(0);
});

function filled(options: Parameters<ReturnType<typeof counter>['stream']>[0]) {
  const counted = counter();
  const stream = counted.stream(options);
  for (const count of [1, 2, 3, 4, 5]) counted(count);
  return { counted, stream };
}

const readAll = async (stream: ReturnType<typeof filled>['stream'], count: number) => {
  const values: (number | undefined)[] = [];
  for (let i = 0; i < count; i += 1) values.push((await stream.next()).value?.[0]);
  return values;
};

describe('a bounded stream', () => {
  test('limit: by default everything is kept', async () => {
    const { stream } = filled(undefined);
    expect(await readAll(stream, 5)).toEqual([1, 2, 3, 4, 5]);
    expect(stream.dropped).toBe(0);
    stream[Symbol.dispose]();
  });

  test('overflow: drop-oldest keeps the newest', async () => {
    const { stream, counted } = filled({ limit: 2, overflow: 'drop-oldest' });
    expect(stream.dropped).toBe(3);
    expect(await readAll(stream, 2)).toEqual([4, 5]);
    counted(6);
    expect(await readAll(stream, 1)).toEqual([6]);
    expect(stream.dropped).toBe(3);
    stream[Symbol.dispose]();
  });

  test('overflow: drop-newest keeps the oldest', async () => {
    const { stream, counted } = filled({ limit: 2, overflow: 'drop-newest' });
    expect(stream.dropped).toBe(3);
    expect(await readAll(stream, 2)).toEqual([1, 2]);
    counted(6);
    expect(await readAll(stream, 1)).toEqual([6]);
    stream[Symbol.dispose]();
  });

  test('overflow: latest keeps the newest one only', async () => {
    const { stream } = filled({ overflow: 'latest' });
    expect(stream.dropped).toBe(4);
    expect(await readAll(stream, 1)).toEqual([5]);
    stream[Symbol.dispose]();
  });

  test('overflow: error gives what waited, then fails once, then has ended', async () => {
    const { stream, counted } = filled({ limit: 2 });
    expect(counted.listenerCount).toBe(0);
    expect(await readAll(stream, 2)).toEqual([1, 2]);
    const failed = stream.next();
    await expect(failed).rejects.toThrow(new OverflowError("a stream of event 'counted' was read too slowly"));
    await expect(failed).rejects.toMatchObject({ code: 'OVERFLOW', cause: expect.any(OverflowError) as unknown });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  test('overflow: error is not the emitter’s', () => {
    const counted = counter();
    counted.stream({ limit: 1 });
    counted(1);
    expect(() => counted(2)).not.toThrow();
  });

  test('limit: a reader that waits takes the emit, so that nothing is dropped', async () => {
    const counted = counter();
    using stream = counted.stream({ limit: 1, overflow: 'drop-newest' });
    const read = stream.next();
    counted(1);
    counted(2);
    expect(await read).toEqual({ done: false, value: [1] });
    expect(await stream.next()).toEqual({ done: false, value: [2] });
    expect(stream.dropped).toBe(0);
  });

  test('limit: one that makes no sense is refused, and nothing stays connected', () => {
    const counted = counter();
    expect(() => counted.stream({ limit: 0 })).toThrow(RangeError);
    expect(() => counted.stream({ overflow: 'drop' as 'error' })).toThrow(TypeError);
    expect(counted.listenerCount).toBe(0);
  });
});

describe('signal', () => {
  test('signal: what waits is read, then the read fails with the reason, then it has ended', async () => {
    const counted = counter();
    const abort = new AbortController();
    const stream = counted.stream({ signal: abort.signal });
    counted(1);
    abort.abort('closed');
    counted(2);
    expect(await stream.next()).toEqual({ done: false, value: [1] });
    await expect(stream.next()).rejects.toBe('closed');
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(counted.listenerCount).toBe(0);
  });

  test('signal: of readers that wait, the first gets the reason and the others the end', async () => {
    const abort = new AbortController();
    const stream = counter().stream({ signal: abort.signal });
    const reads = Promise.allSettled([stream.next(), stream.next()]);
    abort.abort('closed');
    expect(await reads).toEqual([
      { status: 'rejected', reason: 'closed' },
      { status: 'fulfilled', value: { done: true, value: undefined } },
    ]);
  });

  test('signal: an aborted one connects nothing', async () => {
    const counted = counter();
    const stream = counted.stream({ signal: AbortSignal.abort('closed') });
    expect(counted.listenerCount).toBe(0);
    await expect(rest(stream)).rejects.toBe('closed');
  });

  test('signal: nothing listens to it any more once the stream has ended', async () => {
    const counted = counter();
    const { signal } = new AbortController();
    const stream = counted.stream({ signal });
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    await stream.return();
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  test('signal: disposing after it drops the reason as well', async () => {
    const abort = new AbortController();
    const stream = counter().stream({ signal: abort.signal });
    abort.abort('closed');
    stream[Symbol.dispose]();
    expect(await rest(stream)).toEqual([]);
  });
});
