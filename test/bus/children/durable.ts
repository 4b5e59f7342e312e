// Takes part in a process of its own: `subscribe ADDRESS` prints `ready`, then a line for each event; `publish ADDRESS
// COUNT` publishes so many, sees that they are kept, and ends without saying good-bye.
import { connect, contract, event, Peer } from 'mreventloop';

const [role, address = '', count = '0'] = process.argv.slice(2);
const shop = contract({ x: event<[n: number]>(), y: event<[n: number]>() });

if (role === 'subscribe') {
  const durable = 'billing';
  const peer = new Peer(address, shop, { subscribe: { x: { durable }, y: { durable } } });
  connect(peer, 'x', (n) => console.log(`${n}`));
  connect(peer, 'y', (n) => console.log(`${n}`));
  connect(peer.status, 'gap', (gap) => console.log(`gap ${JSON.stringify(gap)}`));
  await peer.start();
  console.log('ready');
} else {
  const peer = await new Peer(address, shop, { publish: ['x', 'y'] }).start();
  for (let n = 0; n < Number(count); n += 1) await peer.publish[n % 2 === 0 ? 'x' : 'y'](n);
  await peer.flush({ timeout: 20_000 });
  process.exit();
}
