import { expect, test } from 'vitest';
import { Peer } from 'mreventloop';
import { describeWith } from '../setup/describe-with.ts';
import { RedisServer } from '../support/redis-server.ts';

describeWith('redis', 'Redis', (program) => {
  test('a server that does not know what it is asked: the start says so', async () => {
    const { address } = await RedisServer.start(program, '--rename-command', 'PUBLISH', '');
    const starting = new Peer(address, address, ['x'], ['x']).start({ timeout: 1_000 });
    await expect(starting).rejects.toMatchObject({
      code: 'NO_BROKER',
      message: expect.stringMatching(/\(ERR unknown command .publish./i) as string,
    });
  });
});
