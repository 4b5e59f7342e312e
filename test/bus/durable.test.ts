import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import {
  Broker,
  connect,
  contract,
  event,
  type Gap,
  Peer,
  type PeerOptions,
  type PublishOverflow,
  RefusedError,
} from 'mreventloop';
import { makeBus } from '../../src/bus/address.ts';
import { loadJetStream, loadNats } from '../../src/bus/nats/nats-library.ts';
import { Proxy } from '../faults/proxy.ts';
import { describeWith } from '../setup/describe-with.ts';
import { freeEndpoints, temporaryFolder } from '../support/addresses.ts';
import { NatsServer, startRoutedCluster } from '../support/nats-server.ts';
import { node, type Program } from '../support/program.ts';
import { numbers } from './pair.ts';

const shop = contract({ x: event<[n: number]>(), y: event<[n: number]>(), note: event<[text: string]>() });
const FLUSH = { timeout: 20_000 };
const PATIENCE = { timeout: 30_000 };

/** A peer that has `x` and `y` under a name, and keeps what it gets. */
async function subscribe(address: string, durable = 'billing') {
  const peer = new Peer(address, shop, { subscribe: { x: { durable }, y: { durable } } });
  const received: number[] = [];
  const gaps: unknown[] = [];
  const refusals: string[] = [];
  connect(peer, 'x', (n) => received.push(n));
  connect(peer, 'y', (n) => received.push(n));
  connect(peer.status, 'gap', (gap) => gaps.push(gap));
  connect(peer.status, 'refused', ({ message }) => refusals.push(message));
  onTestFinished(() => peer.stop({ timeout: 0 }));
  await peer.start(PATIENCE);
  return { peer, received, gaps, refusals };
}

/** A peer that publishes the even numbers as `x` and the odd ones as `y`. */
async function publisher(address: string, options: Pick<PeerOptions<{}, {}>, 'window' | 'limit'> = {}) {
  const peer = new Peer(address, shop, { publish: ['x', 'y', 'note'], ...options });
  const refusals: Error[] = [];
  connect(peer.status, 'refused', (error) => refusals.push(error));
  onTestFinished(() => peer.stop({ timeout: 0 }));
  await peer.start();
  const publish = async (from: number, to: number): Promise<void> => {
    for (let n = from; n < to; n += 1) await peer.publish[n % 2 === 0 ? 'x' : 'y'](n);
  };
  return { peer, publish, refusals };
}

const KEPT = 'mreventloop-kept+mreventloop';
const NOTES = 'mreventloop-notes+mreventloop';

/** What a server can be asked besides. */
interface Administration {
  readonly streams: {
    purge(stream: string): Promise<unknown>;
    delete(stream: string): Promise<unknown>;
    update(stream: string, config: object): Promise<unknown>;
    info(stream: string): Promise<{ readonly config: { readonly num_replicas: number } }>;
  };
  readonly consumers: {
    list(stream: string): { next(): Promise<readonly { readonly cluster: { readonly leader: string } }[]> };
  };
}

async function administer<T>(server: string, work: (administration: Administration) => Promise<T>): Promise<T> {
  const { connect: connectNats } = await loadNats();
  const options = { name: 'test', servers: [server], reconnect: false, timeout: 5_000, noEcho: true };
  const connection = await connectNats(options);
  const manager = await (await loadJetStream()).jetstreamManager(connection, { checkAPI: true, timeout: 5_000 });
  const result = await work(manager as unknown as Administration);
  await connection.close();
  return result;
}

/** Which server of a cluster sends what is kept to the only one that reads it. */
function sender(server: string): Promise<number> {
  return administer(server, async ({ consumers }) => {
    const [reader] = await consumers.list(KEPT).next();
    return Number(reader?.cluster.leader.replace('node-', ''));
  });
}

/** The arguments of a server that keeps events. */
function store(): string[] {
  return ['-js', '-sd', temporaryFolder()];
}

/** A way to a server, some milliseconds long. */
async function farAway(address: string): Promise<string> {
  const proxy = await Proxy.start(address, 5);
  onTestFinished(() => proxy.stop());
  return proxy.address;
}

function child(...args: string[]): Program {
  return node(import.meta.url, './children/durable.ts', ...args);
}

/** What a process has written down. */
function heard(file: string): number[] {
  return readFileSync(file, 'utf8').split('\n').slice(0, -1).map(Number);
}

