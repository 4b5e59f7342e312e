import { describe, expect, onTestFinished, test } from 'vitest';
import {
  Broker,
  connect,
  ConnectError,
  contract,
  EventLoop,
  NoHandlerError,
  PayloadError,
  Peer,
  PeerGoneError,
  RemoteError,
  request,
  slot,
  StateError,
  TimeoutError,
  ValidationError,
} from 'mreventloop';
import { z } from 'zod';
import { startBroker } from '../support/addresses.ts';
import { endings, expectEnd, gate, pair, shop, started } from './shop.ts';

describe('requests: an answer', () => {
  test('comes from the handler', async () => {
    const { seller, buyer } = await pair();
    seller.serve.price_of((product) => product.length);
    expect(await buyer.request.price_of('tea')).toBe(3);
  });

  test('may take its time, and others do not wait for it', async () => {
    const { seller, buyer } = await pair();
    const { promise, open } = gate();
    seller.serve.price_of(async (product) => {
      if (product === 'tea') await promise;
      return product.length;
    });
    const tea = buyer.request.price_of('tea');
    expect(await buyer.request.price_of('milk')).toBe(4);
    open();
    expect(await tea).toBe(3);
  });

  test('comes from a handler that is connected for one request', async () => {
    const { seller, buyer } = await pair();
    seller.serve.price_of((product) => product.length, { once: true });
    seller.serve.price_of(() => 0);
    expect(await buyer.request.price_of('tea')).toBe(3);
    expect(await buyer.request.price_of('tea')).toBe(0);
  });

  test('is what the schemas make of it, and arguments may be left out', async () => {
    const { seller, buyer } = await pair();
    seller.serve.stock((product, minimum) => ({ product, left: minimum ?? 7 }));
    expect(await buyer.request.stock('tea')).toEqual({ product: 'tea', left: 7 });
    expect(await buyer.request.stock('tea', 9)).toEqual({ product: 'tea', left: 9 });
    expect(await buyer.request.stock('tea', undefined, { timeout: 1_000 })).toEqual({ product: 'tea', left: 7 });
  });

  test('is to what was asked, though the arguments change right after the call', async () => {
    const { address, seller, buyer } = await pair();
    const items = contract({ sum: request([z.object({ numbers: z.array(z.number()) })], z.number()) });
    const adder = new Peer(address, items, { serve: ['sum'] });
    adder.serve.sum(({ numbers }) => numbers.reduce((sum, n) => sum + n, 0));
    const asker = await started(new Peer(address, items, { request: ['sum'] }));
    const given = { numbers: [1, 2] };
    // Nobody serves it yet.
    const first = asker.request.sum(given);
    given.numbers.push(3);
    await started(adder);
    expect(await first).toBe(3);
    const second = asker.request.sum(given);
    given.numbers.length = 0;
    expect(await second).toBe(6);
    expect([seller.ready, buyer.ready]).toEqual([true, true]);
  });

  test('is what the handler gave, though that changes right after', async () => {
    const { seller, buyer } = await pair();
    const stock = { product: 'tea', left: 7 };
    seller.serve.stock(() => {
      void Promise.resolve().then(() => Object.assign(stock, { left: 'none' }));
      return stock;
    });
    expect(await buyer.request.stock('tea')).toEqual({ product: 'tea', left: 7 });
  });

  test('may be nothing', async () => {
    const { seller, buyer } = await pair();
    seller.serve.close(() => undefined);
    expect(await buyer.request.close()).toBeUndefined();
  });

  test.each([
    ['with a property that slot calls had', { handedOver: false }],
    ['that is frozen', Object.freeze({ handedOver: false })],
  ])('%s stays as it is', async (_, parcel) => {
    const { address } = await pair();
    const parcels = contract({ parcel: request([], z.object({ handedOver: z.boolean() })) });
    const sender = await started(new Peer(address, parcels, { serve: ['parcel'] }));
    const taker = await started(new Peer(address, parcels, { request: ['parcel'] }));
    sender.serve.parcel(() => parcel);
    expect(await taker.request.parcel()).toEqual({ handedOver: false });
  });

  test('comes over sockets', async () => {
    const { endpoints } = await startBroker('ipc');
    const seller = await started(new Peer(endpoints, shop, { serve: ['price_of'] }));
    const buyer = await started(new Peer(endpoints, shop, { request: ['price_of'] }));
    seller.serve.price_of((product) => product.length);
    expect(await Promise.all(['a', 'bb', 'ccc'].map((product) => buyer.request.price_of(product)))).toEqual([1, 2, 3]);
  });
});

