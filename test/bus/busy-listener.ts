import { setImmediate } from 'node:timers/promises';
import { connect, Peer } from 'mreventloop';
import { onTestFinished } from 'vitest';
import { makeBus } from '../../src/bus/address.ts';
import { encodeNotification } from '../../src/wire/json-rpc.ts';

/** How many events there are, how long the listener takes for each, in milliseconds, and when a timer is due. */
const EVENTS = 3_000;
const TAKES = 0.3;
const EVERY = 5;
/** Frames of peers in Python: how many events each has, and how large these are. */
const IN_A_FRAME = 50;
const SIZE = 1_000;

type Ticks = { tick: [text: string] };

/**
 * How many events came, at most, between two turns of a timer, while a listener took its time for each.
 * @param language - of the peer that publishes them
 */
export async function mostBetweenTurns(
  language: 'TypeScript' | 'Python',
  inAddress: string,
  out: string = inAddress,
): Promise<number> {
  const subscriber = new Peer<Ticks, {}>(inAddress, out, ['tick'], []);
  onTestFinished(() => subscriber.stop({ timeout: 0 }));
  await subscriber.start();
  const publish = language === 'Python' ? await python(subscriber, inAddress, out) : await typeScript(inAddress, out);
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
  publish();
  await all;
  clearInterval(timer);
  turn();
  return most;
}

/** What arrives before its publisher has said where it starts waits for that: the first of these do. */
async function typeScript(inAddress: string, out: string): Promise<() => void> {
  const publisher = new Peer<{}, Ticks>(inAddress, out, [], ['tick']);
  onTestFinished(() => publisher.stop({ timeout: 0 }));
  await publisher.start();
  await publisher.waitFor({ subscribers: 'tick' });
  return () => {
    for (let i = 0; i < EVENTS; i += 1) void publisher.publish.tick('.');
  };
}

/** As peers in Python do, but many events in a frame. */
async function python(subscriber: Peer<Ticks, {}>, inAddress: string, out: string): Promise<() => void> {
  const bus = await makeBus({ in: inAddress, out });
  onTestFinished(() => bus.close());
  await bus.open({ frame() {}, unreadable() {}, down() {}, refused() {} });
  const event = encodeNotification('tick', ['.'.repeat(SIZE)]);
  let isThere = false;
  const first = subscriber.events.tick.next().then(() => (isThere = true));
  // Nobody tells it when there is a way.
  while (!isThere) {
    bus.send('tick', event);
    await Promise.race([first, setImmediate()]);
  }
  const frame = `[${Array.from({ length: IN_A_FRAME }, () => event).join(', ')}]`;
  return () => {
    for (let i = 0; i < EVENTS; i += IN_A_FRAME) bus.send('tick', frame);
  };
}