describeWith('nats', 'durable subscriptions', (program) => {
  const startServer = (): Promise<NatsServer> => NatsServer.start(program, ...store());

  describe('what is kept', () => {
    test('away: what is published meanwhile arrives when it is back, and nothing twice', async () => {
      const { address } = await startServer();
      const first = await subscribe(address);
      const { peer, publish } = await publisher(address);
      await publish(0, 10);
      await expect.poll(() => first.received).toEqual(numbers(10));
      await first.peer.stop();
      await publish(10, 20);
      await peer.flush(FLUSH);
      await peer.stop();
      const second = await subscribe(address);
      await expect.poll(() => second.received).toEqual(numbers(20).slice(10));
      expect([first.gaps, second.gaps]).toEqual([[], []]);
    });

    test.each([
      ['at once', z.number()],
      [
        'when a schema has been waited for',
        z.number().refine(() => new Promise((resolve) => setImmediate(resolve, true))),
      ],
    ])(
      'stop: from within a listener that is called %s, nothing comes twice',
      { timeout: 30_000 },
      async (_, schema) => {
        const { address } = await startServer();
        const checked = contract({ x: [schema] });
        const received: number[] = [];
        const live = async (): Promise<void> => {
          const peer = new Peer(address, checked, { subscribe: { x: { durable: 'billing' } } });
          const stopped = new Promise<void>((resolve) => {
            connect(peer, 'x', (n) => {
              received.push(n);
              resolve(peer.stop());
            });
          });
          await peer.start();
          await stopped;
        };
        const { publish, peer } = await publisher(address);
        await (await subscribe(address)).peer.stop();
        for (const round of numbers(5)) {
          await publish(round * 4, round * 4 + 4);
          await peer.flush(FLUSH);
        }
        while (received.at(-1) !== 18) await live();
        expect(received).toEqual(numbers(20).filter((n) => n % 2 === 0));
      },
    );

    test('flush: a publisher that ends after it has lost nothing, although nobody was there', async () => {
      const { address } = await startServer();
      await (await subscribe(address)).peer.stop();
      expect(await child('publish', address, '1000').exit).toMatchObject({ code: 0, stderr: '' });
      const { received } = await subscribe(address);
      await expect.poll(() => received, PATIENCE).toEqual(numbers(1_000));
    });

    test('creation: it begins with what is published once it was started for the first time', async () => {
      const { address } = await startServer();
      const { peer, publish } = await publisher(address);
      const early = await subscribe(address, 'early');
      await publish(0, 10);
      await peer.flush(FLUSH);
      const late = await subscribe(address, 'late');
      await publish(10, 20);
      await expect.poll(() => early.received).toEqual(numbers(20));
      await expect.poll(() => late.received).toEqual(numbers(20).slice(10));
    });

    test('killed at work: what slots had not finished comes again, and little of what they had', async () => {
      const { address } = await startServer();
      const file = join(temporaryFolder(), 'done');
      const first = child('work', address, file);
      expect(await first.line()).toBe('ready');
      const { peer, publish } = await publisher(address);
      await publish(0, 200);
      await peer.flush(FLUSH);
      await expect.poll(() => heard(file).length, PATIENCE).toBeGreaterThan(40);
      first.kill('SIGKILL');
      await first.exit;
      const before = heard(file);
      // All of them had arrived, and waited for the slot.
      expect(before.length).toBeLessThan(100);
      child('work', address, file);
      const even = numbers(200).filter((n) => n % 2 === 0);
      await expect.poll(() => new Set(heard(file)).size, PATIENCE).toBe(even.length);
      expect([...new Set(heard(file))]).toEqual(even);
      const again = heard(file).slice(before.length)[0] ?? Infinity;
      expect(again).toBeGreaterThan(0);
      expect(again).toBeLessThanOrEqual((before.at(-1) ?? 0) + 2);
    });

    test('work that takes long: what it is at is not noted, also where the peer was stopped meanwhile', async () => {
      const { address } = await startServer();
      const { peer, publish } = await publisher(address);
      const taken: number[] = [];
      const at = async (work: (n: number) => unknown) => {
        const reader = new Peer(address, shop, { subscribe: { x: { durable: 'billing' } } });
        connect(reader, 'x', (n) => {
          taken.push(n);
          return work(n);
        });
        onTestFinished(() => reader.stop({ timeout: 0 }));
        return reader.start();
      };
      const first = await at((n) => (n < 4 ? Promise.resolve() : new Promise(() => {})));
      await publish(0, 10);
      await peer.flush(FLUSH);
      await expect.poll(() => taken).toEqual([0, 2, 4, 6, 8]);
      await first.stop({ timeout: 500 });
      const second = await at(() => undefined);
      await expect.poll(() => taken.slice(5)).toEqual([4, 6, 8]);
      await second.stop();
    });

    test('started: what is published right after that is kept, also if the process dies at once', async () => {
      const { address } = await startServer();
      const { peer, publish } = await publisher(address);
      const dying = child('subscribe', address, join(temporaryFolder(), 'heard'));
      expect(await dying.line()).toBe('ready');
      dying.kill('SIGKILL');
      await publish(0, 10);
      await peer.flush(FLUSH);
      await dying.exit;
      const { received } = await subscribe(address);
      await expect.poll(() => received).toEqual(numbers(10));
    });

    test('started: publishers that have not heard of it yet keep what they publish, 10 times', async () => {
      const { address } = await startServer();
      for (const round of numbers(10)) {
        const name = `round-${round}`;
        // Marks come back soon where little may be under way.
        await using from = await new Peer(address, address, [], [name], { window: 8 }).start();
        const subscribing = { [name]: { durable: name } };
        await using to = await new Peer(address, address, [name], [], { subscribe: subscribing }).start();
        const received: unknown[] = [];
        connect(to, name, (n) => received.push(n));
        for (const n of numbers(100)) void from.publish[name]?.(n);
        await from.flush(FLUSH);
        await expect.poll(() => received).toEqual(numbers(100));
      }
    });

    test('names: each has everything; others that listen get it once, as ever', async () => {
      const { address } = await startServer();
      const listener = new Peer(address, shop, { subscribe: ['x', 'y'] });
      await using _listener = await listener.start();
      const live: number[] = [];
      for (const name of ['x', 'y'] as const) connect(listener, name, (n) => live.push(n));
      const both = [await subscribe(address, 'billing'), await subscribe(address, '* of a > name')];
      const { peer, publish } = await publisher(address);
      await peer.waitFor({ subscribers: 'x', count: 3, timeout: 5_000 });
      await publish(0, 1_000);
      await peer.flush(FLUSH);
      for (const { received } of both) await expect.poll(() => received).toEqual(numbers(1_000));
      expect(live).toEqual(numbers(1_000));
    });

    test('sizes: a frame has as much as a message of the server, and a larger event is refused', async () => {
      const { address } = await startServer();
      const reader = new Peer(address, shop, { subscribe: { note: { durable: 'notes' } } });
      await using _reader = await reader.start();
      const lengths: number[] = [];
      connect(reader, 'note', ({ length }) => lengths.push(length));
      const { peer } = await publisher(address);
      for (const length of [1, 1_000_000, 40_000, 40_000, 1_000_000]) void peer.publish.note('é'.repeat(length / 2));
      await peer.flush(FLUSH);
      await expect.poll(() => lengths).toEqual([0.5, 500_000, 20_000, 20_000, 500_000].map(Math.floor));
      expect(() => peer.publish.note('x'.repeat(1024 * 1024))).toThrow(/too large: an event over this bus has 1040384/);
    });
  });

  describe('limits', () => {
    test('small messages: what many names have around their events is within them, too', async () => {
      const config = join(temporaryFolder(), 'nats.conf');
      writeFileSync(config, 'max_payload: 32768\n');
      const { address } = await NatsServer.start(program, ...store(), '-c', config);
      const names = numbers(60).map((n) => `an_event_with_a_name_${n}`);
      const subscribing = Object.fromEntries(names.map((name) => [name, { durable: 'billing' }]));
      await using reader = await new Peer(address, address, names, [], { subscribe: subscribing }).start();
      const received: unknown[] = [];
      for (const name of names) connect(reader, name, (n) => received.push(n));
      await using writer = await new Peer(address, address, [], names).start();
      for (const n of numbers(2_000)) void writer.publish[names[n % 60] as string]?.(n);
      await writer.flush(FLUSH);
      await expect.poll(() => received).toEqual(numbers(2_000));
    });

    test('gap: what the store did not keep as long as the subscriber was away is counted', async () => {
      const { address } = await startServer();
      const first = await subscribe(address);
      const { peer, publish } = await publisher(address);
      await publish(0, 10);
      await expect.poll(() => first.received.length).toBe(10);
      await first.peer.stop();
      await publish(10, 30);
      await peer.flush(FLUSH);
      await administer(address, ({ streams }) => streams.purge(KEPT));
      await publish(30, 32);
      const second = await subscribe(address);
      await expect.poll(() => second.received).toEqual([30, 31]);
      expect(second.gaps).toEqual(['x', 'y'].map((name) => ({ peer: peer.id, event: name, count: 10 })));
    });

    test('a server that comes back and takes less: what is too large is missed, and what follows is kept', async () => {
      const config = join(temporaryFolder(), 'nats.conf');
      writeFileSync(config, 'max_payload: 1MB\n');
      const server = await NatsServer.start(program, ...store(), '-c', config);
      const { received, gaps } = await subscribe(server.address);
      const notes = new Peer(server.address, shop, { subscribe: { note: { durable: 'notes' } } });
      const texts: string[] = [];
      connect(notes, 'note', (text) => texts.push(text));
      connect(notes.status, 'gap', (gap) => gaps.push(gap));
      onTestFinished(() => notes.stop({ timeout: 0 }));
      await notes.start(PATIENCE);
      const { peer, publish } = await publisher(server.address);
      const dropped: PublishOverflow[] = [];
      connect(peer.status, 'overflow', (overflow) => dropped.push(overflow));
      await peer.publish.note('first');
      await peer.flush(FLUSH);
      // It is on its way when the server takes nothing any more.
      server.signal('SIGSTOP');
      void peer.publish.note('x'.repeat(200_000));
      await expect.poll(() => peer.pending).toBe(1);
      await server.kill();
      writeFileSync(config, 'max_payload: 64KB\n');
      await server.start();
      await peer.publish.note('last');
      await publish(0, 10);
      await peer.flush(FLUSH);
      await expect.poll(() => texts, PATIENCE).toEqual(['first', 'last']);
      await expect.poll(() => received, PATIENCE).toEqual(numbers(10));
      expect(gaps).toEqual([expect.objectContaining({ event: 'note', count: 1 })]);
      expect(dropped).toEqual([{ event: 'note', policy: 'block', dropped: 1 }]);
    });

    test('how far it is: noted also where a message of the server is small, and many publishers were heard', async () => {
      const config = join(temporaryFolder(), 'nats.conf');
      writeFileSync(config, 'max_payload: 12KB\n');
      const server = await NatsServer.start(program, ...store(), '-c', config);
      const names = numbers(20).map((n) => `warehouse_inventory_changed_${n}`);
      const many = contract(Object.fromEntries(names.map((name) => [name, event<[n: number]>()])));
      const durable = Object.fromEntries(names.map((name) => [name, { durable: 'billing' }]));
      const start = async (received: number[]) => {
        const peer = new Peer(server.address, many, { subscribe: durable });
        for (const name of names) connect(peer, name, (n) => received.push(n));
        const refusals: Error[] = [];
        connect(peer.status, 'refused', (error) => refusals.push(error));
        onTestFinished(() => peer.stop({ timeout: 0 }));
        await peer.start(PATIENCE);
        return { peer, refusals };
      };
      const received: number[] = [];
      const first = await start(received);
      for (const round of numbers(20)) {
        await using from = await new Peer(server.address, many, { publish: names }).start();
        for (const name of names) await from.publish[name]?.(round);
        await from.flush(FLUSH);
      }
      await expect.poll(() => received.length, PATIENCE).toBe(400);
      await first.peer.stop();
      const again: number[] = [];
      const second = await start(again);
      await using last = await new Peer(server.address, many, { publish: names }).start();
      await last.publish['warehouse_inventory_changed_0']?.(20);
      await last.flush(FLUSH);
      await expect.poll(() => again, PATIENCE).toEqual([20]);
      expect([...first.refusals, ...second.refusals]).toEqual([]);
    });

    test('full: where nothing old is to be thrown away, the publisher is told, and goes on when there is room', async () => {
      const { address } = await startServer();
      const { received, gaps } = await subscribe(address);
      const { peer, publish, refusals } = await publisher(address);
      await administer(address, ({ streams }) => streams.update(KEPT, { max_msgs: 1, discard: 'new' }));
      await publish(0, 1);
      await peer.flush(FLUSH);
      await publish(1, 3);
      await expect
        .poll(() => refusals.map(({ message }) => message))
        .toEqual([expect.stringContaining('does not keep events: maximum messages exceeded')]);
      await administer(address, ({ streams }) => streams.purge(KEPT));
      await administer(address, ({ streams }) => streams.update(KEPT, { max_msgs: -1 }));
      await peer.flush(FLUSH);
      await expect.poll(() => received).toEqual([0, 1, 2]);
      expect(gaps).toEqual([]);
    });

    test('policy: what the publisher dropped is a gap, in its place', async () => {
      const { address } = await startServer();
      const { received, gaps } = await subscribe(address);
      const peer = new Peer(address, shop, { publish: { x: { overflow: 'latest' } } });
      onTestFinished(() => peer.stop({ timeout: 0 }));
      for (const n of numbers(10)) void peer.publish.x(n);
      await peer.start();
      await peer.flush(FLUSH);
      await expect.poll(() => received).toEqual([9]);
      expect(gaps.reduce<number>((sum, gap) => sum + (gap as Gap).count, 0)).toBe(9);
    });
  });

  describe('faults', () => {
    test('the subscriber is killed while 10,000 events flow', { timeout: 60_000 }, async () => {
      const { address } = await startServer();
      const { peer, publish } = await publisher(address);
      const publishSlowly = async (from: number, to: number): Promise<void> => {
        for (let n = from; n < to; n += 50) {
          await publish(n, n + 50);
          await peer.flush(FLUSH);
        }
      };
      const lives: number[][] = [];
      for (const round of numbers(4)) {
        const file = join(temporaryFolder(), 'heard');
        const running = child('subscribe', address, file);
        expect(await running.line()).toBe('ready');
        const publishing = publishSlowly(round * 2_000, (round + 1) * 2_000);
        await expect.poll(() => heard(file).at(-1), { ...PATIENCE, interval: 5 }).toBeGreaterThan(round * 2_000 + 500);
        running.kill('SIGKILL');
        await running.exit;
        lives.push(heard(file));
        await publishing;
      }
      const last = await subscribe(address);
      await publish(8_000, 10_000);
      await peer.flush(FLUSH);
      await expect.poll(() => last.received.at(-1), PATIENCE).toBe(9_999);
      lives.push(last.received);
      let next = 0;
      for (const life of lives) {
        // In order, nothing twice in a life, and nothing missing: each begins at most where the one before ended.
        const first = life[0] as number;
        expect(life).toEqual(numbers(life.length).map((i) => first + i));
        expect(first).toBeLessThanOrEqual(next);
        next = (life.at(-1) as number) + 1;
      }
      expect(next).toBe(10_000);
      // Some were killed in the middle.
      expect(lives.some((life, round) => (life.at(-1) as number) < (round + 1) * 2_000 - 1)).toBe(true);
      expect(last.gaps).toEqual([]);
    });

    test('the server is killed and started again while 10,000 events flow', { timeout: 60_000 }, async () => {
      const server = await startServer();
      const { peer, received, gaps } = await subscribe(server.address);
      const from = await publisher(server.address);
      for (const round of numbers(5)) {
        const publishing = from.publish(round * 2_000, (round + 1) * 2_000);
        await expect.poll(() => received.length, PATIENCE).toBeGreaterThan(round * 2_000 + 500);
        await expect.poll(() => peer.ready, PATIENCE).toBe(true);
        const down = peer.status.disconnected.next(PATIENCE);
        await server.kill();
        await down;
        await server.start();
        await publishing;
      }
      await from.peer.flush(FLUSH);
      await expect.poll(() => received.length, PATIENCE).toBe(10_000);
      expect(received).toEqual(numbers(10_000));
      expect(gaps).toEqual([]);
    });

    test(
      'the server is killed while nobody subscribes, and the subscriber comes later',
      { timeout: 60_000 },
      async () => {
        const server = await startServer();
        await (await subscribe(server.address)).peer.stop();
        const { peer, publish } = await publisher(server.address);
        const publishing = publish(0, 10_000);
        await expect.poll(() => peer.pending).toBeGreaterThan(100);
        await server.kill();
        await server.start();
        await publishing;
        await peer.flush(FLUSH);
        await server.kill();
        await server.start();
        const { received } = await subscribe(server.address);
        await expect.poll(() => received.length, PATIENCE).toBe(10_000);
        expect(received).toEqual(numbers(10_000));
      },
    );

    test.each(['publisher', 'subscriber'] as const)(
      'the connection of the %s is reset again and again',
      { timeout: 60_000 },
      async (whose) => {
        const server = await startServer();
        const proxy = await Proxy.start(server.address);
        onTestFinished(() => proxy.stop());
        const proxied = proxy.address.replace('tcp', 'nats');
        const { received, gaps, peer } = await subscribe(whose === 'subscriber' ? proxied : server.address);
        const from = await publisher(whose === 'publisher' ? proxied : server.address);
        const victim = whose === 'publisher' ? from.peer : peer;
        for (const round of numbers(5)) {
          const publishing = from.publish(round * 2_000, (round + 1) * 2_000);
          await expect.poll(() => received.length, PATIENCE).toBeGreaterThan(round * 2_000 + 100);
          await expect.poll(() => victim.ready, PATIENCE).toBe(true);
          const down = victim.status.disconnected.next(PATIENCE);
          proxy.reset();
          await down;
          await publishing;
        }
        await from.peer.flush(FLUSH);
        await expect.poll(() => received.length, PATIENCE).toBe(10_000);
        expect(received).toEqual(numbers(10_000));
        expect(gaps).toEqual([]);
      },
    );

    test.each(['of the publisher', 'that sends to the subscriber what is kept'])(
      'cluster of three: the server %s is killed',
      { timeout: 90_000 },
      async (which) => {
        const servers = (await startRoutedCluster(program, 3, store)) as [NatsServer, NatsServer, NatsServer];
        const [first, second] = servers;
        const { peer, received, gaps } = await subscribe(second.address);
        const from = await publisher(first.address);
        const publishing = from.publish(0, 10_000);
        await expect.poll(() => received.length, PATIENCE).toBeGreaterThan(1_000);
        const killed = which === 'of the publisher' ? first : (servers[await sender(second.address)] as NatsServer);
        await killed.kill();
        await publishing;
        await from.peer.flush(PATIENCE);
        await expect.poll(() => received.length, PATIENCE).toBe(10_000);
        expect(received).toEqual(numbers(10_000));
        expect(gaps).toEqual([]);
        await expect.poll(() => peer.ready, PATIENCE).toBe(true);
      },
    );

    test(
      'cluster of three, some milliseconds apart: what is published right after a first start at another one is kept',
      { timeout: 90_000 },
      async () => {
        const servers = (await startRoutedCluster(program, 3, store, farAway)) as [NatsServer, NatsServer, NatsServer];
        const [first, second] = servers;
        const names = numbers(5).map((n) => `event-${n}`);
        const many = contract(Object.fromEntries(names.map((name) => [name, event<[text: string]>()])));
        const from = new Peer(first.address, many, { publish: names });
        onTestFinished(() => from.stop({ timeout: 0 }));
        await from.start(PATIENCE);
        const received: string[] = [];
        for (const name of names) {
          const to = new Peer(second.address, many, { subscribe: { [name]: { durable: name } } });
          connect(to, name, (text) => received.push(text));
          onTestFinished(() => to.stop({ timeout: 0 }));
          await to.start(PATIENCE);
          await from.publish[name]?.(name);
        }
        await from.flush(FLUSH);
        await expect.poll(() => received.toSorted(), PATIENCE).toEqual(names);
      },
    );

    test(
      'cluster of three, of which one is left: what is live goes on, and is kept as soon as there are two',
      { timeout: 90_000 },
      async () => {
        const servers = (await startRoutedCluster(program, 3, store)) as [NatsServer, NatsServer, NatsServer];
        const [first, second, third] = servers;
        const { peer: billing } = await subscribe(third.address);
        await billing.stop();
        const { peer: from, publish } = await publisher(first.address);
        const live = new Peer(third.address, shop, { subscribe: ['x', 'y'] });
        const received: number[] = [];
        const told: unknown[] = [];
        connect(live, 'x', (n) => received.push(n));
        connect(live, 'y', (n) => received.push(n));
        connect(live.status, 'gap', (gap) => told.push(gap));
        connect(live.status, 'peerLeft', (_, reason) => told.push(reason));
        onTestFinished(() => live.stop({ timeout: 0 }));
        await live.start(PATIENCE);
        await from.waitFor({ subscribers: 'x', ...PATIENCE });
        await publish(0, 100);
        await Promise.all([first.kill(), second.kill()]);
        await publish(100, 200);
        await expect.poll(() => received, PATIENCE).toEqual(numbers(200));
        expect(told).toEqual([]);
        await expect(from.flush({ timeout: 100 })).rejects.toThrow(/the store lacks \d+$/);
        await second.start();
        await from.flush(PATIENCE);
        const { received: kept } = await subscribe(second.address);
        await expect.poll(() => kept, PATIENCE).toEqual(numbers(200));
      },
    );

    test(
      'cluster of three, of which one is left: where nobody has asked for anything, nobody waits for it',
      { timeout: 90_000 },
      async () => {
        const servers = (await startRoutedCluster(program, 3, store)) as [NatsServer, NatsServer, NatsServer];
        const [first, second, third] = servers;
        const { publish, peer: from, refusals } = await publisher(first.address, { window: 10 });
        const live = new Peer(third.address, shop, { subscribe: ['x', 'y'] });
        const received: number[] = [];
        connect(live, 'x', (n) => received.push(n));
        connect(live, 'y', (n) => received.push(n));
        onTestFinished(() => live.stop({ timeout: 0 }));
        await live.start(PATIENCE);
        await from.waitFor({ subscribers: 'x', ...PATIENCE });
        await publish(0, 5);
        await Promise.all([first.kill(), second.kill()]);
        await publish(5, 100);
        await from.flush(PATIENCE);
        expect(received).toEqual(numbers(100));
        // Servers that lead go on with what they knew for some seconds.
        for (const { message } of refusals) expect(message).toContain('has not said for 10 s');
      },
    );

    test(
      'cluster of two, which gets a third server: what is kept is on three once somebody subscribes again',
      { timeout: 60_000 },
      async () => {
        const [first, second] = (await startRoutedCluster(program, 2, store)) as [NatsServer, NatsServer];
        const { peer } = await subscribe(first.address);
        const replicas = (): Promise<number[]> =>
          administer(first.address, async ({ streams }) => {
            const infos = await Promise.all([KEPT, NOTES].map((name) => streams.info(name)));
            return infos.map(({ config }) => config.num_replicas);
          });
        const { publish, peer: from } = await publisher(second.address);
        await publish(0, 100);
        await from.flush(FLUSH);
        expect(await replicas()).toEqual([1, 1]);
        const cluster = ['--cluster_name', 'test', '--cluster', 'nats://127.0.0.1:-1', '-n', 'node-2'];
        await NatsServer.start(program, ...cluster, '--routes', `nats://127.0.0.1:${first.clusterPort}`, ...store());
        await peer.stop();
        await expect
          .poll(async () => {
            await (await subscribe(first.address)).peer.stop();
            return replicas();
          }, PATIENCE)
          .toEqual([3, 3]);
        const { received } = await subscribe(first.address);
        await publish(100, 200);
        await from.flush(FLUSH);
        await expect.poll(() => received, PATIENCE).toEqual(numbers(200).slice(100));
      },
    );

    test('what is kept is removed while it is away: all that is kept since arrives', async () => {
      const { address } = await startServer();
      const first = await subscribe(address);
      const { peer, publish } = await publisher(address);
      await publish(0, 1);
      await peer.flush(FLUSH);
      await expect.poll(() => first.received).toEqual([0]);
      await first.peer.stop();
      await administer(address, ({ streams }) => streams.delete(KEPT));
      for (const n of numbers(5)) {
        await publish(n + 1, n + 2);
        await peer.flush(FLUSH);
      }
      const { received, gaps } = await subscribe(address);
      await expect.poll(() => received).toEqual([1, 2, 3, 4, 5]);
      expect(gaps).toEqual([]);
    });

    test('what is noted is removed: it is noted again, and what is published while it is away arrives', async () => {
      const { address } = await startServer();
      const first = await subscribe(address);
      const { peer, publish } = await publisher(address);
      await publish(0, 10);
      await expect.poll(() => first.received).toEqual(numbers(10));
      await administer(address, ({ streams }) => streams.delete(NOTES));
      await publish(10, 20);
      await expect.poll(() => first.received).toEqual(numbers(20));
      await first.peer.stop();
      await peer.stop();
      const later = await publisher(address);
      await later.publish(20, 30);
      await later.peer.flush(FLUSH);
      const { received } = await subscribe(address);
      await expect.poll(() => received).toEqual(numbers(30).slice(20));
    });

    test('a store that was made anew: what is in it arrives', async () => {
      const server = await startServer();
      const { peer, publish } = await publisher(server.address);
      const first = await subscribe(server.address);
      await publish(0, 1_000);
      await peer.flush(FLUSH);
      await expect.poll(() => first.received.length).toBe(1_000);
      await server.kill();
      const again = await NatsServer.startAt(program, server.port, ...store());
      await expect.poll(() => first.peer.ready && peer.ready, PATIENCE).toBe(true);
      await publish(1_000, 1_010);
      await expect.poll(() => first.received.length, PATIENCE).toBe(1_010);
      expect(again.port).toBe(server.port);
      expect(first.received).toEqual(numbers(1_010));
    });
  });

  describe('who may have what', () => {
    test('taken over: the last peer that starts under a name has it, and the one before is told', async () => {
      const { address } = await startServer();
      const { peer, publish } = await publisher(address);
      const first = await subscribe(address);
      await publish(0, 10);
      await expect.poll(() => first.received.length).toBe(10);
      const second = await subscribe(address);
      await publish(10, 20);
      await expect
        .poll(() => first.refusals)
        .toEqual(["durable subscription 'billing' was taken over by another peer"]);
      const before = first.received.length;
      await publish(20, 30);
      await peer.flush(FLUSH);
      await expect.poll(() => second.received.at(-1)).toBe(29);
      // What it had not noted when it was taken over comes again.
      expect(second.received.slice(-20)).toEqual(numbers(30).slice(10));
      expect(first.received).toHaveLength(before);
    });

    test('JetStream is not enabled: the start says so, and others do without', async () => {
      const { address } = await NatsServer.start(program);
      const peer = new Peer(address, shop, { subscribe: { x: { durable: 'billing' } } });
      const error: unknown = await peer.start().catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(RefusedError);
      expect((error as Error).message).toBe(
        `the server at '${address}' keeps nothing: JetStream is not enabled (nats-server -js)`,
      );
      const { publish, peer: other } = await publisher(address);
      await publish(0, 10);
      await other.flush(FLUSH);
    });

    test('JetStream is not there any more: the publisher is told, and says what is not kept', async () => {
      const server = await startServer();
      await (await subscribe(server.address)).peer.stop();
      const { peer, publish, refusals } = await publisher(server.address);
      await publish(0, 10);
      await peer.flush(FLUSH);
      await server.kill();
      await NatsServer.startAt(program, server.port);
      await expect.poll(() => peer.ready, PATIENCE).toBe(true);
      await publish(10, 20);
      await expect(peer.flush({ timeout: 300 })).rejects.toThrow(/within 300 ms: the store lacks 10$/);
      expect(refusals.map(({ message }) => message)).toEqual([expect.stringContaining('keeps nothing')]);
    });

    test('what it has cannot be noted: the subscriber is told', async () => {
      const { address } = await startServer();
      const { peer, publish } = await publisher(address);
      const { received, refusals } = await subscribe(address);
      await administer(address, ({ streams }) => streams.update(NOTES, { max_msg_size: 50 }));
      await publish(0, 10);
      await peer.flush(FLUSH);
      await expect.poll(() => received).toEqual(numbers(10));
      await expect.poll(() => refusals).toEqual([expect.stringContaining('does not keep events: message size')]);
    });

    test('JetStream is forbidden: who publishes does without, and is told, as is who subscribes', async () => {
      const config = join(temporaryFolder(), 'nats.conf');
      const allowed = '["mreventloop.>", "_INBOX.>"]';
      const permissions = `{ publish: ${allowed}, subscribe: ${allowed} }`;
      const users = `[{ user: anybody, password: none, permissions: ${permissions} }]`;
      writeFileSync(config, `authorization { users: ${users} }\nno_auth_user: anybody\n`);
      const { address } = await NatsServer.start(program, ...store(), '-c', config);
      const publishing = new Peer(address, address, [], ['x']);
      const refusals: string[] = [];
      connect(publishing.status, 'refused', ({ message }) => refusals.push(message));
      await using from = await publishing.start();
      await using to = await new Peer(address, address, ['x'], []).start();
      const received = to.events.x.next(PATIENCE);
      await from.waitFor({ subscribers: 'x', timeout: 5_000 });
      await from.publish.x(1);
      expect(await received).toEqual([1]);
      await from.flush(FLUSH);
      const message = `the server at '${address}' does not let this peer ask which events are to be kept: none are`;
      expect(refusals).toEqual([message]);
      const subscribing = { subscribe: { x: { durable: 'billing' } } };
      await expect(new Peer(address, address, ['x'], [], subscribing).start()).rejects.toMatchObject({
        code: 'REFUSED',
        message: `the server at '${address}' does not allow to use JetStream`,
      });
    });

    test('the client for JetStream is not installed: only who needs it is told', async () => {
      const { address } = await startServer();
      await (await subscribe(address)).peer.stop();
      const lines = await node(import.meta.url, './children/without-jetstream.ts', address).rest();
      const said = /^MISSING_LIBRARY: .* need the package '@nats-io\/jetstream': npm install @nats-io\/jetstream$/;
      const missing: unknown = expect.stringMatching(said);
      expect(lines).toEqual(['started', missing, missing]);
    });

    test('behind an uplink: publishers there have no store, and their events arrive once between live peers', async () => {
      const { address } = await startServer();
      const endpoints = freeEndpoints('ipc');
      await using _broker = await Broker.listen({ zmq: endpoints, uplink: address });
      const { received } = await subscribe(address);
      const here = await publisher(address);
      const there = new Peer(endpoints, shop, { publish: ['x'] });
      await using _there = await there.start();
      await there.waitFor({ subscribers: 'x', timeout: 5_000 });
      for (const n of numbers(100)) await there.publish.x(1_000 + n);
      await here.publish(0, 100);
      await Promise.all([there.flush(FLUSH), here.peer.flush(FLUSH)]);
      await expect.poll(() => received.length).toBe(200);
      expect(received.filter((n) => n >= 1_000)).toEqual(numbers(100).map((n) => 1_000 + n));
      expect(received.filter((n) => n < 1_000)).toEqual(numbers(100));
    });

    test.each(['ipc:///tmp/shop', 'inproc://shop', 'tcp://127.0.0.1:5000', 'ws://127.0.0.1:5000', 'redis://127.0.0.1'])(
      '%s keeps nothing',
      (address: string) => {
        const subscribing = { x: { durable: 'billing' } };
        const message = `the subscription 'billing' cannot be durable at '${address}`;
        expect(() => new Peer(address, shop, { subscribe: subscribing })).toThrow(message);
        const pair = { in: `${address}1`, out: `${address}2` };
        const ends = /^(ws|redis)/.test(address) ? [address, address] : [pair.in, pair.out];
        const [there = '', back = ''] = ends;
        expect(() => new Peer(there, back, ['x'], [], { subscribe: subscribing })).toThrow(message);
      },
    );

    test('a bus of one’s own without a store: the start says so', async () => {
      const peer = new Peer('nats://a', shop, {
        subscribe: { x: { durable: 'billing' } },
        bus: () => makeBus({ in: 'inproc://nowhere.in', out: 'inproc://nowhere.out' }),
      });
      await expect(peer.start()).rejects.toMatchObject({ code: 'ADDRESS', message: /cannot be durable at 'nats:/ });
    });

    test('a name that is none', () => {
      const subscribing = { x: { durable: '' } };
      expect(() => new Peer('nats://a', shop, { subscribe: subscribing })).toThrow(/must be a text that is not empty/);
    });
  });
});