describe('requests: handlers', () => {
  class Counter {
    readonly eventLoop = new EventLoop();
    readonly log: string[] = [];
    onPriceOf = slot(this, async (product: string, signal: AbortSignal) => {
      this.log.push(`${product}: begun`);
      await Promise.resolve();
      this.log.push(`${product}: done, ${signal.aborted ? 'not wanted' : 'wanted'}`);
      if (product === '') throw new TypeError('no product has no name');
      return product.length;
    });
  }

  test('a slot answers on its event loop: one at a time, in order', async () => {
    const { seller, buyer } = await pair();
    const counter = new Counter();
    await using _loop = counter.eventLoop.start();
    connect(seller.serve, 'price_of', counter, 'onPriceOf');
    expect(await Promise.all([buyer.request.price_of('tea'), buyer.request.price_of('milk')])).toEqual([3, 4]);
    expect(counter.log).toEqual(['tea: begun', 'tea: done, wanted', 'milk: begun', 'milk: done, wanted']);
  });

  test('a slot answers what another one of its loop asked without waiting for it', async () => {
    const { seller, buyer } = await pair();
    class Seller {
      readonly eventLoop = new EventLoop();
      readonly onPriceOf = slot(this, async (product: string) => product.length);
      readonly open = slot(this, async () => {
        await new Promise(setImmediate);
        const price = buyer.request.price_of('tea');
        await expect.poll(() => this.eventLoop.size).toBe(1);
        // In a list, which is not awaited.
        return [price];
      });
    }
    const shopkeeper = new Seller();
    connect(seller.serve, 'price_of', shopkeeper);
    await using _ = shopkeeper.eventLoop.start();
    const [price] = await shopkeeper.open();
    expect(await price).toBe(3);
  });

  test('a slot that fails is told to whoever asked, and does not end the program', async () => {
    const { seller, buyer } = await pair();
    const counter = new Counter();
    await using _loop = counter.eventLoop.start();
    connect(seller.serve, 'price_of', counter);
    await expect(buyer.request.price_of('')).rejects.toMatchObject({
      code: 'REMOTE',
      remoteName: 'TypeError',
      message: "request 'price_of' failed where it was served: TypeError: no product has no name",
    });
    expect(await buyer.request.price_of('tea')).toBe(3);
  });

  test('handlers that take their time leave the runtime its turn, and answer in order', async () => {
    const { seller, buyer } = await pair();
    const asked: number[] = [];
    seller.serve.price_of((product) => {
      const end = performance.now() + 1;
      while (performance.now() < end);
      asked.push(Number(product));
      return asked.length;
    });
    const numbers = Array.from({ length: 300 }, (_, n) => n);
    let isAnswered = false;
    const answers = Promise.all(numbers.map((n) => buyer.request.price_of(String(n)))).finally(
      () => (isAnswered = true),
    );
    const atTurns = [0];
    while (!isAnswered) {
      await new Promise(setImmediate);
      atTurns.push(asked.length);
    }
    expect(await answers).toEqual(numbers.map((n) => n + 1));
    expect(asked).toEqual(numbers);
    // Whether 50 ms have passed is looked at after 64 of them at the latest.
    for (const [index, at] of atTurns.slice(1).entries())
      expect(at - (atTurns[index] as number)).toBeLessThanOrEqual(64);
  });

  test.each([
    ['without a message', { message: undefined }, 'Error', undefined],
    ['with a number as its message', { message: 7 }, 'Error', undefined],
    ['with an object as its name', { name: {} }, 'Error', undefined],
    ['with a very long code', { code: 'x'.repeat(100_000) }, 'Error', 'x'.repeat(2_000)],
  ])('an error %s arrives all the same', async (_what, properties, remoteName, remoteCode) => {
    const { seller, buyer } = await pair();
    seller.serve.price_of(() => {
      throw Object.assign(new Error('out of tea'), properties);
    });
    await expect(buyer.request.price_of('tea')).rejects.toMatchObject({ code: 'REMOTE', remoteName, remoteCode });
  });

  test('an error that cannot be read arrives all the same', async () => {
    const { seller, buyer } = await pair();
    seller.serve.price_of(() => {
      throw Object.defineProperty(new Error('out of tea'), 'code', {
        get() {
          throw new TypeError('out of codes');
        },
      });
    });
    await expect(buyer.request.price_of('tea')).rejects.toMatchObject({ code: 'REMOTE', remoteName: 'Error' });
  });

  test('what a handler throws arrives with name, message and code, and without its stack', async () => {
    const { seller, buyer } = await pair();
    const failures: unknown[] = [];
    connect(seller.status, 'requestFailed', ({ request: name, peer, error }) => failures.push([name, peer, error]));
    const thrown = Object.assign(new RangeError('out of tea'), { code: 'NO_TEA', stack: 'lines of the server' });
    seller.serve.price_of(() => {
      throw thrown;
    });
    const error = await buyer.request.price_of('tea').catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RemoteError);
    expect(error).toMatchObject({ remoteName: 'RangeError', remoteCode: 'NO_TEA' });
    expect((error as Error).stack).not.toContain('lines of the server');
    expect(failures).toEqual([['price_of', buyer.id, thrown]]);
  });

  test('one that ends with its signal is not told as a failure', async () => {
    const { seller, buyer } = await pair();
    const failures: unknown[] = [];
    seller.status.requestFailed.addListener((failure) => failures.push(failure));
    const asked = gate();
    const ended = gate();
    seller.serve.price_of(async (_, signal) => {
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve);
        asked.open();
      });
      ended.open();
      throw signal.reason;
    });
    seller.serve.close(() => undefined);
    const controller = new AbortController();
    const settled = expect(buyer.request.price_of('tea', { signal: controller.signal })).rejects.toThrow('enough');
    await asked.promise;
    controller.abort(new Error('enough'));
    await settled;
    await ended.promise;
    // It would have been told before this.
    await buyer.request.close();
    expect(failures).toEqual([]);
  });

  test('may be disconnected; then the next one answers', async () => {
    const { seller, buyer } = await pair();
    const link = seller.serve.price_of(() => 1);
    seller.serve.price_of(() => 2);
    expect(await buyer.request.price_of('tea')).toBe(1);
    link.disconnect();
    expect(await buyer.request.price_of('tea')).toBe(2);
  });

  test('what was asked is still answered when the peer stops, and nothing more is taken', async () => {
    const { seller, buyer } = await pair();
    const { promise, open } = gate();
    const asked = gate();
    seller.serve.price_of(async () => {
      asked.open();
      await promise;
      return 3;
    });
    const answer = buyer.request.price_of('tea');
    await asked.promise;
    const stopped = seller.stop();
    await expect(buyer.request.price_of('milk')).rejects.toThrow(NoHandlerError);
    open();
    expect(await answer).toBe(3);
    await stopped;
  });
});

