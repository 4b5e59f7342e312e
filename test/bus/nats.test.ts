import { expect, test } from 'vitest';
import { Peer } from 'mreventloop';
import { describeWith } from '../setup/describe-with.ts';
import { NatsServer, startCluster } from '../support/nats-server.ts';
import { numbers, startPair } from './pair.ts';

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
});
