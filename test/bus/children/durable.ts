// Takes part in a process of its own: `subscribe ADDRESS FILE` prints `ready`, and writes a line for each event, at once, so that
// nothing of it is lost when it is killed; `work ADDRESS FILE` does so for each event `x` when it has worked on it for 20 ms; `publish ADDRESS COUNT` publishes so many, sees that they are kept, and ends
// without saying good-bye.
import { openSync, writeSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, contract, event, EventLoop, Peer, slot } from 'mreventloop';

const [role, address = '', more = ''] = process.argv.slice(2);
const shop = contract({ x: event<[n: number]>(), y: event<[n: number]>() });

if (role === 'subscribe') {
  const file = openSync(more, 'a');
  const durable = 'billing';
  const peer = new Peer(address, shop, { subscribe: { x: { durable }, y: { durable } } });
  connect(peer, 'x', (n) => writeSync(file, `${n}\n`));
  connect(peer, 'y', (n) => writeSync(file, `${n}\n`));
  connect(peer.status, 'gap', (gap) => writeSync(file, `gap ${JSON.stringify(gap)}\n`));
  await peer.start();
  console.log('ready');
} else if (role === 'work') {
  const file = openSync(more, 'a');
  const peer = new Peer(address, shop, { subscribe: { x: { durable: 'billing' } } });
  const worker = { eventLoop: new EventLoop().start() };
  const work = slot(worker, async (n: number) => {
    await delay(20);
    writeSync(file, `${n}\n`);
  });
  connect(peer, 'x', work);
  await peer.start();
  console.log('ready');
} else {
  const peer = await new Peer(address, shop, { publish: ['x', 'y'] }).start();
  for (let n = 0; n < Number(more); n += 1) await peer.publish[n % 2 === 0 ? 'x' : 'y'](n);
  await peer.flush({ timeout: 20_000 });
  process.exit();
}