describe('requests: a server that stops', () => {
  test('takes nothing new while it waits for others, also where it was answering nothing', async () => {
    const { address, seller, buyer } = await pair();
    const { promise, open } = gate();
    const slow = contract({ news: [z.string().refine(() => promise.then(() => true))] });
    const reader = await started(new Peer(address, slow, { subscribe: ['news'] }));
    const writer = new Peer(address, contract({ news: [z.string()], price_of: request([z.string()], z.number()) }), {
      publish: ['news'],
      serve: ['price_of'],
    });
    let asked = 0;
    writer.serve.price_of(() => (asked += 1));
    await seller.stop();
    await started(writer);
    await writer.waitFor({ subscribers: 'news' });
    await buyer.waitFor({ servers: 'price_of' });
    void writer.publish.news('tea is in');
    const stopped = writer.stop({ timeout: 10_000 });
    await expect(buyer.request.price_of('tea')).rejects.toThrow(NoHandlerError);
    open();
    await stopped;
    expect(asked).toBe(0);
    expect(reader.ready).toBe(true);
  });

  test('or has no handler: another one is asked', async () => {
    const { address, seller, buyer } = await pair();
    const others = await Promise.all([1, 2].map(() => started(new Peer(address, shop, { serve: ['price_of'] }))));
    await buyer.waitFor({ servers: 'price_of', count: 3 });
    seller.serve.price_of((product) => product.length);
    const asked = Array.from({ length: 6 }, () => buyer.request.price_of('tea'));
    expect(await Promise.all(asked)).toEqual([3, 3, 3, 3, 3, 3]);
    await seller.stop();
    await expect(buyer.request.price_of('tea')).rejects.toThrow(NoHandlerError);
    expect(others.map(({ ready }) => ready)).toEqual([true, true]);
  });
});

