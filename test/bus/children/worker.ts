// A worker with a peer: it answers each x with a y, and ends when it is told to.
import { parentPort } from 'node:worker_threads';
import { connect, Peer } from 'mreventloop';

if (parentPort === null) throw new Error('this is no worker');
const port = parentPort;
const peer = new Peer(port, ['x', 'stop'], ['y'], { silence: 300 });
connect(peer, 'x', (value) => peer.publish.y(value));
connect(peer, 'stop', () => void peer.stop());
await peer.start();
// Others may use the port besides.
port.postMessage(peer.id);
