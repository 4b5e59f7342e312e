import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { connect, Peer } from 'mreventloop';
import { Proxy } from '../faults/proxy.ts';
import { describeWith } from '../setup/describe-with.ts';
import { temporaryFolder } from '../support/addresses.ts';
import { freePort } from '../support/free-port.ts';
import { NatsServer, startCluster, startRoutedCluster } from '../support/nats-server.ts';
import { NatsWebSocketServer } from '../support/nats-websocket-server.ts';
import { numbers, startPair } from './pair.ts';

/** A way to a server, some milliseconds long. */
async function farAway(address: string): Promise<string> {
  const proxy = await Proxy.start(address, 5);
  onTestFinished(() => proxy.stop());
  return proxy.address;
}

describeWith('nats', 'NATS', (program) => {
  test('names: one that is too long for a subject is refused', async () => {
    const { address } = await NatsServer.start(program);
    const peer = new Peer(address, address, ['é'.repeat(1_000)], []);
    await expect(peer.start()).rejects.toMatchObject({
      code: 'ADDRESS',
      message: /name of 1000 characters is too long/,
    });
  });

  test.each(['publisher', 'subscriber'] as const)(
    'cluster of three: the server of the %s is killed while 50,000 events flow',
    { timeout: 60_000 },
    async (whose) => {
      const [first, second] = (await startCluster(program, 3)) as [NatsServer, NatsServer];
      const pair = await startPair(first.address, second.address);
      const { publisher, subscriber, received, gaps, publish } = pair;
      const publishing = publish(0, 50_000);
      await expect.poll(() => received.length, { timeout: 10_000 }).toBeGreaterThan(1_000);
      const killed = whose === 'publisher' ? first : second;
      // It finds another one, of which the first one told it.
      const connected = pair[whose].status.connected.next({ timeout: 20_000 });
      await killed.kill();
      await connected;
      await publishing;
      await publisher.flush({ timeout: 20_000 });
      expect(received).toEqual(numbers(50_000));
      expect(gaps).toEqual([]);
      expect([publisher.ready, subscriber.ready]).toEqual([true, true]);
    },
  );

  test(
    'cluster of two, some milliseconds apart: what is published at one as soon as a peer at the other is ready',
    { timeout: 60_000 },
    async () => {
      const [first, second] = (await startRoutedCluster(program, 2, () => [], farAway)) as [NatsServer, NatsServer];
      // An event each: of one that somebody there wants already, the servers know.
      const names = numbers(10).map((n) => `event-${n}`);
      const publisher = new Peer(first.address, first.address, [], names);
      onTestFinished(() => publisher.stop({ timeout: 0 }));
      await publisher.start();
      const received: string[] = [];
      for (const name of names) {
        const subscriber = new Peer(second.address, second.address, [name], []);
        connect(subscriber, name, () => received.push(name));
        onTestFinished(() => subscriber.stop({ timeout: 0 }));
        await subscriber.start();
        await publisher.publish[name]?.();
      }
      await publisher.flush();
      await expect.poll(() => received.toSorted(), { timeout: 10_000 }).toEqual(names);
    },
  );

  test(
    'cluster of two: the server of six subscribers stands still, and none of them lacks anything',
    { timeout: 60_000 },
    async () => {
      const [first] = (await startCluster(program, 1)) as [NatsServer];
      const cluster = ['--cluster_name', 'test', '--cluster', 'nats://127.0.0.1:-1', '-n', 'node-1'];
      const second = await NatsServer.start(program, ...cluster, '--routes', `nats://127.0.0.1:${first.clusterPort}`);
      const both = `${first.address},${second.address.slice('nats://'.length)}`;
      const subscribers = numbers(6).map(() => {
        const peer = new Peer<{ x: [number] }, {}>(both, both, ['x'], []);
        const received: number[] = [];
        const gaps: unknown[] = [];
        connect(peer, 'x', (n) => received.push(n));
        connect(peer.status, 'gap', (gap) => gaps.push(gap));
        onTestFinished(() => peer.stop({ timeout: 0 }));
        return { peer, received, gaps };
      });
      // All of them are at the first.
      await second.kill();
      for (const { peer } of subscribers) await peer.start();
      await second.start();
      const publisher = new Peer<{}, { x: [number] }>(second.address, second.address, [], ['x']);
      onTestFinished(() => publisher.stop({ timeout: 0 }));
      await publisher.start();
      await publisher.waitFor({ subscribers: 'x', count: 6, timeout: 20_000 });
      const down = Promise.all(subscribers.map(({ peer }) => peer.status.disconnected.next({ timeout: 20_000 })));
      const up = Promise.all(subscribers.map(({ peer }) => peer.status.connected.next({ timeout: 20_000 })));
      first.signal('SIGSTOP');
      for (const n of numbers(2_000)) await publisher.publish.x(n);
      await down;
      await up;
      await publisher.flush({ timeout: 20_000 });
      for (const { received, gaps } of subscribers) {
        expect(received).toEqual(numbers(2_000));
        expect(gaps).toEqual([]);
      }
      // Nor is anybody kept from starting by it.
      for (const _ of numbers(4)) {
        const peer = new Peer(both, both, [], []);
        onTestFinished(() => peer.stop({ timeout: 0 }));
        await peer.start();
      }
    },
  );

  test('limits: a server that takes no more subscriptions says so', async () => {
    const config = join(temporaryFolder(), 'nats.conf');
    writeFileSync(config, 'max_subscriptions: 6\n');
    const { address } = await NatsServer.start(program, '-c', config);
    const peer = new Peer(
      address,
      address,
      numbers(10).map((n) => `event-${n}`),
      [],
    );
    await expect(peer.start()).rejects.toMatchObject({
      code: 'REFUSED',
      message: expect.stringMatching(/maximum subscriptions exceeded/) as string,
    });
  });

  test('limits: a server that has as many connections as it takes says so', async () => {
    const config = join(temporaryFolder(), 'nats.conf');
    writeFileSync(config, 'max_connections: 1\n');
    const { address } = await NatsServer.start(program, '-c', config);
    const first = await new Peer(address, ['x'], []).start();
    onTestFinished(() => first.stop());
    await expect(new Peer(address, ['x'], []).start({ timeout: 500 })).rejects.toMatchObject({
      code: 'NO_BROKER',
      message: expect.stringMatching(/as many as it takes|maximum connections/i) as string,
    });
  });

  test('WebSockets: peers at both doors of a server meet, and connect at the same time', async () => {
    const server = await NatsWebSocketServer.start(program);
    const places = [server.address, server.tcp.address.replace('127.0.0.1', 'localhost')];
    const peers = places.map((place) => new Peer(place, place, ['x'], ['x']));
    onTestFinished(async () => void (await Promise.all(peers.map((peer) => peer.stop()))));
    // What is loaded the first time is there the next times: while the one looks up its host, the other connects.
    for (const _ of numbers(5)) {
      // One that got the socket of the other kind would wait for all the time that it has.
      await Promise.all(peers.map((peer) => peer.start({ timeout: 4_000 })));
      await Promise.all(peers.map((peer) => peer.waitFor({ subscribers: 'x', timeout: 5_000 })));
      await Promise.all(peers.map((peer) => peer.stop()));
    }
  });

  test('WebSockets: a host where nobody is does not keep a peer from the next', async () => {
    const { address } = await NatsWebSocketServer.start(program);
    for (const hosts of ['127.0.0.1:1,', `127.0.0.1:${await freePort()},`]) {
      const place = address.replace('://', `://${hosts}`);
      await using peer = await new Peer(place, place, [], []).start({ timeout: 4_000 });
      expect(peer.ready).toBe(true);
    }
  });

  test('token: a server that refuses it is told of, also where another one cannot be reached, 10 times', async () => {
    const { address } = await NatsServer.start(program, '--auth', 'open sesame');
    const both = `${address},127.0.0.1:${await freePort()}`;
    for (const _ of numbers(10)) {
      await expect(new Peer(both, both, [], []).start()).rejects.toMatchObject({ code: 'REFUSED' });
    }
  });

  test('WebSockets: a peer finds another node of the cluster, of which the first one told it', async () => {
    const cluster = ['--cluster_name', 'test', '--cluster', 'nats://127.0.0.1:-1'];
    const first = await NatsWebSocketServer.start(program, ...cluster, '-n', 'first');
    const routes = ['--routes', `nats://127.0.0.1:${first.tcp.clusterPort}`];
    const second = await NatsWebSocketServer.start(program, ...cluster, '-n', 'second', ...routes);
    const { publisher, subscriber, received, publish } = await startPair(second.address, first.address);
    await publish(0, 1_000);
    const connected = subscriber.status.connected.next({ timeout: 10_000 });
    await first.kill();
    await connected;
    await publish(1_000, 2_000);
    await publisher.flush({ timeout: 10_000 });
    expect(received).toEqual(numbers(2_000));
  });
});