describe('requests: every call settles', () => {
  test('nobody serves it', async () => {
    const broker = await new Broker('inproc://nobody').start();
    onTestFinished(() => broker.stop());
    const buyer = await started(new Peer('inproc://nobody', shop, { request: ['price_of'] }));
    for (let i = 0; i < 2; i += 1) {
      await expect(buyer.request.price_of('tea', { timeout: 60_000 })).rejects.toThrow(
        new NoHandlerError("no peer on the bus serves request 'price_of'"),
      );
    }
  });

  test('nobody but the peer itself serves it', async () => {
    const broker = await new Broker('inproc://itself').start();
    onTestFinished(() => broker.stop());
    const trader = await started(new Peer('inproc://itself', shop, { request: ['price_of'], serve: ['price_of'] }));
    await expect(trader.request.price_of('tea')).rejects.toThrow(
      new NoHandlerError("no peer on the bus serves request 'price_of'; this one does, but a peer does not ask itself"),
    );
  });

  test('the peer was not started, or is not any more', async () => {
    const { buyer } = await pair();
    await buyer.stop();
    const late = new TimeoutError(
      "no peer that serves request 'price_of' was there within 20 ms; " +
        'this peer is not connected to a broker: it was not started, was stopped, or is cut off',
    );
    await expect(buyer.request.price_of('tea', { timeout: 20 })).rejects.toThrow(late);
    await expect(buyer.request.prices_of('tea', { timeout: 20 })[Symbol.asyncIterator]().next()).rejects.toThrow(
      late.message.replace('price_of', 'prices_of'),
    );
  });

  test('whoever serves it has no handler', async () => {
    const { buyer, seller } = await pair();
    await expect(buyer.request.price_of('tea')).rejects.toThrow(
      new NoHandlerError(`peer ${seller.id} has no handler for request 'price_of'`),
    );
  });

  test('asked before the start, it waits for the start', async () => {
    const { seller, address } = await pair();
    seller.serve.price_of(() => 3);
    const early = new Peer(address, shop, { request: ['price_of'] });
    const answer = early.request.price_of('tea');
    await started(early);
    expect(await answer).toBe(3);
  });

  test.each(['a time-out', 'a signal'])('%s, of which the server is told', async (what) => {
    const { seller, buyer } = await pair();
    const asked = gate();
    const aborted = gate();
    seller.serve.price_of(async (_, signal) => {
      signal.addEventListener('abort', aborted.open);
      asked.open();
      await aborted.promise;
      return 3;
    });
    const controller = new AbortController();
    const options = what === 'a signal' ? { signal: controller.signal } : { timeout: 20 };
    const answer = buyer.request.price_of('tea', options);
    const error =
      what === 'a signal'
        ? new Error('not thirsty')
        : new TimeoutError("request 'price_of' was not answered within 20 ms");
    const settled = expect(answer).rejects.toThrow(error);
    await asked.promise;
    controller.abort(new Error('not thirsty'));
    await settled;
    await aborted.promise;
  });

  test.each(['at once', 'while a schema is waited for'])(
    'a signal that aborts %s, and nothing is sent',
    async (when) => {
      const { address } = await pair();
      const { promise, open } = gate();
      const slowly = z.string().refine(async () => {
        if (when !== 'at once') await promise;
        return true;
      });
      const slow = contract({ size_of: request([slowly], z.number()), colour_of: request([z.string()], z.string()) });
      const seller = await started(new Peer(address, slow, { serve: ['size_of', 'colour_of'] }));
      const buyer = await started(new Peer(address, slow, { request: ['size_of', 'colour_of'] }));
      let asked = 0;
      seller.serve.size_of(() => (asked += 1));
      seller.serve.colour_of(() => 'green');
      await buyer.waitFor({ servers: 'size_of' });
      const controller = new AbortController();
      const answer = buyer.request.size_of('tea', { signal: controller.signal });
      controller.abort(new Error('not thirsty'));
      open();
      await expect(answer).rejects.toThrow('not thirsty');
      // It would have been asked before this.
      expect(await buyer.request.colour_of('tea')).toBe('green');
      expect(asked).toBe(0);
    },
  );

  test.each(endings)('%s, while a schema of the arguments never answers', (ending) =>
    expectEnd(ending, (ask, options) => ask.half(3, options)),
  );

  test.each(endings)('%s, while a schema of the answer never answers', (ending) =>
    expectEnd(ending, (ask, options) => ask.double(3, options)),
  );

  test.each(['the server leaves', 'the peer itself stops'])('%s', async (what) => {
    const { seller, buyer } = await pair();
    const asked = gate();
    seller.serve.price_of(() => {
      asked.open();
      return new Promise<number>(() => {});
    });
    const settled = expect(buyer.request.price_of('tea')).rejects.toThrow(
      what === 'the server leaves' ? PeerGoneError : StateError,
    );
    await asked.promise;
    if (what === 'the server leaves') await seller.stop({ timeout: 10 });
    else await buyer.stop();
    await settled;
    await seller.stop({ timeout: 10 });
  });

  test('who asked has left: a stop waits for no handler whose answer nobody can want', async () => {
    const { seller, buyer } = await pair();
    const asked = gate();
    const aborted = gate();
    seller.serve.price_of((_, signal) => {
      asked.open();
      signal.addEventListener('abort', aborted.open);
      return new Promise<number>(() => {});
    });
    const settled = expect(buyer.request.price_of('tea')).rejects.toThrow(StateError);
    await asked.promise;
    await buyer.stop();
    await Promise.all([settled, aborted.promise]);
    await seller.stop({ timeout: Infinity });
  });
});

