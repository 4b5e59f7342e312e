import { describe, expect, onTestFinished, test } from 'vitest';
import { NoHandlerError, Peer, PeerGoneError } from 'mreventloop';
import { type FaultyBus, FaultyNetwork, type Faults, StepClock } from 'mreventloop/testing';
import { encodeControl } from '../../src/wire/control.ts';
import { encodeDirect, readDirect } from '../../src/wire/direct.ts';
import { decode, requestHead } from '../../src/wire/json-rpc.ts';
import { methodTo, TO_ALL } from '../../src/wire/names.ts';
import { gate, shop } from './shop.ts';

/**
 * Nothing that is sent here gets anywhere, though all that is sent to here arrives.
 * @param passes - the topic that is excepted
 * @returns what ends that
 */
function silence(bus: FaultyBus, passes?: string): () => void {
  const send = bus.send.bind(bus);
  bus.send = (topic, frame) => {
    if (topic === passes) send(topic, frame);
  };
  return () => {
    bus.send = send;
  };
}

async function readAll(reader: AsyncIterator<unknown>): Promise<void> {
  for (let { done } = await reader.next(); done !== true; { done } = await reader.next());
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
}

async function startPair(seed: number, faults: Faults) {
  const clock = new StepClock();
  const network = new FaultyNetwork({ clock, seed, delay: 2, ...faults });
  const [sellers, buyers] = [network.bus(), network.bus()];
  const names = ['price_of', 'prices_of'] as const;
  const seller = new Peer('inproc://x', shop, {
    serve: names,
    publish: ['produced'],
    bus: () => Promise.resolve(sellers),
    clock,
  });
  const buyer = new Peer('inproc://x', shop, { request: names, bus: () => Promise.resolve(buyers), clock });
  await clock.until(Promise.all([seller.start({ timeout: 60_000 }), buyer.start({ timeout: 60_000 })]));
  onTestFinished(async () => {
    await clock.until(Promise.all([seller.stop({ timeout: 100 }), buyer.stop({ timeout: 100 })]));
    // What is still under way arrives nowhere; nothing else is left.
    clock.advance(50);
    expect(clock.pending).toBe(0);
  });
  return { clock, network, sellers, buyers, seller, buyer };
}

/** Serves prices without end. @returns when as many wait as may, and when the handler has ended */
function serveWithoutEnd(seller: Awaited<ReturnType<typeof startPair>>['seller']) {
  const [full, ended] = [gate(), gate()];
  seller.serve.prices_of(function* () {
    try {
      for (let i = 0; ; i += 1) {
        if (i === 64) full.open();
        yield i;
      }
    } finally {
      ended.open();
    }
  });
  return { full, ended };
}

const FAULTS = { loss: 0.2, duplication: 0.2, jitter: 10 };

