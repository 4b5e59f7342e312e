import { existsSync, renameSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { bindAt } from '../../src/bus/served.ts';
import { temporaryFolder } from '../support/addresses.ts';

test('release: removes the socket that was bound, unless somebody serves there, be it at the same inode', async () => {
  const path = `${temporaryFolder()}/shop`;
  const server = createServer();
  const release = await bindAt(async () => {
    server.listen(path);
    await once(server, 'listening');
  }, `ipc://${path}`);
  // As the next one would, whose socket often gets the inode of the one that it replaced.
  await release();
  expect(existsSync(path)).toBe(true);
  // As ZeroMQ leaves it: Node would remove it.
  renameSync(path, `${path}.left`);
  server.close();
  await once(server, 'close');
  renameSync(`${path}.left`, path);
  await release();
  expect(existsSync(path)).toBe(false);
});
