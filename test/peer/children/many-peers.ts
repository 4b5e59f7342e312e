// Starts peers over ZeroMQ until it has no more sockets.
import { Broker, type MrEventLoopError, Peer } from 'mreventloop';
import { context } from 'zeromq';

const [inAddress = '', outAddress = ''] = process.argv.slice(2);
context.maxSockets = 30;
const broker = await new Broker(inAddress, outAddress).start();
const peers: Peer<{}, {}>[] = [];
try {
  for (;;) peers.push(await new Peer<{}, {}>(inAddress, outAddress, [], []).start());
} catch (error) {
  const { code, message } = error as MrEventLoopError;
  console.log(`${code}: ${message}`);
}
for (const peer of peers) await peer.stop();
await broker.stop();
console.log(`${peers.length > 0 ? 'some' : 'no'} peers stopped`);
