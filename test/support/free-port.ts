import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below those that systems hand out to who asks for any: one of these could go to somebody else before it is used. */
const FIRST = 20_000;
const COUNT = 12_000;

// Test files run in processes of their own.
let next = (process.pid * 101) % COUNT;

/** A port that nobody uses just now, for servers that do not find one by themselves. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + next;
    next = (next + 1) % COUNT;
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!isFree) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
