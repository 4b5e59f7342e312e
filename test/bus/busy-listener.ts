import { connect, Peer } from 'mreventloop';
import { onTestFinished } from 'vitest';

/** How many events there are, how large, how long the listener takes for each, in milliseconds, and when a timer is due. */
const EVENTS = 3_000;
const SIZE = 1_000;
const TAKES = 0.3;
const EVERY = 5;

/** How many events came, at most, between two turns of a timer, while a listener took its time for each. */
export async function mostBetweenTurns(inAddress: string, out: string = inAddress): Promise<number> {
  const publisher = new Peer<{}, { tick: [text: string] }>(inAddress, out, [], ['tick']);
  const subscriber = new Peer<{ tick: [text: string] }, {}>(inAddress, out, ['tick'], []);
  for (const peer of [publisher, subscriber]) {
    onTestFinished(() => peer.stop({ timeout: 0 }));
    await peer.start();
  }
  await publisher.waitFor({ subscribers: 'tick' });
  // What comes before a publisher has said where it starts is kept until then, and handed over at once.
  const first = subscriber.events.tick.next();
  void publisher.publish.tick('');
  await first;
  let received = 0;
  let atTurn = 0;
  let most = 0;
  const turn = (): void => {
    most = Math.max(most, received - atTurn);
    atTurn = received;
  };
  const all = new Promise<void>((resolve) => {
    connect(subscriber, 'tick', () => {
      const end = performance.now() + TAKES;
      while (performance.now() < end);
      received += 1;
      if (received === EVENTS) resolve();
    });
  });
  const timer = setInterval(turn, EVERY);
  for (let i = 0; i < EVENTS; i += 1) void publisher.publish.tick('.'.repeat(SIZE));
  await all;
  clearInterval(timer);
  turn();
  return most;
}
