import { describe, expect, onTestFinished, test } from 'vitest';
import { connect, Peer, RefusedError } from 'mreventloop';
import { describeWith } from '../setup/describe-with.ts';
import { NatsServer, startCluster } from '../support/nats-server.ts';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** A peer that publishes `x` and one that keeps what it gets of it, met. */
async function startPair(publisherAt: string, subscriberAt: string) {
  const publisher = new Peer(publisherAt, publisherAt, [], ['x']);
  const subscriber = new Peer(subscriberAt, subscriberAt, ['x'], []);
  const received: unknown[] = [];
  const gaps: unknown[] = [];
  connect(subscriber, 'x', (value) => received.push(value));
  connect(subscriber.status, 'gap', (gap) => gaps.push(gap));
  for (const peer of [subscriber, publisher]) {
    onTestFinished(() => peer.stop({ timeout: 0 }));
    await peer.start();
  }
  await publisher.waitFor({ subscribers: 'x', timeout: 5_000 });
  return {
    publisher,
    subscriber,
    gaps,
    received,
    /** Publishes up to a number; waits for room, so for the subscriber, now and then. */
    publish: async (from: number, to: number): Promise<void> => {
      for (let i = from; i < to; i += 1) await publisher.publish.x(i);
    },
  };
}

describeWith('nats', 'NATS: subjects', (program) => {
  test('names: any name arrives, and only under that name', async () => {
    const { address } = await NatsServer.start(program);
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

  test('names: one that is too long for a subject is refused', async () => {
    const { address } = await NatsServer.start(program);
    const peer = new Peer(address, address, ['é'.repeat(1_000)], []);
    await expect(peer.start()).rejects.toMatchObject({
      code: 'ADDRESS',
      message: /name of 1000 characters is too long/,
    });
  });

  test('namespaces: peers of different ones do not meet', async () => {
    const { address } = await NatsServer.start(program);
    const [shop, other, none] = ['/shop', '/shop/x', ''].map(
      (path) => new Peer(address + path, address + path, ['x'], ['x']),
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

describeWith('nats', 'NATS: packs and parts', (program) => {
  test('packs: peers use them without a broker that says so', async () => {
    const { address } = await NatsServer.start(program);
    const frames: string[] = [];
    const { makeBus } = await import('../../src/bus/address.ts');
    const bus = await makeBus({ in: address, out: address });
    onTestFinished(() => bus.close());
    await bus.open({ frame: (text) => frames.push(text), unreadable() {}, down() {}, refused() {} });
    bus.subscribe({ name: 'x', prefixes: [] });
    const { publisher } = await startPair(address, address);
    for (const i of numbers(100)) void publisher.publish.x(i);
    await publisher.flush({ timeout: 5_000 });
    expect(frames.map((frame) => frame.includes('rpc.mr.pack.x'))).toEqual([true]);
  });
});

describeWith('nats', 'NATS: who may come in', (program) => {
  test('token: peers show it, and are refused with another', async () => {
    const { address } = await NatsServer.start(program, '--auth', 'open sesame');
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
    const { address } = await NatsServer.start(program);
    const peer = new Peer(address, address, [], [], {
      token: () => Promise.reject(new Error('no network')),
    });
    await expect(peer.start()).rejects.toMatchObject({ code: 'REFUSED', cause: { message: 'no network' } });
  });

  test('token: a peer that is refused later is told, and goes on trying', async () => {
    const { address, ...server } = await restartable(program);
    let token = 'first';
    await server.start('--auth', 'first');
    await using peer = await new Peer(address(), address(), [], [], { token: () => token }).start();
    const refused = peer.status.refused.next({ timeout: 10_000 });
    await server.stop();
    await server.start('--auth', 'second');
    expect((await refused)[0]).toBeInstanceOf(RefusedError);
    const connected = peer.status.connected.next({ timeout: 10_000 });
    token = 'second';
    await connected;
  });
});

/** A server that can be started with other arguments, on the same port. */
async function restartable(program: string) {
  let server: NatsServer | undefined;
  return {
    address: () => server?.address ?? '',
    async start(...args: readonly string[]): Promise<void> {
      server = await NatsServer.startAt(program, server?.port ?? -1, ...args);
    },
    stop: async () => server?.kill(),
  };
}

describeWith('nats', 'NATS: faults', (program) => {
  test('the server is killed and started again while 10,000 events flow', { timeout: 60_000 }, async () => {
    const server = await NatsServer.start(program);
    const { publisher, subscriber, received, gaps, publish } = await startPair(server.address, server.address);
    for (const round of numbers(5)) {
      const publishing = publish(round * 2_000, (round + 1) * 2_000);
      await expect.poll(() => received.length, { timeout: 10_000 }).toBeGreaterThan(round * 2_000 + 500);
      const down = subscriber.status.disconnected.next({ timeout: 10_000 });
      await server.kill();
      await down;
      await server.start();
      await publishing;
    }
    await publisher.flush({ timeout: 20_000 });
    expect(received).toEqual(numbers(10_000));
    expect(gaps).toEqual([]);
  });

  test('the server is stopped for longer than a link lives, and goes on', { timeout: 60_000 }, async () => {
    const server = await NatsServer.start(program);
    const { publisher, subscriber, received, gaps, publish } = await startPair(server.address, server.address);
    await publish(0, 1_000);
    const down = subscriber.status.disconnected.next({ timeout: 20_000 });
    server.signal('SIGSTOP');
    const publishing = publish(1_000, 10_000);
    await down;
    server.signal('SIGCONT');
    await publishing;
    await publisher.flush({ timeout: 20_000 });
    expect(received).toEqual(numbers(10_000));
    expect(gaps).toEqual([]);
  });

  test.each(['publisher', 'subscriber'] as const)(
    'cluster of three: the server of the %s is killed while 10,000 events flow',
    { timeout: 60_000 },
    async (whose) => {
      const [first, second] = (await startCluster(program, 3)) as [NatsServer, NatsServer];
      const pair = await startPair(first.address, second.address);
      const { publisher, subscriber, received, gaps, publish } = pair;
      const publishing = publish(0, 10_000);
      await expect.poll(() => received.length, { timeout: 10_000 }).toBeGreaterThan(1_000);
      const killed = whose === 'publisher' ? first : second;
      // It finds another one, of which the first one told it.
      const connected = pair[whose].status.connected.next({ timeout: 20_000 });
      await killed.kill();
      await connected;
      await publishing;
      await publisher.flush({ timeout: 20_000 });
      expect(received).toEqual(numbers(10_000));
      expect(gaps).toEqual([]);
      expect([publisher.ready, subscriber.ready]).toEqual([true, true]);
    },
  );

  test('close: while the server stands still, it takes a few seconds at most', { timeout: 30_000 }, async () => {
    const server = await NatsServer.start(program);
    const { publisher } = await startPair(server.address, server.address);
    server.signal('SIGSTOP');
    const began = performance.now();
    await publisher.stop({ timeout: 100 });
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});

describe('NATS: addresses', () => {
  test.each([
    ['nats://', /is no address/],
    ['nats:///shop', /nats needs a host/],
    ['nats://a,/shop', /nats needs a host/],
    ['nats://a b', /nats needs a host/],
    ['nats://a//b', /nats needs a host/],
    ['nats://Ann:secret@a', /^an address of nats:\/\/ has no user/],
  ])('%s makes no sense', (address, message) => {
    expect(() => new Peer(address, address, [], [])).toThrow(message);
  });

  test('one is for both ways', () => {
    expect(() => new Peer('nats://a', 'nats://b', [], [])).toThrow(/one too many/);
  });

  test.each(['nats://a', 'nats://a:4222', 'nats://a,b:4222/shop', 'nats://[::1]:4222/shop/eu/'])(
    '%s is one',
    (address) => {
      expect(new Peer(address, address, [], []).ready).toBe(false);
    },
  );

  test('where nobody is, the start fails and says where it looked', async () => {
    const peer = new Peer('nats://127.0.0.1:1/shop', 'nats://127.0.0.1:1/shop', [], []);
    const start = peer.start({ timeout: 200 });
    await expect(start).rejects.toMatchObject({ code: 'NO_BROKER', message: /'nats:\/\/127\.0\.0\.1:1\/shop'/ });
  });
});
