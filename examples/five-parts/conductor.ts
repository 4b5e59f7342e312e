import { type Broker, connect, Peer, TimeoutError } from 'mreventloop';
import { type Books, pairs, totalOf } from './table.ts';
import { type Heard, talk } from './talk.ts';

/** How long, in milliseconds, the parts may take to come, and how long nothing may arrive before it is called lost. */
const COME_WITHIN = 30_000;
const PATIENCE = 5_000;
/** How often, in milliseconds, is shown how far it is. */
const SHOWING = 250;

type Conductor = Awaited<ReturnType<typeof startConductor>>;

/** A peer in the thread of the broker, to hear from all parts and to tell them what to do. */
export function startConductor(broker: Broker) {
  const { port1, port2 } = new MessageChannel();
  broker.attach(port1);
  return new Peer(port2, talk, { subscribe: ['present', 'heard'], publish: ['begin', 'goodbye'] }).start();
}

/** Has the parts begin when all of them are there, and watches until each has heard all others, or nothing comes any more. */
export async function conduct(
  peer: Conductor,
  parts: readonly string[],
  count: number,
  signal: AbortSignal,
): Promise<Books> {
  await allPresent(peer, parts, signal);
  console.log(`\neach says ${count} things to all others`);
  // A part in Python says that it is present until it has heard the answer, which may be lost.
  connect(peer, 'present', () => void peer.publish.begin(count));
  await peer.publish.begin(count);

  const books = new Map<string, Readonly<Record<string, Heard>>>();
  connect(peer, 'heard', (part, of) => books.set(part, of));
  const all = pairs(parts).length * count;
  let shown = 0;
  const show = (): void => {
    const total = totalOf(books, parts);
    if (total !== shown) console.log(`  ${total} of ${all} arrived`);
    shown = total;
  };
  const showing = setInterval(show, SHOWING);
  try {
    await allHeard(peer, books, parts, all, signal);
  } finally {
    clearInterval(showing);
  }
  show();
  await peer.publish.goodbye();
  return books;
}

async function allPresent(peer: Conductor, parts: readonly string[], signal: AbortSignal): Promise<void> {
  const missing = new Set(parts);
  const where = (part: string): boolean => {
    if (missing.delete(part)) console.log(`${part} is there`);
    return missing.size === 0;
  };
  try {
    await peer.events.present.next({ where, timeout: COME_WITHIN, signal });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
    throw new Error(`not there after ${COME_WITHIN / 1000} s: ${[...missing].join(', ')}`, { cause: error });
  }
}

async function allHeard(
  peer: Conductor,
  books: Books,
  parts: readonly string[],
  all: number,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (let total = 0; total < all; total = totalOf(books, parts)) {
      const before = total;
      await peer.events.heard.next({ where: () => totalOf(books, parts) > before, timeout: PATIENCE, signal });
    }
    // Another word of each: something may have come twice.
    const silent = new Set(parts);
    const where = (part: string): boolean => silent.delete(part) && silent.size === 0;
    await peer.events.heard.next({ where, timeout: PATIENCE, signal });
  } catch (error) {
    if (!(error instanceof TimeoutError)) throw error;
  }
}
