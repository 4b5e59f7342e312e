// The broker, in a process of its own, with a door for WebSockets and one for ZeroMQ. Its argument: a folder for sockets.
import { Broker } from 'mreventloop';
import { answer } from './child.ts';

const broker = await Broker.listen({ zmq: `ipc://${process.argv[2]}/hub`, ws: { port: 0 } });
const { in: inAddress, out } = broker.endpoints;

answer({
  places: () => ({ ws: [broker.url, broker.url], ipc: [inAddress, out] }),
  frames: () => broker.counters.frames,
});
