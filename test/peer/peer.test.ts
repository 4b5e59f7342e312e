import { AsyncLocalStorage } from 'node:async_hooks';
import { Publisher } from 'zeromq';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  AddressError,
  Broker,
  ConnectError,
  connect,
  type Endpoints,
  event,
  events,
  NoBrokerError,
  OverflowError,
  PayloadError,
  Peer,
  StateError,
} from 'mreventloop';
import { Spy } from 'mreventloop/testing';
import { freeEndpoints, type Scheme, SCHEMES, startBroker } from '../support/addresses.ts';
import { cli, node } from '../support/program.ts';

type Tea = { produced: [product: string, details?: unknown]; sold_out: [] };

/** A peer that is ready, and stops after the test. */
async function startPeer<S extends string = never, P extends string = never>(
  endpoints: Endpoints,
  subscribe: readonly S[],
  publish: readonly P[],
) {
  const peer = new Peer(endpoints.in, endpoints.out, subscribe, publish);
  onTestFinished(() => peer.stop());
  return peer.start();
}

test('one address: stands for both, with lists of names, too', async () => {
  const address = 'inproc://one-address';
  await using broker = await new Broker(address).start();
  await using seller = await new Peer(address, [], ['produced']).start();
  await using buyer = await new Peer<Tea, {}>(broker.endpoints, ['produced'], []).start();
  const arrived = buyer.events.produced.next();
  await seller.publish.produced('tea');
  expect(await arrived).toEqual(['tea']);
  expect(() => new Peer('nowhere', ['produced'], [])).toThrow(AddressError);
});

describe.each(SCHEMES)('peer over %s', (scheme) => {
  test('ready: what is published right after both starts arrives', async () => {
    const { endpoints } = await startBroker(scheme);
    for (let i = 0; i < 20; i += 1) {
      const seller = new Peer(endpoints.in, endpoints.out, [], ['produced']);
      const buyer = new Peer(endpoints.in, endpoints.out, ['produced'], []);
      await Promise.all([seller.start(), buyer.start()]);
      const arrived = buyer.events.produced.next();
      await seller.publish.produced(i);
      expect(await arrived).toEqual([i]);
      await Promise.all([seller.stop(), buyer.stop()]);
    }
  });

  test('events: cross in both directions, in order, with their arguments', async () => {
    const { endpoints } = await startBroker(scheme);
    const seller = await startPeer(endpoints, ['request_product'], ['produced']);
    const buyer = await startPeer(endpoints, ['produced'], ['request_product']);
    const products: unknown[][] = [
      [],
      ['tea'],
      ['ä€😀\u2028', 1.5, true, null],
      [{ nested: [{ deep: ['x'] }] }, [[]]],
      Array.from({ length: 100 }, (_, i) => i),
    ];
    connect(seller, 'request_product', (number) => seller.publish.produced(...(products[number as number] ?? [])));
    for (const [number, product] of products.entries()) {
      const arrived = buyer.events.produced.next();
      await buyer.publish.request_product(number);
      expect(await arrived).toEqual(product);
    }
  });

  test('events: 10,000 arrive in order', async () => {
    const { endpoints } = await startBroker(scheme);
    const seller = await startPeer(endpoints, [], ['produced']);
    const buyer = await startPeer(endpoints, ['produced'], []);
    const received: unknown[] = [];
    connect(buyer, 'produced', (number) => received.push(number));
    const last = buyer.events.produced.next({ where: (number) => number === 9_999 });
    for (let i = 0; i < 10_000; i += 1) void seller.publish.produced(i);
    await last;
    expect(received).toEqual(Array.from({ length: 10_000 }, (_, i) => i));
  });

  test('events: reach everyone who subscribed, also the publisher itself, and nobody else', async () => {
    const { endpoints } = await startBroker(scheme);
    const both = await startPeer(endpoints, ['produced'], ['produced', 'sold_out']);
    const other = await startPeer(endpoints, ['produced', 'sold_out'], []);
    const none = await startPeer(endpoints, ['produced_twice'], []);
    const spy = new Spy(['onProducedTwice']);
    connect(none, spy);
    const ends = [both.events.produced.next(), other.events.produced.next(), other.events.sold_out.next()];
    await both.publish.produced('tea');
    await both.publish.sold_out();
    expect(await Promise.all(ends)).toEqual([['tea'], ['tea'], []]);
    expect(spy.calls('onProducedTwice')).toEqual([]);
  });

  test('events: what a peer publishes for itself right after its start is waited for by a flush, and by a stop', async () => {
    const { endpoints } = await startBroker(scheme);
    for (const end of ['flush', 'stop'] as const) {
      const peer = await startPeer(endpoints, ['produced'], ['produced']);
      const received: unknown[] = [];
      connect(peer, 'produced', (product) => received.push(product));
      for (const product of ['tea', 'milk', 'ice']) void peer.publish.produced(product);
      await peer[end]();
      expect(received).toEqual(['tea', 'milk', 'ice']);
    }
  });

  test('no broker: the start fails within its timeout, naming both addresses, and can be tried again', async () => {
    const endpoints = ['tcp', 'ws'].includes(scheme) ? await freePorts(scheme) : freeEndpoints(scheme);
    const peer = new Peer(endpoints.in, endpoints.out, ['produced'], []);
    const failure = peer.start({ timeout: 60 });
    await expect(failure).rejects.toThrow(NoBrokerError);
    await expect(failure).rejects.toThrow(endpoints.in);
    await expect(failure).rejects.toMatchObject({ code: 'NO_BROKER', message: expect.stringContaining(endpoints.out) });
    await using _broker = await new Broker(endpoints.in, endpoints.out).start();
    await using again = await peer.start();
    expect(again.ready).toBe(true);
  });

  test('broker restart: the peer tells, connects again, and what was published meanwhile arrives', async () => {
    const broker = await startBroker(scheme);
    const seller = await startPeer(broker.endpoints, [], ['produced']);
    const buyer = await startPeer(broker.endpoints, ['produced'], []);
    const away = [seller.status.disconnected.next(), buyer.status.disconnected.next()];
    await broker.stop();
    await Promise.all(away);
    expect(seller.ready).toBe(false);

    const left = seller.publish.produced('while away');
    const arrived = buyer.events.produced.stream();
    // The buyer first: before it is back, nobody asks for the event.
    const back = [seller.status.connected.next(), buyer.status.connected.next()];
    await broker.start();
    await Promise.all(back);
    await left;
    await seller.publish.produced('after');
    for await (const [product] of arrived) {
      if (product === 'after') break;
    }
    expect(buyer.ready).toBe(true);
  });
});

