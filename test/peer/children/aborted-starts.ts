// Stops peers over ZeroMQ while they start: more of them than ZeroMQ has sockets for. Then starts one.
import { Broker, Peer } from 'mreventloop';
import { context } from 'zeromq';

context.maxSockets = 30;
await using broker = await new Broker('tcp://127.0.0.1:0', 'tcp://127.0.0.1:0').start();
const { endpoints } = broker;
const reason = new Error('aborted');
for (let i = 0; i < 30; i += 1) {
  const peer = new Peer(endpoints.in, endpoints.out, [], []);
  const controller = new AbortController();
  const start = peer.start({ signal: controller.signal });
  if (i % 2 === 0) controller.abort(reason);
  else void peer.stop();
  await start.then(
    () => console.log('started, though it was stopped'),
    () => {},
  );
}
await using peer = await new Peer(endpoints.in, endpoints.out, [], []).start();
console.log(peer.ready ? 'started' : 'not ready');