describe('requests: on a network that fails', () => {
  test.each([1, 2, 3, 4, 5])('loss, duplicates, disorder (seed %i): each asked once, and answered', async (seed) => {
    const { clock, seller, buyer } = await startPair(seed, FAULTS);
    const asked: string[] = [];
    seller.serve.price_of((product) => {
      asked.push(product);
      return Number(product);
    });
    const products = Array.from({ length: 200 }, (_, i) => String(i));
    const answers = await clock.until(Promise.all(products.map((product) => buyer.request.price_of(product))));
    expect(answers).toEqual(products.map(Number));
    expect(asked).toEqual(products);
  });

  test('a stop before a request has arrived: a flush rejects, and what is lacking is told', async () => {
    const { clock, buyer, buyers } = await startPair(12, {});
    await clock.until(buyer.waitFor({ servers: 'price_of' }));
    const speak = silence(buyers);
    const answer = buyer.request.price_of('tea').catch((error: unknown) => error);
    const flushed = buyer.flush().catch((error: unknown) => error);
    const undelivered = buyer.status.undelivered.next();
    await clock.until(buyer.stop({ timeout: 100 }));
    const error = expect.objectContaining({ code: 'STATE' }) as unknown;
    expect([await answer, await flushed]).toEqual([error, error]);
    const [{ peers, unsent }] = await undelivered;
    expect([peers.map(({ count }) => count), unsent]).toEqual([[1], 0]);
    speak();
  });

  test.each([6, 7, 8])('a stream (seed %i): each answer once, in order', async (seed) => {
    const { clock, seller, buyer } = await startPair(seed, FAULTS);
    const items = Array.from({ length: 300 }, (_, i) => i);
    seller.serve.prices_of(() => items);
    const read = async (): Promise<number[]> => {
      const prices: number[] = [];
      for await (const price of buyer.request.prices_of('tea')) prices.push(price);
      return prices;
    };
    expect(await clock.until(read())).toEqual(items);
  });

  test.each(['falls silent', 'leaves'])(
    'an answer of a stream is lost and its server %s before that is mended: the stream fails behind what came before',
    async (what) => {
      const { clock, seller, buyer, buyers, sellers } = await startPair(11, {});
      const [first, third] = [gate(), gate()];
      seller.serve.prices_of(async function* () {
        yield 1;
        await first.promise;
        yield 2;
        await third.promise;
        yield 3;
      });
      const read: number[] = [];
      const reading = (async () => {
        for await (const price of buyer.request.prices_of('tea')) {
          read.push(price);
          first.open();
        }
      })();
      reading.catch(() => {});
      await clock.until(first.promise);
      // What is sent now is lost, and what follows is not.
      buyers.partition();
      for (let i = 0; i < 20; i += 1) await Promise.resolve();
      clock.advance(5);
      buyers.mend();
      third.open();
      for (let i = 0; i < 20; i += 1) await Promise.resolve();
      clock.advance(4);
      if (what === 'leaves') await clock.until(seller.stop({ timeout: 0 }));
      else sellers.partition();
      await clock.until(expect(reading).rejects.toThrow(PeerGoneError));
      expect(read).toEqual([1]);
    },
  );

  test('the broker crashes between question and answer', async () => {
    const { clock, network, seller, buyer } = await startPair(9, {});
    const { promise, open } = gate();
    const asked = gate();
    seller.serve.price_of(async () => {
      asked.open();
      await promise;
      return 3;
    });
    const answer = buyer.request.price_of('tea');
    await clock.until(asked.promise);
    network.crash();
    open();
    clock.advance(100);
    network.restart();
    expect(await clock.until(answer)).toBe(3);
  });

  test.each([7_000, 100_000])(
    'a server that is not heard of for %i ms: the call fails, and others are answered after',
    async (silence) => {
      const { clock, seller, buyer, sellers } = await startPair(10, {});
      const asked = gate();
      const aborted = gate();
      const link = seller.serve.price_of(async (_, signal) => {
        asked.open();
        signal.addEventListener('abort', aborted.open);
        await aborted.promise;
        return 1;
      });
      const settled = expect(buyer.request.price_of('tea', { timeout: Infinity })).rejects.toThrow(PeerGoneError);
      await clock.until(asked.promise);
      sellers.partition();
      await clock.until(Promise.all([settled, aborted.promise]));
      clock.advance(silence);
      await clock.until(expect(buyer.request.price_of('tea')).rejects.toThrow(NoHandlerError));
      sellers.mend();
      await clock.until(buyer.waitFor({ servers: 'price_of' }));
      link.disconnect();
      seller.serve.price_of(() => 3);
      expect(await clock.until(buyer.request.price_of('tea'))).toBe(3);
    },
  );

  test.each(['that goes on', 'that ends with its signal', 'that fails with its signal'])(
    'an asker that is not heard of for a while: its stream %s does not end as if it were complete',
    async (what) => {
      const { clock, seller, buyer, buyers } = await startPair(12, {});
      const failures: unknown[] = [];
      seller.status.requestFailed.addListener((failure) => failures.push(failure));
      const over = gate();
      seller.serve.prices_of(async function* (_, signal) {
        yield 1;
        await aborted(signal);
        over.open();
        if (what === 'that fails with its signal') throw signal.reason;
        if (what === 'that goes on') yield* [2, 3];
      });
      const reader = buyer.request.prices_of('tea')[Symbol.asyncIterator]();
      expect(await clock.until(reader.next())).toEqual({ done: false, value: 1 });
      const next = expect(reader.next()).rejects.toThrow(PeerGoneError);
      const mend = silence(buyers);
      await clock.until(over.promise);
      mend();
      await clock.until(next);
      expect(await reader.next()).toEqual({ done: true, value: undefined });
      expect(failures).toEqual([]);
    },
  );

  test('a server that is not heard of while it waits for its reader: the stream fails, and its handler is told', async () => {
    const { clock, seller, buyer, sellers } = await startPair(14, {});
    const over = gate();
    const full = gate();
    seller.serve.prices_of(async function* (_, signal) {
      signal.addEventListener('abort', over.open);
      for (let i = 0; ; i += 1) {
        if (i === 64) full.open();
        yield i;
      }
    });
    const reader = buyer.request.prices_of('tea')[Symbol.asyncIterator]();
    await clock.until(reader.next());
    await clock.until(full.promise);
    const left = buyer.status.peerLeft.next();
    const mend = silence(sellers);
    await clock.until(left);
    mend();
    await clock.until(over.promise);
    await clock.until(expect(readAll(reader)).rejects.toThrow(PeerGoneError));
  });

  test.each(['answers all the same', 'fails with its signal'])(
    'an asker that is not heard of for a while: a handler that %s',
    async (what) => {
      const { clock, seller, buyer, buyers } = await startPair(13, {});
      const asked = gate();
      const over = gate();
      seller.serve.price_of(async (_, signal) => {
        asked.open();
        await aborted(signal);
        over.open();
        if (what === 'fails with its signal') throw signal.reason;
        return 3;
      });
      const answer = buyer.request.price_of('tea', { timeout: Infinity });
      const settled =
        what === 'fails with its signal'
          ? expect(answer).rejects.toThrow(PeerGoneError)
          : expect(answer).resolves.toBe(3);
      await clock.until(asked.promise);
      const mend = silence(buyers);
      await clock.until(over.promise);
      mend();
      await clock.until(settled);
    },
  );

  test('a server that has forgotten what it was asked, and says so', async () => {
    const { clock, network, buyer, seller } = await startPair(11, {});
    const left = buyer.status.peerLeft.next();
    await clock.until(Promise.all([seller.stop(), left]));
    // It answers nothing, but asks once more for what it is to have, as if it had not known who asks.
    const stranger = network.bus();
    const heard: string[] = [];
    const tell = (method: string, params: readonly unknown[], rest = ''): void =>
      stranger.send(method, `${requestHead(method)}, "params": ${JSON.stringify(params)}${rest}}`);
    await stranger.open({
      frame: (text) => {
        for (const { args } of decode(text).calls) {
          const message = readDirect(args);
          if (message === undefined) continue;
          heard.push(message.kind);
          if (message.kind === 'check') {
            tell(methodTo(buyer.id), encodeDirect({ kind: 'lost', id: message.id }), ', "id": "S~1:1:1"');
          }
        }
      },
      unreadable() {},
      refused() {},
      down() {},
    });
    stranger.subscribe({
      name: '',
      prefixes: [requestHead(methodTo('S')), requestHead(`rpc.mr.pack.${methodTo('S')}`)],
    });
    const hello = {
      kind: 'hello',
      subscribes: [],
      publishes: [],
      answer: false,
      acked: 0,
      serves: ['price_of'],
    } as const;
    stranger.send(TO_ALL, encodeControl(TO_ALL, 'S', hello));
    await clock.until(buyer.waitFor({ servers: 'price_of' }));
    const settled = expect(buyer.request.price_of('tea', { timeout: Infinity })).rejects.toThrow(PeerGoneError);
    await clock.pass(10);
    const to = methodTo(buyer.id);
    stranger.send(to, encodeControl(to, 'S~1', { ...hello, forgot: 0 }));
    stranger.send(to, encodeControl(to, 'S~1', { kind: 'head', heads: [[to, 0, 1]], g: 0, window: 8 }));
    await clock.until(settled);
    expect(heard).toEqual(['call', 'check']);
  });

  test('a server that has not heard who asks does nothing until it has', async () => {
    const { clock, seller, buyer, buyers } = await startPair(16, {});
    await clock.until(buyer.stop());
    const send = buyers.send.bind(buyers);
    buyers.send = (topic, frame) => {
      if (!frame.includes('"hello"')) send(topic, frame);
    };
    await clock.until(buyer.start());
    await clock.until(buyer.waitFor({ servers: 'price_of' }));
    let asked = 0;
    seller.serve.price_of(() => (asked += 1));
    const answer = buyer.request.price_of('tea', { timeout: Infinity });
    await clock.pass(5_000);
    expect(asked).toBe(0);
    // Nor when it falls silent.
    buyers.send = () => {};
    await clock.pass(20_000);
    expect(asked).toBe(0);
    buyers.send = send;
    expect(await clock.until(answer)).toBe(1);
  });

  test('a server that has forgotten who asked, and is met again by the asker: the call fails', async () => {
    const { clock, seller, buyer, sellers, buyers } = await startPair(17, {});
    const [asked, over] = [gate(), gate()];
    let speak!: () => void;
    seller.serve.price_of(async (_, signal) => {
      asked.open();
      await aborted(signal);
      speak = silence(sellers);
      over.open();
      throw signal.reason;
    });
    const settled = expect(buyer.request.price_of('tea', { timeout: Infinity })).rejects.toThrow(PeerGoneError);
    await clock.until(asked.promise);
    const mend = silence(buyers);
    await clock.until(over.promise);
    await clock.pass(50);
    speak();
    clock.advance(70_000);
    buyers.break();
    clock.advance(10);
    mend();
    buyers.mend();
    await clock.until(settled);
  });

  test.each([
    ['its first one, and its link breaks', 0, true],
    ['a later one, and its link breaks', 1, true],
    ['its first one, and is not heard', 0, false],
    ['a later one, and is not heard', 1, false],
  ])('a server forgets who asks %s: nothing is carried out twice', async (_, earlier, hasBroken) => {
    const { clock, seller, buyer, sellers, buyers } = await startPair(19, {});
    const asked: string[] = [];
    let mute: (() => void) | undefined;
    seller.serve.price_of((product) => {
      asked.push(product);
      // The answer is lost, and so is the word that the request has arrived. But the server is there.
      if (product === 'tea') mute = silence(sellers, TO_ALL);
      return 3;
    });
    const ask = (product: string) => buyer.request.price_of(product, { timeout: Infinity });
    for (let i = 0; i < earlier; i += 1) {
      await clock.until(ask('milk'));
      await clock.pass(1_000);
    }
    const lost = expect(ask('tea')).rejects.toThrow(PeerGoneError);
    await clock.until(() => mute !== undefined);
    const left = seller.status.peerLeft.next();
    let speak: (() => void) | undefined;
    if (hasBroken) buyers.break();
    else speak = silence(buyers);
    await clock.until(left);
    await clock.pass(70_000);
    mute?.();
    // What was asked meanwhile has not been sent, where the link broke.
    const later = hasBroken ? ask('coffee') : undefined;
    speak?.();
    buyers.mend();
    await clock.until(lost);
    if (later !== undefined) expect(await clock.until(later)).toBe(3);
    expect(await clock.until(ask('sugar'))).toBe(3);
    const milk = Array.from({ length: earlier }, () => 'milk');
    expect(asked).toEqual([...milk, 'tea', ...(hasBroken ? ['coffee'] : []), 'sugar']);
  });

  test('an asker has forgotten a server that waits for it to read: the handler is ended', async () => {
    const { clock, seller, buyer, sellers } = await startPair(32, {});
    const { full, ended } = serveWithoutEnd(seller);
    const reader = buyer.request.prices_of('tea')[Symbol.asyncIterator]();
    await clock.until(reader.next());
    await clock.until(full.promise);
    const left = buyer.status.peerLeft.next();
    sellers.break();
    await clock.until(left);
    await clock.pass(70_000);
    sellers.mend();
    await clock.until(ended.promise);
    await clock.until(expect(readAll(reader)).rejects.toThrow(PeerGoneError));
  });

  test('a server falls silent before its first answer came: the next one is not read in its place', async () => {
    const { clock, seller, buyer, sellers } = await startPair(33, {});
    const [first, second] = [gate(), gate()];
    seller.serve.prices_of(async function* () {
      yield 0;
      await first.promise;
      yield 1;
      second.open();
      await new Promise(() => {});
    });
    const send = sellers.send.bind(sellers);
    sellers.send = (topic, frame) => {
      if (frame.includes('["item",1,0]')) first.open();
      else if (!frame.includes('"head"')) send(topic, frame);
    };
    const reader = buyer.request.prices_of('tea')[Symbol.asyncIterator]();
    const settled = expect(reader.next()).rejects.toThrow(PeerGoneError);
    await clock.until(second.promise);
    await clock.pass(10);
    silence(sellers);
    await clock.until(settled);
  });

  test('an asker that has forgotten a server asks it again: streams from before are given up', async () => {
    const { clock, seller, buyer, sellers } = await startPair(18, {});
    const over = gate();
    seller.serve.price_of(() => 3);
    seller.serve.prices_of(function* (_, signal) {
      signal.addEventListener('abort', over.open);
      for (let i = 0; ; i += 1) yield i;
    });
    const reader = buyer.request.prices_of('tea')[Symbol.asyncIterator]();
    await clock.until(reader.next());
    await clock.pass(1_000);
    const left = buyer.status.peerLeft.next();
    sellers.break();
    await clock.until(left);
    clock.advance(70_000);
    sellers.mend();
    await clock.until(buyer.waitFor({ servers: 'price_of' }));
    expect(await clock.until(buyer.request.price_of('tea'))).toBe(3);
    await clock.until(over.promise);
  });

  test('requests that are too large for the link to which the asker reconnects fail', async () => {
    const { clock, seller, buyer, buyers } = await startPair(19, {});
    await clock.until(buyer.waitFor({ servers: 'price_of' }));
    seller.serve.price_of(({ length }) => length);
    buyers.break();
    const large = 'x'.repeat(1_001);
    const settled = Promise.all([
      expect(buyer.request.price_of(large, { timeout: Infinity })).rejects.toThrow(PeerGoneError),
      expect(readAll(buyer.request.prices_of(large)[Symbol.asyncIterator]())).rejects.toThrow(PeerGoneError),
      expect(buyer.request.price_of('tea')).resolves.toBe(3),
    ]);
    await clock.pass(5);
    Object.assign(buyers, { largest: 1_000 });
    buyers.mend();
    await clock.until(settled);
  });

  test('what a handler publishes when its signal aborts at a stop waits for the next start', async () => {
    const { clock, seller, buyer, sellers } = await startPair(20, {});
    const asked = gate();
    let published: Promise<unknown> | undefined;
    seller.serve.price_of((_, signal) => {
      asked.open();
      signal.addEventListener('abort', () => {
        published = seller.publish.produced('tea');
      });
      return new Promise(() => {});
    });
    const settled = expect(buyer.request.price_of('tea')).rejects.toThrow(PeerGoneError);
    await clock.until(asked.promise);
    sellers.break();
    await clock.until(seller.stop({ timeout: 100 }));
    await published;
    expect(seller.pending).toBe(1);
    await clock.until(seller.start());
    await clock.until(Promise.all([settled, seller.flush()]));
  });

  test('a handler fails with an error that is too large for the bus: the asker is told that', async () => {
    const { clock, seller, buyer, sellers } = await startPair(21, {});
    await clock.until(buyer.waitFor({ servers: 'price_of' }));
    Object.assign(sellers, { largest: 1_000 });
    const back = seller.status.connected.next();
    sellers.break();
    sellers.mend();
    await clock.until(back);
    seller.serve.price_of(() => {
      throw new Error('x'.repeat(2_000));
    });
    await clock.until(expect(buyer.request.price_of('tea')).rejects.toThrow('too large'));
  });

  test('a start that waits for a stop ends with its signal', async () => {
    const { clock, seller, buyer } = await startPair(22, {});
    const asked = gate();
    seller.serve.price_of(() => {
      asked.open();
      return new Promise(() => {});
    });
    const settled = expect(buyer.request.price_of('tea')).rejects.toThrow(PeerGoneError);
    await clock.until(asked.promise);
    const stopping = seller.stop({ timeout: 10_000 });
    const controller = new AbortController();
    const starting = expect(seller.start({ signal: controller.signal })).rejects.toThrow('enough');
    controller.abort(new Error('enough'));
    await starting;
    await clock.until(Promise.all([stopping, settled]));
  });

  test('a reader that stops while the handler waits for it: the handler is ended', async () => {
    const { clock, seller, buyer } = await startPair(31, {});
    const { full, ended } = serveWithoutEnd(seller);
    const reader = buyer.request.prices_of('tea')[Symbol.asyncIterator]();
    await clock.until(reader.next());
    await clock.until(full.promise);
    await reader.return?.();
    await clock.until(ended.promise);
  });

  test('both links break and are mended while a handler works: its answer comes', async () => {
    const { clock, network, seller, buyer } = await startPair(32, {});
    const [asked, done] = [gate(), gate()];
    seller.serve.price_of(async () => {
      asked.open();
      await done.promise;
      return 3;
    });
    const answer = buyer.request.price_of('tea');
    await clock.until(asked.promise);
    network.crash();
    clock.advance(100);
    network.restart();
    await clock.pass(1_000);
    done.open();
    expect(await clock.until(answer)).toBe(3);
  });

  test('the timeout of a stream is for each answer, and time without a reader does not count', async () => {
    const { clock, seller, buyer } = await startPair(33, {});
    const pause = (milliseconds: number): Promise<void> =>
      new Promise((resolve) => void clock.after(milliseconds, resolve));
    seller.serve.prices_of(async function* () {
      for (let i = 1; i <= 4; i += 1) {
        await pause(70);
        yield i;
      }
    });
    const read = async (): Promise<number[]> => {
      const prices: number[] = [];
      for await (const price of buyer.request.prices_of('tea', { timeout: 100 })) {
        prices.push(price);
        if (price === 2) await pause(50);
      }
      return prices;
    };
    await clock.until(buyer.waitFor({ servers: 'prices_of' }));
    expect(await clock.until(read())).toEqual([1, 2, 3, 4]);
  });

  test('an answer arrives behind one that was lost, and its server leaves: it is delivered', async () => {
    const { clock, seller, buyer, buyers } = await startPair(35, {});
    const [first, second] = [gate(), gate()];
    let asked = 0;
    seller.serve.price_of(async (product) => {
      asked += 1;
      await (product === 'tea' ? first : second).promise;
      return 3;
    });
    const lost = expect(buyer.request.price_of('tea')).rejects.toThrow(PeerGoneError);
    const answer = buyer.request.price_of('salt');
    await clock.until(() => asked === 2);
    await clock.pass(1_000);
    buyers.partition();
    first.open();
    await clock.pass(5);
    buyers.mend();
    second.open();
    for (let i = 0; i < 20; i += 1) await Promise.resolve();
    clock.advance(4);
    await clock.until(seller.stop({ timeout: 0 }));
    expect(await clock.until(answer)).toBe(3);
    await clock.until(lost);
  });

  test('a server that is silent for too long: a flush does not wait for it any more', async () => {
    const { clock, buyer, sellers } = await startPair(36, {});
    await clock.until(buyer.waitFor({ servers: 'price_of' }));
    sellers.partition();
    const settled = expect(buyer.request.price_of('tea')).rejects.toThrow(PeerGoneError);
    const left = buyer.status.peerLeft.next();
    const flushed = buyer.flush();
    await clock.until(left);
    await clock.until(flushed, { timeout: 200 });
    await clock.until(() => buyer.pending === 0, { timeout: 200 });
    await settled;
  });

  test('right after a broken link was mended, a request waits for a server that is only now heard of', async () => {
    const { clock, seller, buyer, buyers } = await startPair(37, {});
    seller.serve.price_of(() => 3);
    await clock.until(seller.stop());
    await clock.pass(1_000);
    await clock.until(expect(buyer.request.price_of('tea')).rejects.toThrow(NoHandlerError));
    buyers.break();
    const answer = buyer.request.price_of('tea');
    await clock.until(seller.start());
    buyers.mend();
    expect(await clock.until(answer)).toBe(3);
  });

  test('a peer that serves nothing is taken for one that does: it says so at once', async () => {
    const { clock, network, seller, buyer } = await startPair(15, {});
    const bus = network.bus();
    const idle = new Peer('inproc://x', shop, { bus: () => Promise.resolve(bus), clock });
    await clock.until(Promise.all([seller.stop(), idle.start()]));
    onTestFinished(() => clock.until(idle.stop({ timeout: 100 })));
    const stranger = network.bus();
    await stranger.open({ frame() {}, unreadable() {}, refused() {}, down() {} });
    const hello = {
      kind: 'hello',
      subscribes: [],
      publishes: [],
      answer: true,
      acked: 0,
      serves: ['price_of'],
    } as const;
    stranger.send(TO_ALL, encodeControl(TO_ALL, idle.id, hello));
    // It is known already, so nobody joins.
    clock.advance(10);
    const asked = buyer.request.price_of('tea', { timeout: 10_000 });
    await clock.until(expect(asked).rejects.toThrow(`peer ${idle.id} has no handler for request 'price_of'`));
  });
});
