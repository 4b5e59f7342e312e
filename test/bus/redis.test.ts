import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { Peer } from 'mreventloop';
import { makeBus } from '../../src/bus/address.ts';
import { describeWith } from '../setup/describe-with.ts';
import { freePort } from '../support/free-port.ts';
import { RedisServer } from '../support/redis-server.ts';

const timers = (): number => process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length;

/** Passes everything on, except from a connection over which something is published: nothing is read there any more. */
async function startDeaf(port: number): Promise<string> {
  const server = createServer((client) => {
    const there = connect(port, '127.0.0.1');
    there.pipe(client);
    client.on('data', (data) => (data.includes('publish') ? client.pause() : there.write(data)));
    client.on('close', () => there.destroy());
    for (const socket of [client, there]) socket.on('error', () => {});
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describeWith('redis', 'Redis', (program) => {
  test('a start that failed keeps no timer, so that the program ends', async () => {
    const before = timers();
    const address = `redis://127.0.0.1:${await freePort()}`;
    await expect(new Peer(address, address, ['x'], ['x']).start({ timeout: 200 })).rejects.toMatchObject({
      code: 'NO_BROKER',
    });
    expect(timers()).toBeLessThanOrEqual(before);
  });

  test('a server that has as many clients as it takes: the start says so', async () => {
    const { address } = await RedisServer.start(program, '--maxclients', '1');
    await expect(new Peer(address, address, ['x'], ['x']).start({ timeout: 500 })).rejects.toMatchObject({
      code: 'NO_BROKER',
      message: expect.stringMatching(/as many as it takes|max number of clients/) as string,
    });
  });

  test(
    'a connection over which nothing gets out is noticed, whatever comes in over the other',
    { timeout: 30_000 },
    async () => {
      const server = await RedisServer.start(program);
      const deaf = await startDeaf(server.port);
      const bus = await makeBus({ in: deaf, out: deaf });
      onTestFinished(() => bus.close());
      bus.subscribe({ name: 'x', prefixes: [] });
      let isDown = false;
      const down = (): void => void (isDown = true);
      await bus.open({ frame: () => bus.send('x', '{}'), unreadable() {}, down, refused() {} });
      const other = new Peer(server.address, server.address, [], ['x']);
      await using _other = await other.start();
      while (!isDown) {
        await other.publish.x();
        await other.flush({ timeout: 5_000 });
      }
    },
  );

  test('a server that does not know what it is asked: the start says so', async () => {
    const { address } = await RedisServer.start(program, '--rename-command', 'PUBLISH', '');
    const starting = new Peer(address, address, ['x'], ['x']).start({ timeout: 1_000 });
    await expect(starting).rejects.toMatchObject({
      code: 'NO_BROKER',
      message: expect.stringMatching(/\(ERR unknown command .publish./i) as string,
    });
  });
});
