import { expect, test } from 'vitest';
import { Peer } from 'mreventloop';
import { describeWith } from '../setup/describe-with.ts';
import { freePort } from '../support/free-port.ts';
import { RedisServer } from '../support/redis-server.ts';

const timers = (): number => process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length;

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

  test('a server that does not know what it is asked: the start says so', async () => {
    const { address } = await RedisServer.start(program, '--rename-command', 'PUBLISH', '');
    const starting = new Peer(address, address, ['x'], ['x']).start({ timeout: 1_000 });
    await expect(starting).rejects.toMatchObject({
      code: 'NO_BROKER',
      message: expect.stringMatching(/\(ERR unknown command .publish./i) as string,
    });
  });
});
