// Starts a peer, and prints whether that has loaded ZeroMQ.
import { readFileSync } from 'node:fs';
import { Peer } from 'mreventloop';

const [inAddress = '', outAddress = ''] = process.argv.slice(2);
const peer = await new Peer<{}, {}>(inAddress, outAddress, [], []).start();
console.log(/zeromq.*\.node/.test(readFileSync('/proc/self/maps', 'utf8')));
await peer.stop();
