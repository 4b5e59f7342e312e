import { once } from 'node:events';
import { WebSocket } from 'ws';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import {
  AddressError,
  Broker,
  type BrokerDoors,
  connect,
  contract,
  type Endpoints,
  type Event,
  Peer,
  RefusedError,
  request,
} from 'mreventloop';
import { Proxy } from '../faults/proxy.ts';
import { describeWith } from '../setup/describe-with.ts';
import { freeEndpoints, temporaryFolder } from '../support/addresses.ts';
import { NatsServer, startCluster } from '../support/nats-server.ts';
import { cli, Program } from '../support/program.ts';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

async function listen(uplink: string, doors: BrokerDoors = {}): Promise<Broker> {
  const broker = await Broker.listen({ zmq: `ipc://${temporaryFolder()}/shop`, ws: { port: 0 }, ...doors, uplink });
  onTestFinished(() => broker.stop());
  return broker;
}

const twice = (address: string | undefined = ''): Endpoints => ({ in: address, out: address });

async function startPeer<const S extends string, const P extends string>(
  { in: inAddress, out }: Endpoints,
  subscribe: readonly S[],
  publish: readonly P[],
) {
  const peer = await new Peer(inAddress, out, subscribe, publish).start();
  onTestFinished(() => peer.stop({ timeout: 0 }));
  return peer;
}

/** What an event is emitted with. */
function heard(event: Event<unknown[]> | undefined): unknown[] {
  const values: unknown[] = [];
  event?.addListener((value) => values.push(value));
  return values;
}

