import { onTestFinished } from 'vitest';
import { connect, Peer } from 'mreventloop';

export const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** A peer that publishes `x` and one that keeps what it gets of it, met. */
export async function startPair(publisherAt: string, subscriberAt: string) {
  const publisher = new Peer(publisherAt, publisherAt, [], ['x']);
  const subscriber = new Peer(subscriberAt, subscriberAt, ['x'], []);
  const received: unknown[] = [];
  const gaps: unknown[] = [];
  connect(subscriber, 'x', (value) => received.push(value));
  connect(subscriber.status, 'gap', (gap) => gaps.push(gap));
  for (const peer of [subscriber, publisher]) {
    onTestFinished(() => peer.stop({ timeout: 0 }));
    await peer.start();
  }
  await publisher.waitFor({ subscribers: 'x', timeout: 5_000 });
  return {
    publisher,
    subscriber,
    gaps,
    received,
    /** Publishes up to a number; waits for room, so for the subscriber, now and then. */
    publish: async (from: number, to: number): Promise<void> => {
      for (let i = from; i < to; i += 1) await publisher.publish.x(i);
    },
  };
}
