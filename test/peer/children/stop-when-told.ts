// Starts a peer, and stops it when its input ends.
import { text } from 'node:stream/consumers';
import { Peer } from 'mreventloop';

const [inAddress = '', outAddress = ''] = process.argv.slice(2);
const peer = await new Peer<{}, {}>(inAddress, outAddress, [], []).start();
console.log('ready');
await text(process.stdin);
await peer.stop();
console.log('stopped');
