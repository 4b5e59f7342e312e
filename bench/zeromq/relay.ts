import { Subscriber, XPublisher } from 'zeromq';
import { leave, readyUntilStopped, settings } from '../role.ts';
import { isReadyTopic, RECEIVING, SENDING } from './sockets.ts';

const toPeers = new XPublisher({ ...SENDING, verbosity: 'allSubs' });
const fromPeers = new Subscriber(RECEIVING);
await toPeers.bind(settings.addresses[0]);
fromPeers.subscribe();
await fromPeers.bind(settings.addresses[1]);

async function relay(): Promise<void> {
  for await (const [frame] of fromPeers) await toPeers.send(frame as Buffer);
}

/** Tells subscribers that they have been heard. All of them are there before anything is published. */
async function hearSubscribers(): Promise<void> {
  for await (const [subscription] of toPeers) {
    const topic = (subscription as Buffer).subarray(1);
    if (isReadyTopic(topic)) await toPeers.send(topic);
  }
}

const done = Promise.all([relay(), hearSubscribers()]);
await readyUntilStopped();
fromPeers.close();
toPeers.close();
await done;
leave();
