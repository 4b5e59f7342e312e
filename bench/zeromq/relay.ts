import { Subscriber, XPublisher } from 'zeromq';
import { leave, readyUntilStopped, settings } from '../role.ts';
import { RECEIVING, SENDING } from './sockets.ts';

const toPeers = new XPublisher(SENDING);
const fromPeers = new Subscriber(RECEIVING);
await toPeers.bind(settings.addresses[0]);
fromPeers.subscribe();
await fromPeers.bind(settings.addresses[1]);

async function relay(): Promise<void> {
  // A bound socket says what it subscribes to only while somebody reads from it.
  const first = fromPeers.receive();
  // Subscribers come first, and are told that they have been heard.
  for (const _name of settings.names) {
    const [subscription] = (await toPeers.receive()) as [Buffer];
    await toPeers.send(subscription.subarray(1));
  }
  await toPeers.send(await first);
  for await (const [frame] of fromPeers) await toPeers.send(frame as Buffer);
}

const relayed = relay();
await readyUntilStopped();
fromPeers.close();
await relayed;
toPeers.close();
leave();