describeWith('nats', 'uplink: brokers and peers meet', (program) => {
  test('each peer hears each other once and in order, whatever door it came in by', { timeout: 60_000 }, async () => {
    const { address } = await NatsServer.start(program);
    const brokers = [await listen(address), await listen(address)] as const;
    const places = [...brokers.flatMap(({ endpoints, url }) => [endpoints, twice(url)]), twice(address)];
    const names = places.map((_, i) => `from_${i}`);
    const start = async (place: Endpoints, i: number) => startPeer(place, names, [`from_${i}`]);
    const peers = await Promise.all(places.map(start));
    const all = peers.map((peer) => names.map((name) => heard(peer.events[name])));
    for (const [i, peer] of peers.entries()) {
      await peer.waitFor({ subscribers: `from_${i}`, count: places.length - 1, timeout: 10_000 });
    }
    await Promise.all(
      peers.map(async (peer, i) => {
        for (const n of numbers(1_000)) await peer.publish[`from_${i}`]?.(n);
        await peer.flush({ timeout: 20_000 });
      }),
    );
    for (const lists of all) expect(lists).toEqual(names.map(() => numbers(1_000)));
  });

  test(
    'a server far away: what is published elsewhere as soon as a peer of a new broker is ready',
    { timeout: 60_000 },
    async () => {
      const { address } = await NatsServer.start(program);
      const proxy = await Proxy.start(address, 50);
      onTestFinished(() => proxy.stop());
      const sender = await startPeer((await listen(address)).endpoints, [], ['x']);
      for (const n of numbers(5)) {
        const broker = await Broker.listen({ ws: { port: 0 }, uplink: proxy.address });
        onTestFinished(() => broker.stop());
        const values = heard((await startPeer(twice(broker.url), ['x'], [])).events.x);
        await sender.publish.x(n);
        await expect.poll(() => values, { timeout: 5_000 }).toEqual([n]);
      }
    },
  );

  test('frames: one crosses once, and does not come back', async () => {
    const { address } = await NatsServer.start(program);
    const [here, there] = [await listen(address), await listen(address)];
    const sockets = await Promise.all([here, there].map(({ url }) => join(url)));
    const [speaker, listener] = sockets as [Listener, Listener];
    for (const n of numbers(100)) speaker.socket.send(frame(n));
    await expect.poll(() => listener.frames.length).toBe(100);
    // What one says after it has heard the last of the other is behind all that could come back.
    listener.socket.send(frame(100));
    await expect.poll(() => speaker.frames.length).toBe(101);
    expect(speaker.frames).toEqual(numbers(101).map((n) => frame(n)));
    expect(listener.frames).toEqual(speaker.frames);
    expect([here.counters.frames, there.counters.frames]).toEqual([101, 101]);
  });

  test('requests are answered across', async () => {
    const { address } = await NatsServer.start(program);
    const [here, there] = [await listen(address), await listen(address)];
    const shop = contract({ price_of: request([z.string()], z.number()) });
    const places = [there.endpoints, here.url ?? '', address];
    const seller = new Peer(here.endpoints, shop, { serve: ['price_of'] });
    seller.serve.price_of(async (product) => product.length);
    await using _seller = await seller.start();
    for (const place of places) {
      await using buyer = await new Peer(place, shop, { request: ['price_of'] }).start();
      expect(await buyer.request.price_of('tea', { timeout: 5_000 })).toBe(3);
    }
  });

  test('namespaces: brokers of different ones do not meet', async () => {
    const { address } = await NatsServer.start(program);
    const [shop, bank] = [await listen(`${address}/shop`), await listen(`${address}/bank`)];
    const [inShop, inBank] = [
      await startPeer(shop.endpoints, ['x'], ['x']),
      await startPeer(bank.endpoints, ['x'], []),
    ];
    const other = await startPeer(twice(`${address}/shop`), ['x'], []);
    await inShop.waitFor({ subscribers: 'x', timeout: 5_000 });
    expect([inShop.peers.map(({ id }) => id), inBank.peers]).toEqual([[other.id], []]);
  });

  test('large events cross, larger than a message of the server', { timeout: 30_000 }, async () => {
    const { address } = await NatsServer.start(program);
    const [here, there] = [await listen(address), await listen(address)];
    const sender = await startPeer(here.endpoints, [], ['x']);
    const receiver = await startPeer(there.endpoints, ['x'], []);
    const direct = await startPeer(twice(address), ['x'], []);
    const lists = [heard(receiver.events.x), heard(direct.events.x)];
    await sender.waitFor({ subscribers: 'x', count: 2, timeout: 5_000 });
    const texts = ['é'.repeat(2_500_000), 'behind'];
    for (const text of texts) await sender.publish.x(text);
    await sender.flush({ timeout: 20_000 });
    for (const list of lists) expect(list).toEqual(texts);
  });

  test('a broker in another process', { timeout: 30_000 }, async () => {
    const server = await NatsServer.start(program);
    const { address } = server;
    const endpoints = freeEndpoints('ipc');
    const process = cli('broker', endpoints.in, endpoints.out, '-u', `${address}/shop`);
    expect(await process.line()).toBe(`broker: connecting to ${address}/shop`);
    expect(await process.line()).toBe(`broker: joined ${address}/shop`);
    expect(await process.line()).toMatch(/^broker: serving/);
    const sender = await startPeer(endpoints, [], ['x']);
    const receiver = await startPeer((await listen(`${address}/shop`)).endpoints, ['x'], []);
    const values = heard(receiver.events.x);
    await sender.waitFor({ subscribers: 'x', timeout: 5_000 });
    for (const n of numbers(10_000)) await sender.publish.x(n);
    await sender.flush({ timeout: 10_000 });
    expect(values).toEqual(numbers(10_000));
    await server.kill();
    expect(await process.line()).toBe(`broker: trying to join ${address}/shop`);
    await expect.poll(() => process.stderr).toBe(`broker: trying to join ${address}/shop: connection refused\n`);
    await server.start();
    expect(await process.line()).toBe(`broker: joined ${address}/shop`);
  });
});

function frame(n: number): string {
  return `{"jsonrpc": "2.0", "method": "x", "params": [${n}]}`;
}

interface Listener {
  readonly socket: WebSocket;
  readonly frames: readonly string[];
}

/** A connection that speaks the protocol by hand and hears `x`. */
async function join(url = ''): Promise<Listener> {
  const socket = new WebSocket(url);
  onTestFinished(() => socket.close());
  await once(socket, 'open');
  const frames: string[] = [];
  const joined = once(socket, 'message');
  socket.on('message', (data: Buffer) => {
    const text = data.toString();
    if (text.startsWith('{')) frames.push(...text.split('\n'));
  });
  socket.send('join {"version": 1}');
  await joined;
  socket.send(`subscribe ${JSON.stringify(['{"jsonrpc": "2.0", "method": "x"'])}`);
  // Words are obeyed in order: an answer to a question says that it is heard.
  socket.send(`subscribe ${JSON.stringify(['{"jsonrpc": "2.0", "method": "rpc.mr.@me"'])}`);
  const answered = once(socket, 'message');
  socket.send('{"jsonrpc": "2.0", "method": "rpc.mr.broker", "params": ["broker", "me"]}');
  await answered;
  frames.length = 0;
  return { socket, frames };
}

