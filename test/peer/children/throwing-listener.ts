import { Broker, connect, Peer } from 'mreventloop';

await using _broker = await new Broker('inproc://in', 'inproc://out').start();
const peer = new Peer('inproc://in', 'inproc://out', ['produced'], ['produced']);
connect(peer, 'produced', () => {
  throw new Error('a listener of the peer failed');
});
connect(peer, 'produced', () => console.log('the other listener was called'));
await using _peer = await peer.start();
await peer.publish.produced();
await peer.events.produced.next();
