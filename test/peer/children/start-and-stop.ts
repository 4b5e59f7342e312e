import { Broker, Peer } from 'mreventloop';

const [inAddress = '', outAddress = ''] = process.argv.slice(2);
{
  await using _broker = await new Broker(inAddress, outAddress).start();
  const peer = new Peer(inAddress, outAddress, ['produced'], ['produced']);
  await using _peer = await peer.start();
  const arrived = peer.events.produced.next();
  await peer.publish.produced('tea');
  await arrived;
}
console.log('stopped');
