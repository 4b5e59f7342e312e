// Starts peers over ZeroMQ until it has no more sockets.
import { Broker, type MrEventLoopError, Peer } from 'mreventloop';
import { context } from 'zeromq';

context.maxSockets = 30;
const broker = await new Broker('tcp://127.0.0.1:0', 'tcp://127.0.0.1:0').start();
const { endpoints } = broker;
const peers: Peer<{}, {}>[] = [];
try {
  for (;;) peers.push(await new Peer<{}, {}>(endpoints.in, endpoints.out, [], []).start());
} catch (error) {
  const { code, message } = error as MrEventLoopError;
  console.log(`${code}: ${message}`);
}
for (const peer of peers) await peer.stop();
await broker.stop();
console.log(`${peers.length > 0 ? 'some' : 'no'} peers stopped`);
