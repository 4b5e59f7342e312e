import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { contract, NoHandlerError, Peer, request, requestStream, StateError, TimeoutError } from 'mreventloop';
import { z } from 'zod';
import { startBroker } from '../support/addresses.ts';
import { endings, expectEnd, gate, pair, shop, started } from './shop.ts';

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

async function read(prices: AsyncIterable<number>): Promise<number[]> {
  const all: number[] = [];
  for await (const price of prices) all.push(price);
  return all;
}

describe('requests: a stream of answers', () => {
  test('comes one after the other, and ends', async () => {
    const { seller, buyer } = await pair();
    seller.serve.prices_of(async function* (product) {
      for (let i = 1; i <= 500; i += 1) yield await Promise.resolve(product.length * i);
    });
    expect(await read(buyer.request.prices_of('tea'))).toEqual(upTo(500).map((i) => 3 * i));
  });

  test('is asked for anew each time it is read, and may be any iterable', async () => {
    const { seller, buyer } = await pair();
    let asked = 0;
    seller.serve.prices_of(() => {
      asked += 1;
      return [1, 2];
    });
    const prices = buyer.request.prices_of('tea');
    expect(asked).toBe(0);
    for (let i = 1; i <= 2; i += 1) {
      expect(await read(prices)).toEqual([1, 2]);
      expect(asked).toBe(i);
    }
  });

  test('runs no further ahead than what is read', async () => {
    const { seller, buyer } = await pair();
    let made = 0;
    const ended = gate();
    seller.serve.prices_of(async function* () {
      try {
        for (;;) yield await Promise.resolve((made += 1));
      } finally {
        ended.open();
      }
    });
    const reader = buyer.request.prices_of('tea')[Symbol.asyncIterator]();
    for (let i = 1; i <= 300; i += 1) {
      expect(await reader.next()).toEqual({ done: false, value: i });
      expect(made).toBeLessThanOrEqual(i + 65);
    }
    await reader.return?.();
    await ended.promise;
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });

  test('of large answers: waits for room, and ends', async () => {
    // Over sockets, acknowledgements take turns of the loop.
    const { endpoints } = await startBroker();
    const texts = contract({ texts_of: requestStream([z.number()], z.string()) });
    const writer = await started(new Peer(endpoints, texts, { serve: ['texts_of'] }));
    const reader = await started(new Peer(endpoints, texts, { request: ['texts_of'] }));
    const text = 'x'.repeat(2 ** 21);
    writer.serve.texts_of((count) => Array.from({ length: count }, () => text));
    let read = 0;
    for await (const one of reader.request.texts_of(40)) if (one === text) read += 1;
    expect(read).toBe(40);
  });

  test('no stream: large answers to many who ask at once wait for room as well', async () => {
    const { endpoints } = await startBroker();
    const texts = contract({ text: request([], z.string()) });
    const writer = await started(new Peer(endpoints, texts, { serve: ['text'] }));
    const reader = await started(new Peer(endpoints, texts, { request: ['text'] }));
    const text = 'x'.repeat(2 ** 21);
    writer.serve.text(() => text);
    // More than is kept for a peer.
    const answers = await Promise.all(Array.from({ length: 40 }, () => reader.request.text()));
    expect(answers.every((answer) => answer === text)).toBe(true);
  });

  test.each(['serves', 'asks'] as const)(
    'where who %s may keep few messages: all answers come, and the end',
    async (who) => {
      const { address, seller, buyer } = await pair();
      await Promise.all([seller.stop(), buyer.stop()]);
      const limit = (of: string): { limit?: number } => (of === who ? { limit: 8 } : {});
      const server = new Peer(address, shop, { serve: ['prices_of', 'price_of'], ...limit('serves') });
      const asker = new Peer(address, shop, { request: ['prices_of', 'price_of'], ...limit('asks') });
      server.serve.prices_of(() => upTo(300));
      server.serve.price_of(() => {
        throw new RangeError('out of tea');
      });
      const failures: unknown[] = [];
      server.status.requestFailed.addListener(({ request: name }) => failures.push(name));
      await started(server);
      await started(asker);
      await asker.waitFor({ servers: 'prices_of' });
      const readers = upTo(12).map(() => asker.request.prices_of('tea')[Symbol.asyncIterator]());
      // One behind the other: no more may be asked at once than may be kept.
      for (const reader of readers) expect((await reader.next()).value).toBe(1);
      const counts = readers.map(async (reader) => {
        let count = 1;
        while ((await reader.next()).done !== true) count += 1;
        return count;
      });
      expect(await Promise.all(counts)).toEqual(readers.map(() => 300));
      expect(failures).toEqual([]);
      if (who === 'asks') return;
      const asked = upTo(40).map(() => asker.request.price_of('tea').catch((error: Error) => error.name));
      expect(new Set(await Promise.all(asked))).toEqual(new Set(['RemoteError']));
    },
  );

  test('is not asked for when it was given up before', async () => {
    const { address } = await pair();
    const [checking, checked] = [gate(), gate()];
    const slowly = z.string().refine(async () => {
      checking.open();
      await checked.promise;
      return true;
    });
    const slow = contract({
      sizes_of: requestStream([slowly], z.number()),
      asked: request([], z.number()),
    });
    const names = ['sizes_of', 'asked'] as const;
    const seller = await started(new Peer(address, slow, { serve: names }));
    const buyer = await started(new Peer(address, slow, { request: names }));
    let asked = 0;
    seller.serve.sizes_of(() => {
      asked += 1;
      return [];
    });
    seller.serve.asked(() => asked);
    await buyer.waitFor({ servers: 'sizes_of' });
    const reader = buyer.request.sizes_of('tea')[Symbol.asyncIterator]();
    const first = reader.next();
    await checking.promise;
    await reader.return?.();
    checked.open();
    expect(await first).toEqual({ done: true, value: undefined });
    // It would have been asked for before this.
    expect(await buyer.request.asked()).toBe(0);
  });

  test('that was given up while its arguments were checked ends, also where they do not fit', async () => {
    const { address } = await pair();
    const [checking, checked] = [gate(), gate()];
    const never = z.string().refine(async () => {
      checking.open();
      await checked.promise;
      return false;
    });
    const strict = contract({ sizes_of: requestStream([never], z.number()) });
    const buyer = await started(new Peer(address, strict, { request: ['sizes_of'] }));
    const reader = buyer.request.sizes_of('tea')[Symbol.asyncIterator]();
    const first = reader.next();
    await checking.promise;
    await reader.return?.();
    expect(await first).toEqual({ done: true, value: undefined });
    checked.open();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });

  test('an answer that does not fit ends it, and its server is told', async () => {
    const { endpoints } = await startBroker('inproc');
    const seller = await started(new Peer(endpoints, shop, { serve: ['prices_of'], validateOutgoing: false }));
    const buyer = await started(new Peer(endpoints, shop, { request: ['prices_of'] }));
    const ended = gate();
    seller.serve.prices_of(async function* (_, signal) {
      yield 1;
      yield 'two' as never;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      ended.open();
    });
    const reader = buyer.request.prices_of('tea')[Symbol.asyncIterator]();
    expect(await reader.next()).toEqual({ done: false, value: 1 });
    await expect(reader.next()).rejects.toThrow("the answer to request 'prices_of' does not fit its schema");
    await ended.promise;
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });

  test.each(['to its end', 'until its reader stops'])(
    'nothing listens to its signal when it was read %s',
    async (what) => {
      const { seller, buyer } = await pair();
      seller.serve.prices_of(() => [1, 2, 3]);
      const { signal } = new AbortController();
      for await (const price of buyer.request.prices_of('tea', { signal })) {
        // All of them are here, and the end.
        await seller.flush();
        await buyer.flush();
        if (price === 2 && what === 'until its reader stops') break;
      }
      expect(getEventListeners(signal, 'abort')).toEqual([]);
    },
  );

  test('fails where its handler fails, after what came before', async () => {
    const { seller, buyer } = await pair();
    seller.serve.prices_of(function* () {
      yield 1;
      throw new Error('out of prices');
    });
    const reader = buyer.request.prices_of('tea')[Symbol.asyncIterator]();
    expect(await reader.next()).toEqual({ done: false, value: 1 });
    await expect(reader.next()).rejects.toThrow('out of prices');
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });

  test.each([
    ['nothing to iterate over', () => 3 as never],
    ['a text, which could be iterated over', () => 'tea' as never],
    ['an item of another type', () => ['three' as never]],
  ])('fails where its handler gives %s', async (_, handler) => {
    const { seller, buyer } = await pair();
    seller.serve.prices_of(handler);
    await expect(read(buyer.request.prices_of('tea'))).rejects.toMatchObject({ code: 'REMOTE' });
  });

  test.each(['a time-out', 'a signal'])('%s ends it, and its server is told', async (what) => {
    const { seller, buyer } = await pair();
    const ended = gate();
    seller.serve.prices_of(async function* (_, signal) {
      yield 1;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      ended.open();
    });
    const controller = new AbortController();
    const options = what === 'a signal' ? { signal: controller.signal } : { timeout: 20 };
    const reader = buyer.request.prices_of('tea', options)[Symbol.asyncIterator]();
    expect(await reader.next()).toEqual({ done: false, value: 1 });
    const settled = expect(reader.next()).rejects.toThrow(what === 'a signal' ? 'enough' : TimeoutError);
    controller.abort(new Error('enough'));
    await settled;
    await ended.promise;
  });

  test.each([60, 100])('a signal ends it, also when all of its %i answers may be here', async (count) => {
    const { seller, buyer } = await pair();
    const served = gate();
    seller.serve.prices_of(function* () {
      for (let i = 0; i < count; i += 1) yield i;
      served.open();
    });
    const controller = new AbortController();
    const reader = buyer.request.prices_of('tea', { signal: controller.signal })[Symbol.asyncIterator]();
    for (let i = 0; i < 5; i += 1) expect(await reader.next()).toEqual({ done: false, value: i });
    if (count === 60) await served.promise;
    await buyer.flush();
    await seller.flush();
    controller.abort(new Error('enough'));
    await expect(reader.next()).rejects.toThrow('enough');
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });

  test.each(endings)('%s ends it, while a schema of the arguments never answers', (ending) =>
    expectEnd(ending, (ask, options) => read(ask.halves(3, options))),
  );

  test.each(endings)('%s ends it, while a schema of an answer never answers', (ending) =>
    expectEnd(ending, (ask, options) => read(ask.doubles(3, options))),
  );

  test('a signal ends it while an answer is checked: that is thrown once', async () => {
    const { address } = await pair();
    const checking = gate();
    const silent = z.number().refine(() => {
      checking.open();
      return new Promise<boolean>(() => {});
    });
    const odd = contract({ sizes_of: requestStream([z.string()], silent) });
    const seller = await started(new Peer(address, odd, { serve: ['sizes_of'], validateOutgoing: false }));
    seller.serve.sizes_of(() => [1, 2]);
    const buyer = await started(new Peer(address, odd, { request: ['sizes_of'] }));
    const controller = new AbortController();
    const reader = buyer.request.sizes_of('tea', { signal: controller.signal })[Symbol.asyncIterator]();
    const first = expect(reader.next()).rejects.toThrow('enough');
    await checking.promise;
    controller.abort(new Error('enough'));
    await first;
    expect(await reader.next()).toEqual({ done: true, value: undefined });
  });

  test('is given up while nobody is known who serves it: whoever reads it hears of that', async () => {
    const { promise: checked, open } = gate();
    const text = z.string().refine(() => (open(), true));
    const buyer = new Peer('inproc://nobody', contract({ sizes_of: requestStream([text], z.number()) }), {
      request: ['sizes_of'],
    });
    const reader = buyer.request.sizes_of('tea')[Symbol.asyncIterator]();
    const first = reader.next();
    await checked;
    await reader.return?.();
    expect(await first).toEqual({ done: true, value: undefined });
  });

  test('nobody serves it, or the peer stops', async () => {
    const { seller, buyer } = await pair();
    await expect(read(buyer.request.prices_of('tea'))).rejects.toThrow(NoHandlerError);
    seller.serve.prices_of(async function* (_, signal) {
      yield 1;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    });
    const reader = buyer.request.prices_of('tea')[Symbol.asyncIterator]();
    await reader.next();
    const settled = expect(reader.next()).rejects.toThrow(StateError);
    await buyer.stop();
    await settled;
  });
});