describe('requests: bad input', () => {
  test('arguments that do not fit are refused where they are sent', async () => {
    const { buyer } = await pair();
    await expect(buyer.request.price_of(3 as never)).rejects.toMatchObject({ code: 'VALIDATION', argument: 1 });
    await expect(buyer.request.price_of(...(['a', {}, 'more'] as unknown as ['a']))).rejects.toThrow(
      new ValidationError("request 'price_of' takes 1 argument, not 3", { event: 'price_of' }),
    );
    // Somebody may take the options for a number of milliseconds.
    await expect(buyer.request.price_of('tea', 500 as never)).rejects.toThrow('takes 1 argument, not 2');
    await expect(buyer.request.price_of(3n as never)).rejects.toThrow(PayloadError);
  });

  test('arguments that do not fit are refused where they arrive, and reported', async () => {
    const { seller, address } = await pair();
    seller.serve.price_of(() => 3);
    const careless = await started(new Peer(address, shop, { request: ['price_of'], validateOutgoing: false }));
    const invalid = seller.status.invalid.next();
    await expect(careless.request.price_of(3 as never)).rejects.toMatchObject({
      remoteName: 'ValidationError',
      remoteCode: 'VALIDATION',
    });
    expect(await invalid).toMatchObject([{ event: 'price_of', reason: 'schema', argument: 1, count: 1 }]);
  });

  test('too few arguments are told where they arrive', async () => {
    const { seller, address } = await pair();
    seller.serve.price_of(() => 3);
    const careless = await started(new Peer(address, shop, { request: ['price_of'], validateOutgoing: false }));
    await expect(careless.request.price_of(undefined as never)).rejects.toThrow(
      "request 'price_of' takes 1 argument, not 0",
    );
  });

  test.each([
    ['of another type', 'three' as never],
    ['that JSON cannot carry', Number.NaN],
  ])('an answer %s fails where it is made', async (_, answer) => {
    const { seller, buyer } = await pair();
    const failed = seller.status.requestFailed.next();
    seller.serve.price_of(() => answer);
    await expect(buyer.request.price_of('tea')).rejects.toThrow(RemoteError);
    expect(await failed).toMatchObject([{ request: 'price_of', peer: buyer.id }]);
  });

  test('an answer that does not fit is refused where it arrives, and reported', async () => {
    const { seller: checked, address } = await pair();
    await checked.stop();
    const seller = await started(new Peer(address, shop, { serve: ['price_of'], validateOutgoing: false }));
    const buyer = await started(new Peer(address, shop, { request: ['price_of'] }));
    seller.serve.price_of(() => 'three' as never);
    const invalid = buyer.status.invalid.next();
    await expect(buyer.request.price_of('tea')).rejects.toThrow("the answer to request 'price_of' does not fit");
    expect(await invalid).toMatchObject([{ event: 'price_of', reason: 'schema' }]);
  });

  test('names that are no requests of the contract', () => {
    expect(() => new Peer('inproc://x', shop, { serve: ['produced' as 'price_of'] })).toThrow(ConnectError);
    expect(() => new Peer('inproc://x', shop, { request: ['toString' as 'price_of'] })).toThrow(ConnectError);
  });

  test('whose contract is another one is not asked, where that is refused', async () => {
    const { seller, address } = await pair();
    seller.serve.price_of(() => 3);
    const other = contract({ price_of: request([z.string()], z.string()) });
    const buyer = new Peer(address, other, { request: ['price_of'], contractMismatch: 'refuse' });
    const mismatch = buyer.status.contractMismatch.next();
    await started(buyer);
    expect(await mismatch).toMatchObject([
      { refused: true, differences: [{ event: 'price_of', reason: 'arguments', arguments: [2] }] },
    ]);
    await expect(buyer.request.price_of('tea')).rejects.toThrow(NoHandlerError);
  });
});