describeWith('nats', 'uplink: Python peers', (program) => {
  describeWith('python', 'of the published package', (interpreters) => {
    const interpreter = interpreters['0.7.1'];

    async function startPython(script: string, { endpoints }: Broker): Promise<Program> {
      const path = new URL(`../interop/python/${script}`, import.meta.url).pathname;
      const python = new Program(interpreter, [path, endpoints.in, endpoints.out]);
      expect(await python.line()).toBe('ready');
      return python;
    }

    test(
      'one behind one broker is heard, and hears each event once, behind the other',
      { timeout: 60_000 },
      async () => {
        const { address } = await NatsServer.start(program);
        const [here, there] = [await listen(address), await listen(address)];
        await startPython('echo.py', there);
        for (const place of [here.endpoints, twice(here.url), twice(address)]) {
          const peer = await startPeer(place, ['response'], ['request']);
          const responses = heard(peer.events.response);
          // All in one turn: they travel as packs, which the broker over there translates.
          for (const n of numbers(500)) void peer.publish.request(n);
          await peer.events.response.next({ where: (n) => n === 499, timeout: 20_000 });
          for (const n of ['one', 'more']) await peer.publish.request(n);
          await peer.events.response.next({ where: (n) => n === 'more', timeout: 20_000 });
          expect(responses).toEqual([...numbers(500), 'one', 'more']);
          await peer.stop();
        }
      },
    );

    test('two of them behind two brokers answer each other', { timeout: 60_000 }, async () => {
      const { address } = await NatsServer.start(program);
      const [here, there] = [await listen(address), await listen(address)];
      await startPython('echo.py', there);
      const asker = await startPython('ask.py', here);
      asker.child.stdin?.write(`${JSON.stringify([[1], ['tea', 'ä'], []])}\n`);
      expect(await asker.json()).toBe('the same');
    });
  });
});

/** How many connections over TCP this process has. */
function connections(): number {
  return process.getActiveResourcesInfo().filter((one) => one === 'TCPSocketWrap').length;
}

