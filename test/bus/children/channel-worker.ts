// A worker with a peer on a channel, whose name it is given: it answers each x with a y, and ends when it is told to.
import { workerData } from 'node:worker_threads';
import { connect, Peer } from 'mreventloop';

const peer = new Peer(new BroadcastChannel(workerData as string), ['x', 'stop'], ['y'], { silence: 300 });
connect(peer, 'x', (value) => void peer.publish.y(peer.id, value));
connect(peer, 'stop', () => void peer.stop());
await peer.start();
