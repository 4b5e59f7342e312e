import { readdirSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connect, Peer, RefusedError } from 'mreventloop';
import { makeBus } from '../../src/bus/address.ts';
import { Proxy } from '../faults/proxy.ts';
import { describeWith } from '../setup/describe-with.ts';
import { NatsServer } from '../support/nats-server.ts';
import { NatsWebSocketServer } from '../support/nats-websocket-server.ts';
import { RedisServer } from '../support/redis-server.ts';
import { mostBetweenTurns } from './busy-listener.ts';
import { numbers, startPair } from './pair.ts';

// What is the same at every server that does what a broker does.

interface Running {
  readonly address: string;
  readonly port: number;
  start(): Promise<void>;
  kill(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
}

interface Server {
  readonly name: string;
  readonly tool: 'nats' | 'redis';
  readonly start: (program: string, ...args: readonly string[]) => Promise<Running>;
  readonly startAt: (program: string, port: number, ...args: readonly string[]) => Promise<Running>;
  /** Its arguments for a token that it asks for. */
  readonly token: (token: string) => readonly string[];
}

/** How many files and sockets this process has open. */
function handles(): number {
  return readdirSync('/proc/self/fd').length;
}

const SERVERS: readonly Server[] = [
  {
    name: 'NATS',
    tool: 'nats',
    start: (...args) => NatsServer.start(...args),
    startAt: (...args) => NatsServer.startAt(...args),
    token: (token) => ['--auth', token],
  },
  {
    name: 'NATS by WebSockets',
    tool: 'nats',
    start: (...args) => NatsWebSocketServer.start(...args),
    startAt: (...args) => NatsWebSocketServer.startAt(...args),
    token: (token) => ['--auth', token],
  },
  {
    name: 'Redis',
    tool: 'redis',
    start: (...args) => RedisServer.start(...args),
    startAt: (...args) => RedisServer.startAt(...args),
    token: (token) => ['--requirepass', token],
  },
];

for (const server of SERVERS) {
  describeWith(server.tool, server.name, (program) => {
    test.each(['TypeScript', 'Python'] as const)(
      'while events of a peer in %s flow, a listener that takes its time leaves timers their turn',
      { timeout: 30_000 },
      async (language) => {
        const { address } = await server.start(program);
        const few = { TypeScript: 400, Python: 200 }[language];
        expect(await mostBetweenTurns(language, address)).toBeLessThan(few);
      },
    );

    describe('subjects', () => {
      test('names: any name arrives, and only under that name', async () => {
        const { address } = await server.start(program);
        const names = [
          'x',
          'x.y',
          'x.*',
          'x.>',
          '*',
          '>',
          'x y',
          'x\ty',
          '%',
          '%2e',
          'é',
          '%e9',
          '\u{1f375}',
          '\ud83c',
          '$x',
        ];
        const [here, there] = [new Peer(address, address, [], names), new Peer(address, address, names, [])];
        await using _there = await there.start();
        await using _here = await here.start();
        const heard: unknown[][] = [];
        for (const name of names) connect(there, name, (value) => heard.push([name, value]));
        await here.waitFor({ subscribers: 'x', timeout: 5_000 });
        for (const name of names) await here.publish[name]?.(name);
        await here.flush({ timeout: 5_000 });
        expect(heard).toEqual(names.map((name) => [name, name]));
      });

      test('namespaces: peers of different ones do not meet', async () => {
        const { address } = await server.start(program);
        const [shop, other, none] = ['/shop', '/shop/x', ''].map(
          (path) => new Peer(address + path, address + path, ['y'], ['y']),
        );
        await using _shop = await shop?.start();
        await using _other = await other?.start();
        await using _none = await none?.start();
        const pair = await startPair(`${address}/shop/`, `${address}/shop`);
        await pair.publish(0, 10);
        await pair.publisher.flush({ timeout: 5_000 });
        expect(pair.received).toEqual(numbers(10));
        expect([shop, other, none].map((peer) => peer?.peers.length)).toEqual([2, 0, 0]);
      });
    });

    describe('packs and parts', () => {
      test('packs: peers use them without a broker that says so', async () => {
        const { address } = await server.start(program);
        const frames: string[] = [];
        const bus = await makeBus({ in: address, out: address });
        onTestFinished(() => bus.close());
        await bus.open({ frame: (text) => frames.push(text), unreadable() {}, down() {}, refused() {} });
        bus.subscribe({ name: 'x', prefixes: [] });
        // Until one comes back, nothing says that others do.
        await expect
          .poll(() => {
            bus.send('x', 'mine');
            return frames.length;
          })
          .toBeGreaterThan(0);
        const { publisher } = await startPair(address, address);
        for (const i of numbers(100)) void publisher.publish.x(i);
        await publisher.flush({ timeout: 5_000 });
        const theirs = (): string[] => frames.filter((frame) => frame !== 'mine');
        await expect.poll(() => theirs().map((frame) => frame.includes('rpc.mr.pack.x'))).toEqual([true]);
      });
    });

    describe('who may come in', () => {
      test('nobody is there: the start says what was in the way', async () => {
        const running = await server.start(program);
        await running.kill();
        const { address } = running;
        const starting = new Peer(address, address, [], []).start({ timeout: 500 });
        await expect(starting).rejects.toThrow(/ at '.*' \(.*refused.*\)\. Is one running\?$/i);
      });

      test('token: peers show it, and are refused with another', async () => {
        const { address } = await server.start(program, ...server.token('open sesame'));
        await using peer = await new Peer(address, address, [], [], { token: async () => 'open sesame' }).start();
        expect(peer.ready).toBe(true);
        for (const token of ['open', undefined]) {
          const other = new Peer(address, address, [], [], { token });
          const error: unknown = await other.start().catch((reason: unknown) => reason);
          expect(error).toBeInstanceOf(RefusedError);
          expect((error as Error).message).toBe(`the server at '${address}' does not let this in`);
        }
      });

      test('token: one that cannot be got is no token', async () => {
        const { address } = await server.start(program);
        const peer = new Peer(address, address, [], [], {
          token: () => Promise.reject(new Error('no network')),
        });
        await expect(peer.start()).rejects.toMatchObject({ code: 'REFUSED', cause: { message: 'no network' } });
      });

      test('token: one that does not come is no token, and that is said before nobody is waited for', async () => {
        const { address } = await server.start(program);
        const peer = new Peer(address, address, [], [], { token: () => new Promise(() => {}) });
        await expect(peer.start()).rejects.toMatchObject({
          code: 'REFUSED',
          cause: { message: 'it did not come in time' },
        });
      });

      test('token: a peer that is refused later is told, and goes on trying', async () => {
        let token = 'first';
        const first = await server.start(program, ...server.token(token));
        await using peer = await new Peer(first.address, first.address, [], [], { token: () => token }).start();
        const refused = peer.status.refused.next({ timeout: 10_000 });
        await first.kill();
        await server.startAt(program, first.port, ...server.token('second'));
        expect((await refused)[0]).toBeInstanceOf(RefusedError);
        const connected = peer.status.connected.next({ timeout: 10_000 });
        token = 'second';
        await connected;
      });
    });

    describe('faults', () => {
      test('the server is killed and started again while 10,000 events flow', { timeout: 60_000 }, async () => {
        const running = await server.start(program);
        const { publisher, subscriber, received, gaps, publish } = await startPair(running.address, running.address);
        for (const round of numbers(5)) {
          const publishing = publish(round * 2_000, (round + 1) * 2_000);
          await expect.poll(() => received.length, { timeout: 10_000 }).toBeGreaterThan(round * 2_000 + 500);
          // Events may come before it knows that both ways are open; who is not connected is not disconnected.
          await expect.poll(() => subscriber.ready, { timeout: 10_000 }).toBe(true);
          const down = subscriber.status.disconnected.next({ timeout: 10_000 });
          await running.kill();
          await down;
          await running.start();
          await publishing;
        }
        await publisher.flush({ timeout: 20_000 });
        expect(received).toEqual(numbers(10_000));
        expect(gaps).toEqual([]);
      });

      test('the server is stopped for longer than a link lives, and goes on', { timeout: 60_000 }, async () => {
        const running = await server.start(program);
        const { publisher, subscriber, received, gaps, publish } = await startPair(running.address, running.address);
        await publish(0, 1_000);
        const down = subscriber.status.disconnected.next({ timeout: 20_000 });
        running.signal('SIGSTOP');
        const publishing = publish(1_000, 30_000);
        await down;
        running.signal('SIGCONT');
        await publishing;
        await publisher.flush({ timeout: 20_000 });
        expect(received).toEqual(numbers(30_000));
        expect(gaps).toEqual([]);
      });

      test(
        'connections are reset, and single bytes arrive, while 10,000 events flow',
        { timeout: 60_000 },
        async () => {
          const running = await server.start(program);
          const proxy = await Proxy.start(running.address);
          onTestFinished(() => proxy.stop());
          const address = proxy.address.replace('tcp', new URL(running.address).protocol.slice(0, -1));
          const { publisher, subscriber, received, gaps, publish } = await startPair(address, address);
          for (const round of numbers(5)) {
            const publishing = publish(round * 2_000, (round + 1) * 2_000);
            await expect.poll(() => received.length, { timeout: 10_000 }).toBeGreaterThan(round * 2_000 + 200);
            // Events may come before it knows that both ways are open; who is not connected is not disconnected.
            await expect.poll(() => subscriber.ready, { timeout: 10_000 }).toBe(true);
            const down = subscriber.status.disconnected.next({ timeout: 10_000 });
            proxy.reset();
            await down;
            await proxy.during('split', async () => {
              await subscriber.status.connected.next({ timeout: 10_000 });
            });
            await publishing;
          }
          await publisher.flush({ timeout: 20_000 });
          expect(received).toEqual(numbers(10_000));
          expect(gaps).toEqual([]);
        },
      );

      test('open: at a server that stands still, no handle is left, nor after that', { timeout: 60_000 }, async () => {
        const running = await server.start(program);
        const { address } = running;
        const attempt = (timeout: number): Promise<unknown> => {
          const peer = new Peer(address, address, [], []);
          return peer.start({ timeout }).then(
            () => peer.stop(),
            (error: unknown) => error,
          );
        };
        // What is made once and kept is there afterwards.
        expect(await attempt(5_000)).toBeUndefined();
        const before = handles();
        running.signal('SIGSTOP');
        // One that is given up by the peer, and one that the bus gives up before.
        for (const timeout of [100, 7_000]) expect(await attempt(timeout)).toMatchObject({ code: 'NO_BROKER' });
        await expect.poll(handles, { timeout: 5_000 }).toBeLessThanOrEqual(before);
        running.signal('SIGCONT');
        expect(await attempt(5_000)).toBeUndefined();
        await expect.poll(handles, { timeout: 5_000 }).toBeLessThanOrEqual(before);
      });

      test(
        'close: while the server stands still, it takes a few seconds at most, and no handle is left',
        { timeout: 30_000 },
        async () => {
          const running = await server.start(program);
          // What is made once and kept is there afterwards.
          await (await new Peer(running.address, running.address, [], []).start()).stop();
          const before = handles();
          const { publisher, subscriber } = await startPair(running.address, running.address);
          running.signal('SIGSTOP');
          const began = performance.now();
          await Promise.all([publisher.stop({ timeout: 100 }), subscriber.stop({ timeout: 100 })]);
          expect(performance.now() - began).toBeLessThan(5_000);
          await expect.poll(handles, { timeout: 5_000 }).toBeLessThanOrEqual(before);
        },
      );
    });
  });
}

describe('servers: addresses', () => {
  test.each([
    ['nats://', /is no address/],
    ['nats:///shop', /nats needs a host/],
    ['nats://a,/shop', /nats needs a host/],
    ['nats://a b', /nats needs a host/],
    ['nats://a//b', /namespace of letters/],
    ['nats://a/ä', /namespace of letters/],
    ['nats+ws:///shop', /nats\+ws needs a host/],
    ['nats+ws://a,/shop', /nats\+ws needs a host/],
    ['nats+wss://a/ä', /namespace of letters/],
    ['nats+tls://a', /'nats\+tls' is not known/],
    ['redis://a,b', /redis needs a host/],
    ['rediss://a/shop:x', /namespace of letters/],
    ['nats://Ann:secret@a', /^an address of nats:\/\/ has no user/],
    ['nats+wss://Ann:secret@a', /^an address of nats\+wss:\/\/ has no user/],
    ['redis://:secret@a', /^an address of redis:\/\/ has no user/],
  ])('%s makes no sense', (address, message) => {
    expect(() => new Peer(address, address, [], [])).toThrow(message);
  });

  test('one is for both ways', () => {
    expect(() => new Peer('nats://a', 'nats://b', [], [])).toThrow(/one too many/);
  });

  test.each([
    'nats://a',
    'nats://a:4222',
    'nats://a,b:4222/shop',
    'nats://[::1]:4222/shop/eu/',
    'nats+ws://a:8080/shop',
    'nats+wss://a,b:4443/shop/eu',
    'nats+wss://[::1]/shop/',
    'redis://a',
    'rediss://a:6379/shop',
  ])('%s is one', (address) => {
    expect(new Peer(address, address, [], []).ready).toBe(false);
  });

  test.each([
    ['nats', /NATS|refused/i],
    ['nats+ws', /NATS|refused/i],
    ['redis', /./],
    ['ws', /ECONNREFUSED/],
  ])(
    '%s: where nobody is, the start fails and says where it looked, and why that was in vain as far as it is known',
    async (scheme, why) => {
      const address = `${scheme}://127.0.0.1:1/shop`;
      const start = new Peer(address, address, [], []).start({ timeout: 200 });
      await expect(start).rejects.toMatchObject({
        code: 'NO_BROKER',
        message: expect.stringContaining(address) as string,
      });
      await expect(start).rejects.toThrow(why);
    },
  );
});