describeWith('nats', 'uplink: faults', (program) => {
  test('nobody is there at first: local peers meet, and the others when it comes', { timeout: 30_000 }, async () => {
    const server = await NatsServer.start(program);
    await server.kill();
    const [here, there] = [await listen(server.address), await listen(server.address)];
    expect(here.uplink).toMatchObject({ up: false, breaks: 0, error: { message: expect.any(String) as string } });
    const sender = await startPeer(here.endpoints, [], ['x']);
    const near = await startPeer(twice(here.url), ['x'], []);
    const far = await startPeer(there.endpoints, ['x'], []);
    const [nearby, farAway] = [heard(near.events.x), heard(far.events.x)];
    await sender.waitFor({ subscribers: 'x', timeout: 5_000 });
    await sender.publish.x('local');
    await sender.flush({ timeout: 5_000 });
    expect(nearby).toEqual(['local']);
    expect(here.uplink?.dropped).toBeGreaterThan(0);
    await server.start();
    await expect.poll(() => [here.uplink?.up, there.uplink?.up], { timeout: 10_000 }).toEqual([true, true]);
    await sender.waitFor({ subscribers: 'x', count: 2, timeout: 10_000 });
    await sender.publish.x('for all');
    await sender.flush({ timeout: 5_000 });
    // Who was ready before it was published gets it, too.
    expect([nearby, farAway]).toEqual([
      ['local', 'for all'],
      ['local', 'for all'],
    ]);
    expect(here.uplink).toMatchObject({ up: true, error: undefined });
  });

  test(
    'the server stands still from the first: doors open, and nothing is missed when it goes on',
    { timeout: 30_000 },
    async () => {
      const server = await NatsServer.start(program);
      server.signal('SIGSTOP');
      const [here, there] = [await listen(server.address), await listen(server.address)];
      // The first attempts are still under way.
      for (const { uplink } of [here, there]) expect(uplink).toMatchObject({ up: false, error: undefined });
      const subscriber = await startPeer(there.endpoints, ['x'], []);
      const near = await startPeer(here.endpoints, ['x'], []);
      const lists = [subscriber, near].map((peer) => heard(peer.events.x));
      const sender = await startPeer(here.endpoints, [], ['x']);
      await sender.waitFor({ subscribers: 'x', timeout: 5_000 });
      for (const n of numbers(20)) await sender.publish.x(n);
      await sender.flush();
      expect(lists).toEqual([[], numbers(20)]);
      server.signal('SIGCONT');
      await sender.waitFor({ subscribers: 'x', count: 2, timeout: 20_000 });
      for (const n of numbers(20)) await sender.publish.x(20 + n);
      await expect.poll(() => lists, { timeout: 10_000 }).toEqual([numbers(40), numbers(40)]);
    },
  );

  test('a broker whose first attempt is still under way is stopped: at once, and no connection is left', async () => {
    const server = await NatsServer.start(program);
    const before = connections();
    server.signal('SIGSTOP');
    const broker = await Broker.listen({ uplink: server.address });
    expect(connections()).toBeGreaterThan(before);
    const began = performance.now();
    await broker.stop();
    // Connecting may take 5 s.
    expect(performance.now() - began).toBeLessThan(2_500);
    await expect.poll(connections).toBe(before);
  });

  test('a broker that is stopped before a server far away has heard what it wants: it does not count as joined', async () => {
    const { address } = await NatsServer.start(program);
    const proxy = await Proxy.start(address, 150);
    onTestFinished(() => proxy.stop());
    const broker = await Broker.listen({ uplink: proxy.address });
    const told: boolean[] = [];
    connect(broker.status, 'uplink', ({ up }) => told.push(up));
    await broker.stop();
    expect([broker.uplink?.up, told]).toEqual([false, []]);
  });

  test('the server is killed while 10,000 events flow: nothing is lost', { timeout: 60_000 }, async () => {
    const server = await NatsServer.start(program);
    const [here, there] = [await listen(server.address), await listen(server.address)];
    const sender = await startPeer(here.endpoints, [], ['x']);
    const receiver = await startPeer(there.endpoints, ['x'], []);
    const values = heard(receiver.events.x);
    await sender.waitFor({ subscribers: 'x', timeout: 5_000 });
    for (const round of numbers(3)) {
      const publishing = (async () => {
        for (let n = round * 4_000; n < (round + 1) * 4_000; n += 1) await sender.publish.x(n);
      })();
      await expect.poll(() => values.length, { timeout: 10_000 }).toBeGreaterThan(round * 4_000 + 500);
      await server.kill();
      await expect.poll(() => [here.uplink?.up, there.uplink?.up]).toEqual([false, false]);
      await server.start();
      await publishing;
    }
    await sender.flush({ timeout: 20_000 });
    expect(values).toEqual(numbers(12_000));
    expect(here.uplink).toMatchObject({ up: true, breaks: 3 });
  });

  test.each(['subscriber', 'publisher'] as const)(
    'the %s starts while the server is away: nothing is missed that is published from then on',
    { timeout: 60_000 },
    async (late) => {
      const server = await NatsServer.start(program);
      const [here, there] = [await listen(server.address), await listen(server.address)];
      const away = async (): Promise<void> => {
        await server.kill();
        await expect.poll(() => [here.uplink?.up, there.uplink?.up]).toEqual([false, false]);
      };
      if (late === 'publisher') await away();
      const publisher = late === 'publisher' ? undefined : await startPeer(here.endpoints, [], ['x']);
      if (late === 'subscriber') await away();
      const subscriber = await startPeer(there.endpoints, ['x'], []);
      const values = heard(subscriber.events.x);
      const gaps = heard(subscriber.status.gap as unknown as Event<unknown[]>);
      const sender = publisher ?? (await startPeer(here.endpoints, [], ['x']));
      for (const n of numbers(20)) await sender.publish.x(n);
      await sender.flush();
      expect(values).toEqual([]);
      await server.start();
      await sender.waitFor({ subscribers: 'x', timeout: 20_000 });
      for (const n of numbers(20)) await sender.publish.x(20 + n);
      await expect.poll(() => values, { timeout: 10_000 }).toEqual(numbers(40));
      expect(gaps).toEqual([]);
    },
  );

  test('the server stands still for longer than a link lives: nothing is lost', { timeout: 60_000 }, async () => {
    const server = await NatsServer.start(program);
    const [here, there] = [await listen(server.address), await listen(server.address)];
    // Longer than it stands still: peers cannot tell it from others that are gone.
    const silence = { silence: 60_000 };
    const { in: inAddress, out } = here.endpoints;
    const sender = new Peer(inAddress, out, [], ['x'], silence);
    const receiver = new Peer(there.endpoints.in, there.endpoints.out, ['x'], [], silence);
    const values = heard(receiver.events.x);
    await using _receiver = await receiver.start();
    await using _sender = await sender.start();
    await sender.waitFor({ subscribers: 'x', timeout: 30_000 });
    for (const n of numbers(1_000)) await sender.publish.x(n);
    server.signal('SIGSTOP');
    const publishing = (async () => {
      for (const n of numbers(29_000)) await sender.publish.x(n + 1_000);
    })();
    await expect.poll(() => [here.uplink?.up, there.uplink?.up], { timeout: 20_000 }).toEqual([false, false]);
    server.signal('SIGCONT');
    await publishing;
    await sender.flush({ timeout: 20_000 });
    expect(values).toEqual(numbers(30_000));
  });

  test(
    'the server stands still: no more than some megabytes wait, and the rest is repaired',
    { timeout: 60_000 },
    async () => {
      const server = await NatsServer.start(program);
      const [here, there] = [await listen(server.address), await listen(server.address)];
      const silence = { silence: 60_000 };
      const peers = [
        new Peer(here.endpoints.in, here.endpoints.out, [], ['x'], silence),
        new Peer(here.endpoints.in, here.endpoints.out, ['x'], [], silence),
        new Peer(there.endpoints.in, there.endpoints.out, ['x'], [], silence),
      ] as const;
      const [sender, near, far] = peers;
      for (const peer of peers) onTestFinished(() => peer.stop({ timeout: 0 }));
      await Promise.all(peers.map((peer) => peer.start()));
      const [nearby, farAway] = [heard(near.events.x), heard(far.events.x)];
      await sender.waitFor({ subscribers: 'x', count: 2, timeout: 10_000 });
      const text = 'x'.repeat(20_000);
      // More than the limit, of which the server answers for all.
      for (const n of numbers(2_000)) await sender.publish.x(`${n} ${text}`);
      await sender.flush({ timeout: 20_000 });
      expect(here.uplink?.dropped).toBe(0);
      server.signal('SIGSTOP');
      for (const n of numbers(1_500)) void sender.publish.x(`${n + 2_000} ${text}`);
      // While the link seems to be there.
      const isDropping = (): boolean => here.uplink?.up === true && here.uplink.dropped > 0;
      await expect.poll(isDropping, { timeout: 10_000, interval: 10 }).toBe(true);
      await expect.poll(() => nearby.length, { timeout: 10_000 }).toBe(3_500);
      server.signal('SIGCONT');
      await sender.flush({ timeout: 30_000 });
      const all = numbers(3_500).map((n) => `${n} ${text}`);
      expect([nearby, farAway].map((values) => values.every((value, i) => value === all[i]) && values.length)).toEqual([
        3_500, 3_500,
      ]);
    },
  );

  test(
    'cluster of three: the server of a broker is killed, and it goes to another one',
    { timeout: 60_000 },
    async () => {
      const [first, second] = (await startCluster(program, 3)) as [NatsServer, NatsServer];
      const [here, there] = [await listen(first.address), await listen(second.address)];
      const sender = await startPeer(here.endpoints, [], ['x']);
      const receiver = await startPeer(there.endpoints, ['x'], []);
      const values = heard(receiver.events.x);
      await sender.waitFor({ subscribers: 'x', timeout: 10_000 });
      const publishing = (async () => {
        for (const n of numbers(50_000)) await sender.publish.x(n);
      })();
      await expect.poll(() => values.length, { timeout: 10_000 }).toBeGreaterThan(1_000);
      await first.kill();
      await publishing;
      await sender.flush({ timeout: 20_000 });
      expect(values).toEqual(numbers(50_000));
      await expect.poll(() => here.uplink, { timeout: 10_000 }).toMatchObject({ up: true, breaks: 1 });
    },
  );

  test('a broker that is stopped and started again joins again', async () => {
    const { address } = await NatsServer.start(program);
    const broker = await listen(address);
    await broker.stop();
    expect(broker.uplink?.up).toBe(false);
    await broker.start();
    await expect.poll(() => broker.uplink?.up).toBe(true);
  });

  test('a broker that is stopped while it tries to connect for the first time does not wait for that', async () => {
    const server = await NatsServer.start(program);
    server.signal('SIGSTOP');
    const broker = new Broker({ uplink: server.address });
    const starting = broker.start();
    await expect.poll(() => broker.uplink).toBeDefined();
    const began = performance.now();
    await Promise.all([broker.stop(), starting]);
    // Connecting may take 5 s.
    expect(performance.now() - began).toBeLessThan(2_500);
    expect(broker.running).toBe(false);
    server.signal('SIGCONT');
  });

  test('a broker that is started while it is being stopped joins again, and leaves no connection', async () => {
    const { address } = await NatsServer.start(program);
    const before = connections();
    const broker = await Broker.listen({ uplink: address });
    onTestFinished(() => broker.stop());
    for (const _ of numbers(3)) {
      await Promise.all([broker.stop(), broker.start()]);
      await expect.poll(() => broker.uplink?.up).toBe(true);
    }
    await broker.stop();
    expect(broker.uplink?.up).toBe(false);
    await expect.poll(connections).toBe(before);
  });

  test('status: told when it breaks and comes up, and why it cannot be had, once', { timeout: 30_000 }, async () => {
    const server = await NatsServer.start(program);
    await server.kill();
    const broker = new Broker({ uplink: server.address });
    onTestFinished(() => broker.stop());
    const told: [boolean, Error | undefined][] = [];
    connect(broker.status, 'uplink', ({ up, error }) => told.push([up, error]));
    await broker.start();
    const nobody = [false, expect.any(Error)];
    expect(told).toEqual([nobody]);
    await server.start();
    await expect.poll(() => broker.uplink?.up, { timeout: 10_000 }).toBe(true);
    await server.kill();
    await expect.poll(() => broker.uplink?.error, { timeout: 10_000 }).toBeInstanceOf(Error);
    await server.start();
    await expect.poll(() => broker.uplink?.up, { timeout: 10_000 }).toBe(true);
    const up = [true, undefined];
    expect(told).toEqual([nobody, up, [false, undefined], nobody, up]);
  });

  test('an event whose name is too long for the server: told, and the uplink is still up', async () => {
    const { address } = await NatsServer.start(program);
    const broker = await listen(address);
    const { socket } = await join(broker.url);
    const status = broker.status.uplink.next();
    socket.send(
      JSON.stringify({ jsonrpc: '2.0', method: 'x'.repeat(5_000), params: [] }).replaceAll(/([:,])"/g, '$1 "'),
    );
    expect(await status).toMatchObject([{ up: true, error: { message: expect.stringMatching(/too long/) as string } }]);
    expect(broker.uplink).toMatchObject({ up: true, dropped: 1 });
  });

  test('token: without the right one it stays down, and says why', async () => {
    const { address } = await NatsServer.start(program, '--auth', 'open sesame');
    const [wrong, right] = await Promise.all(
      ['open', 'open sesame'].map((token) => Broker.listen({ uplink: { address, token } })),
    );
    for (const broker of [wrong, right]) onTestFinished(() => broker?.stop());
    await expect.poll(() => wrong?.uplink?.error).toBeInstanceOf(RefusedError);
    await expect.poll(() => right?.uplink).toEqual({ up: true, breaks: 0, dropped: 0, error: undefined });
  });
});

describe('uplink: addresses', () => {
  test.each([
    ['ipc:///tmp/shop', /cannot be an uplink/],
    ['nats://', /is no address/],
    ['nonsense', /'nonsense' is no address; expected nats:\/\/…$/],
    ['nats://x@y', /has no user/],
  ])('%s makes no sense', (uplink, message) => {
    expect(() => new Broker({ uplink })).toThrow(AddressError);
    expect(() => new Broker({ uplink })).toThrow(message);
  });

  test('a broker without one says nothing of it', () => {
    expect(new Broker({}).uplink).toBeUndefined();
  });
});