describe('peer: starting and stopping', () => {
  test('publish before the start: kept, and sent when the peer is ready', async () => {
    const { endpoints } = await startBroker();
    const buyer = await startPeer(endpoints, ['produced'], []);
    const seller = new Peer(endpoints.in, endpoints.out, [], ['produced']);
    const arrived = buyer.events.produced.next();
    const left = seller.publish.produced('early');
    await using _seller = await seller.start();
    await left;
    expect(await arrived).toEqual(['early']);
  });

  test('publish without a broker: refused when too many events wait', () => {
    const seller = new Peer('inproc://nobody.in', 'inproc://nobody.out', [], ['produced']);
    for (let i = 0; i < 100_000; i += 1) void seller.publish.produced(i);
    expect(() => seller.publish.produced(0)).toThrow(OverflowError);
  });

  test('publish, each event awaited: the runtime has its turn again and again', async () => {
    const seller = new Peer('inproc://nobody.in', 'inproc://nobody.out', [], ['produced']);
    let turns = 0;
    const turn = (): void => {
      turns += 1;
      next = setImmediate(turn);
    };
    let next = setImmediate(turn);
    for (let i = 0; i < 10_000; i += 1) await seller.publish.produced(i);
    clearImmediate(next);
    expect(turns).toBeGreaterThanOrEqual(4);
  });

  test('stop: tells what never left', async () => {
    const seller = new Peer('inproc://nobody.in', 'inproc://nobody.out', [], ['produced']);
    const report = seller.status.undelivered.next();
    await seller.publish.produced('x');
    await expect(seller.flush({ timeout: 1 })).rejects.toThrow(': no broker for 1 event');
    await seller.stop();
    expect(await report).toEqual([{ peers: [], unsent: 1 }]);
  });

  test('signal: ends the start with its reason, before and while it waits', async () => {
    const peer = new Peer('inproc://nobody.in', 'inproc://nobody.out', [], ['produced']);
    const reason = new Error('enough');
    const told: string[] = [];
    for (const name of ['undelivered', 'stopped'] as const) connect(peer.status, name, () => told.push(name));
    void peer.publish.produced('early');
    await expect(peer.start({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect([peer.pending, told]).toEqual([0, ['undelivered', 'stopped']]);
    const controller = new AbortController();
    const start = peer.start({ signal: controller.signal });
    controller.abort(reason);
    await expect(start).rejects.toBe(reason);
  });

  test('stopped: told with each end, last of all, and not of a peer that was never started', async () => {
    const { endpoints } = await startBroker('inproc');
    const peer = new Peer<{}, { x: [number] }>(endpoints.in, endpoints.out, [], ['x']);
    const told: string[] = [];
    for (const name of ['connected', 'undelivered', 'stopped'] as const)
      connect(peer.status, name, () => told.push(name));
    await peer.stop();
    expect(told).toEqual([]);
    for (const _ of [1, 2]) {
      await peer.start();
      await peer.stop();
      await peer.stop();
    }
    expect(told).toEqual(['connected', 'stopped', 'connected', 'stopped']);
    const start = expect(peer.start()).rejects.toThrow('the peer was stopped');
    await peer.stop();
    await start;
    expect(told.splice(4)).toEqual(['stopped']);
    const alone = new Peer<{}, { x: [number] }>('inproc://nobody.in', 'inproc://nobody.out', [], ['x']);
    for (const name of ['undelivered', 'stopped'] as const)
      connect(alone.status, name, () => told.push(`${name} alone`));
    void alone.publish.x(1);
    await expect(alone.start({ timeout: 10 })).rejects.toThrow(NoBrokerError);
    expect(told.slice(4)).toEqual(['undelivered alone', 'stopped alone']);
  });

  test('stop during the start: the start fails, and says why', async () => {
    const peer = new Peer('inproc://nobody.in', 'inproc://nobody.out', [], []);
    const start = peer.start();
    const refused = expect(start).rejects.toThrow(StateError);
    await peer.stop();
    await refused;
  });

  test('stop during the start: ZeroMQ gets its sockets back', async () => {
    const program = node(import.meta.url, 'children/aborted-starts.ts');
    expect(await program.line()).toBe('started');
    expect(await program.exit).toMatchObject({ code: 0, stderr: '' });
  });

  test('start twice: refused', async () => {
    const { endpoints } = await startBroker();
    const peer = await startPeer(endpoints, [], []);
    await expect(peer.start()).rejects.toThrow(StateError);
  });

  test.each(['inproc', 'ipc'] as const)(
    'context: what a peer tells of its link is no part of what stops the broker (%s)',
    async (scheme) => {
      const storage = new AsyncLocalStorage<string>();
      const { in: inAddress, out } = freeEndpoints(scheme);
      const broker = await new Broker(inAddress, out).start();
      onTestFinished(() => broker.stop());
      const peer = new Peer(inAddress, out, [], []);
      onTestFinished(() => peer.stop());
      const told: unknown[] = [];
      for (const name of ['connected', 'disconnected'] as const)
        connect(peer.status[name], () => void told.push(`${name} in ${storage.getStore()}`));
      await storage.run('the start', () => peer.start());
      const again = peer.status.connected.next();
      await storage.run('the stop', async () => {
        await broker.stop();
        await broker.start();
      });
      await again;
      expect(told).toEqual(['connected', 'disconnected', 'connected'].map((name) => `${name} in the start`));
    },
  );

  test('start while it stops: waits for that', async () => {
    const { endpoints } = await startBroker('inproc');
    const peer = new Peer(endpoints.in, endpoints.out, ['x'], ['x']);
    onTestFinished(() => peer.stop());
    const told: string[] = [];
    for (const name of ['connected', 'stopped'] as const) connect(peer.status[name], () => told.push(name));
    // As React does it with effects, in its strict mode.
    const first = expect(peer.start()).rejects.toThrow('the peer was stopped');
    const stopped = peer.stop();
    await peer.start();
    await Promise.all([first, stopped]);
    expect(told).toEqual(['stopped', 'connected']);
    void peer.stop();
    const again = peer.start();
    await again;
    expect(told).toEqual(['stopped', 'connected', 'stopped', 'connected']);
    const received = peer.events.x.next();
    await peer.publish.x(1);
    expect(await received).toEqual([1]);
  });

  test('stop while a start waits for a stop: the peer stays stopped', async () => {
    const { endpoints } = await startBroker('inproc');
    const peer = new Peer(endpoints.in, endpoints.out, ['x'], []);
    await peer.start();
    const stopping = peer.stop();
    const starting = expect(peer.start()).rejects.toThrow('the peer was stopped');
    await Promise.all([stopping, peer.stop(), starting]);
    expect(peer.ready).toBe(false);
    await peer.start();
    expect(peer.ready).toBe(true);
    await peer.stop();
  });

  test('start after stop: works again, and stop twice does nothing', async () => {
    const { endpoints } = await startBroker();
    const peer = await startPeer(endpoints, ['produced'], ['produced']);
    await peer.stop();
    await peer.stop();
    await peer.start();
    const arrived = peer.events.produced.next();
    await peer.publish.produced('again');
    expect(await arrived).toEqual(['again']);
  });

  test('no broker: a program whose start failed ends by itself, nothing is left open', async () => {
    const program = node(import.meta.url, 'children/no-broker.ts', ...Object.values(freeEndpoints('ipc')));
    expect(await program.line()).toBe('NO_BROKER');
    expect(await program.exit).toMatchObject({ code: 0, stderr: '' });
  });

  test('sockets: where ZeroMQ has no more of them, the error says what to do, and the others go on', async () => {
    const program = node(import.meta.url, 'children/many-peers.ts');
    expect(await program.line()).toMatch(/^STATE: ZeroMQ has no more sockets .*context\.maxSockets/);
    expect(await program.line()).toBe('some peers stopped');
    expect(await program.exit).toMatchObject({ code: 0, stderr: '' });
  });

  test.each(['ipc', 'tcp', 'ws', 'ws+unix'] as const)(
    'stop: over %s, a program ends by itself also when the broker stands still',
    { timeout: 20_000 },
    async (scheme) => {
      const endpoints = freeEndpoints(scheme);
      const broker = cli('broker', endpoints.in, endpoints.out);
      const [, inAddress = '', outAddress = ''] = /from (\S+) and send to (\S+)/.exec(await broker.line()) ?? [];
      const program = node(import.meta.url, 'children/stop-when-told.ts', inAddress, outAddress);
      expect(await program.line()).toBe('ready');
      broker.kill('SIGSTOP');
      program.child.stdin?.end();
      expect(await program.line()).toBe('stopped');
      expect(await program.exit).toMatchObject({ code: 0, stderr: '' });
    },
  );

  test('stop: a program that stopped its peer and broker ends by itself', async () => {
    const program = node(import.meta.url, 'children/start-and-stop.ts', ...Object.values(freeEndpoints('ipc')));
    expect(await program.line()).toBe('stopped');
    expect(await program.exit).toMatchObject({ code: 0, stderr: '' });
  });

  test('addresses: nonsense is refused when the peer is made', () => {
    expect(() => new Peer('nonsense', 'ipc:///tmp/x', [], [])).toThrow(AddressError);
    expect(() => new Peer('ipc:///tmp/x', 'tcp://127.0.0.1:5000', [], [])).toThrow(/same kind/);
    expect(() => new Peer('ipc:///tmp/x', 'ipc:///tmp/x', [], [])).toThrow(/given twice/);
  });
});

describe('peer: names', () => {
  test('may be any text, also what JavaScript has on every object', async () => {
    const { endpoints } = await startBroker();
    const names = ['constructor', 'toString', 'größe', '商品', 'with "quotes" and \\', 'a.b c'];
    const peer = await startPeer(endpoints, names, names);
    for (const name of names) {
      const arrived = peer.events[name]?.next();
      await peer.publish[name]?.(name);
      expect(await arrived).toEqual([name]);
    }
  });

  test.each(['', '__proto__', 'rpc.mr.all'])('may not be %j', (name) => {
    expect(() => new Peer('inproc://a', 'inproc://b', [name], [])).toThrow(ConnectError);
    expect(() => new Peer('inproc://a', 'inproc://b', [], [name])).toThrow(ConnectError);
  });
});

describe('peer: payloads that JSON cannot carry', () => {
  const peer = new Peer('inproc://nobody.in', 'inproc://nobody.out', [], ['produced']);
  const cycle: unknown[] = [];
  cycle.push(cycle);

  test.each([
    ['a BigInt', 12n, 'a BigInt'],
    ['a function', () => 'secret', 'a function'],
    ['a cycle', cycle, 'contains itself'],
    ['undefined', undefined, 'undefined'],
    ['NaN', [Number.NaN], 'NaN'],
    ['a Map', { secret: new Map() }, 'a Map'],
  ])('%s: refused with event and position, and without the payload', (_, value, words) => {
    expect(() => peer.publish.produced('fine', value)).toThrow(PayloadError);
    expect(() => peer.publish.produced('fine', value)).toThrow(/argument 2 of event 'produced'/);
    expect(() => peer.publish.produced('fine', value)).toThrow(words);
    expect(() => peer.publish.produced('fine', value)).not.toThrow(/secret/);
  });

  test('reach the emitter that is connected to the publishing function', () => {
    const shop = { events: events({ produced: event<[product: unknown]>() }) };
    connect(shop, 'produced', peer.publish, 'produced');
    expect(() => shop.events.produced(1n)).toThrow(PayloadError);
  });
});

describe('peer: frames that cannot be understood', () => {
  test('are counted and reported, end nothing, and the next event arrives', async () => {
    const broker = await startBroker();
    const peer = await startPeer(broker.endpoints, ['produced'], ['produced']);
    const stranger = await startStranger(broker.endpoints, peer);
    const spy = new Spy(['onProduced']);
    connect(peer, 'produced', spy, 'onProduced');
    const reports: unknown[] = [];
    connect(peer.status, 'invalid', (report) => reports.push(report));

    const head = '{"jsonrpc": "2.0", "method": "produced"';
    for (const frame of [
      `${head}, "params": [1`,
      `${head}, "params": [NaN]}`,
      `${head}, "params": "text"}`,
      `${head}, "params": [${'['.repeat(65)}${']'.repeat(65)}]}`,
      `${head}, "params": [{"__proto__": 1}]}`,
      `[${head}, "params": ["in a batch"]}, 7]`,
    ]) {
      await stranger.send(frame);
    }
    await stranger.send(`${head}, "params": ["last"]}`);
    await peer.events.produced.next({ where: (product) => product === 'last' });

    expect(reports).toEqual([
      { reason: 'json', count: 1 },
      { reason: 'json', count: 2 },
      { reason: 'params', event: 'produced', count: 3 },
      { reason: 'depth', event: 'produced', count: 4 },
      { reason: 'key', event: 'produced', count: 5 },
      { reason: 'request', count: 6 },
    ]);
    expect(spy.calls('onProduced')).toEqual([['in a batch'], ['last']]);
    expect(JSON.stringify(reports)).not.toContain('text');
  });

  test('keyword arguments, an object in the place of the list, arrive as one object', async () => {
    const broker = await startBroker();
    const peer = await startPeer(broker.endpoints, ['produced'], ['produced']);
    const stranger = await startStranger(broker.endpoints, peer);
    const arrived = peer.events.produced.next({ where: (product) => typeof product === 'object' });
    await stranger.send('{"jsonrpc": "2.0", "method": "produced", "params": {"event_name": "sold_out", "price": 3}}');
    expect(await arrived).toEqual([{ event_name: 'sold_out', price: 3 }]);
  });
});

describe('peer: listeners', () => {
  test('of a typed peer take the arguments of its events', async () => {
    const { endpoints } = await startBroker('inproc');
    const peer = new Peer<Tea, Tea>(endpoints.in, endpoints.out, ['produced', 'sold_out'], ['produced', 'sold_out']);
    await using _peer = await peer.start();
    const spy = new Spy<{ onProduced: Tea['produced']; onSoldOut: [] }>(['onProduced', 'onSoldOut']);
    connect(peer, spy);
    const sold = peer.events.sold_out.next();
    await peer.publish.produced('tea', { price: 3 });
    await peer.publish.sold_out();
    await sold;
    expect(spy.calls('onProduced')).toEqual([['tea', { price: 3 }]]);
    expect(spy.calls('onSoldOut')).toEqual([[]]);
  });

  test('that throw end the program with exit code 1, after the other listeners were called', async () => {
    const program = node(import.meta.url, 'children/throwing-listener.ts');
    expect(await program.line()).toBe('the other listener was called');
    const { code, stderr } = await program.exit;
    expect(code).toBe(1);
    expect(stderr).toContain('a listener of the peer failed');
  });
});

/** Addresses that are free now: a broker had them and has stopped. */
async function freePorts(scheme: Scheme): Promise<Endpoints> {
  const wanted = freeEndpoints(scheme);
  const broker = await new Broker(wanted.in, wanted.out).start();
  const { endpoints } = broker;
  await broker.stop();
  return endpoints;
}

/** A socket that sends what it likes, once what it sends reaches the peer. */
async function startStranger(endpoints: Endpoints, peer: Peer<{ produced: unknown[] }>): Promise<Publisher> {
  const socket = new Publisher({ linger: 0, sendHighWaterMark: 0 });
  onTestFinished(() => socket.close());
  socket.connect(endpoints.out);
  const heard = peer.events.produced.next({ where: (product) => product === 'hello' });
  let waiting = true;
  void heard.then(() => (waiting = false));
  while (waiting) {
    await socket.send('{"jsonrpc": "2.0", "method": "produced", "params": ["hello"]}');
    await new Promise(setImmediate);
  }
  await heard;
  // More than one may have been on its way: wait for the one that is known to be the last.
  const end = peer.events.produced.next({ where: (product) => product === 'end of hello' });
  await socket.send('{"jsonrpc": "2.0", "method": "produced", "params": ["end of hello"]}');
  await end;
  return socket;
}