/** As many peers that answer with their position, and one that asks. */
async function sellers(count: number) {
  const { buyer, seller, address } = await pair();
  await seller.stop();
  const all = await Promise.all(
    Array.from({ length: count }, (_, i) => {
      const one = new Peer(address, shop, { serve: ['price_of'] });
      one.serve.price_of(() => i);
      return started(one);
    }),
  );
  await buyer.waitFor({ servers: 'price_of', count });
  return { buyer, all };
}

describe('requests: several servers', () => {
  test('they take turns', async () => {
    const { buyer } = await sellers(3);
    const answers: number[] = [];
    for (let i = 0; i < 9; i += 1) answers.push(await buyer.request.price_of('tea'));
    expect(new Set(answers.slice(0, 3))).toEqual(new Set([0, 1, 2]));
    expect(answers).toEqual([0, 1, 2].flatMap(() => answers.slice(0, 3)));
  });

  test('a key goes to the same one; when one leaves, only its keys move', async () => {
    const { buyer, all } = await sellers(3);
    const keys = Array.from({ length: 60 }, (_, i) => `key ${i}`);
    const ask = () => Promise.all(keys.map((key) => buyer.request.price_of('tea', { key })));
    const first = await ask();
    expect(await ask()).toEqual(first);
    for (const i of [0, 1, 2]) expect(first.filter((answer) => answer === i).length).toBeGreaterThan(5);
    const left = buyer.status.peerLeft.next();
    await all[1]?.stop();
    await left;
    const second = await ask();
    expect(second).not.toContain(1);
    for (const [i, answer] of second.entries()) if (first[i] !== 1) expect(answer).toBe(first[i]);
  });
});
