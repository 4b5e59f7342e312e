// Two peers in a process that ends without stopping them, in one way or another, and one that was stopped.
import { connect, EventLoop, Peer, slot } from 'mreventloop';

const [inAddress = '', outAddress = '', how = ''] = process.argv.slice(2);

class Consumer {
  eventLoop = new EventLoop();
  onTold = slot(this, () => {
    throw new Error('a slot fails');
  });
}
const consumer = new Consumer();
consumer.eventLoop.start();

const ways: Record<string, () => void> = {
  'process.exit': () => process.exit(7),
  'an error that nobody catches': () => void setImmediate(() => JSON.parse('{')),
  'a slot that fails': () => void consumer.onTold(),
};

const peers = [1, 2, 3].map(() => new Peer(inAddress, outAddress, ['told'], ['said']));
for (const peer of peers) {
  connect(peer.status, 'stopped', () => console.log('stopped'));
  await peer.start();
}
await peers.pop()?.stop();
const [peer] = peers as [(typeof peers)[0]];
connect(peer, 'told', () => {
  void peer.publish.said('the last');
  ways[how]?.();
});
console.log('ready');
