import { connect, Peer, type Port } from 'mreventloop';
import { type Heard, talk } from './talk.ts';

/** How often, in milliseconds, a part tells what it has heard. */
const TELLING = 100;

/**
 * What every part in TypeScript does, wherever it runs. Only the place is another: an address, or what leads to
 * another thread.
 */
export async function takePart(name: string, place: string | Port): Promise<void> {
  const peer = new Peer(place, talk, {
    subscribe: ['begin', 'said', 'goodbye'],
    publish: { present: {}, said: {}, heard: { overflow: 'latest' } },
  });
  const notes = new Notes();
  connect(peer, 'said', (part, n) => {
    // Who subscribes to what it publishes hears itself, too.
    if (part !== name) notes.take(part, n);
  });
  const begin = peer.events.begin.next();
  const goodbye = peer.events.goodbye.next();

  await using _peer = await peer.start();
  await peer.publish.present(name);
  const [count] = await begin;
  const telling = setInterval(() => void peer.publish.heard(name, notes.heard), TELLING);
  for (let n = 1; n <= count; n += 1) await peer.publish.said(name, n);
  await goodbye;
  clearInterval(telling);
}

/** Keeps the books of what was heard. */
class Notes {
  readonly #numbers = new Map<string, Set<number>>();
  readonly #heard = new Map<string, Heard & { readonly last: number }>();

  /** By the part that said it. */
  get heard(): Readonly<Record<string, Heard>> {
    return Object.fromEntries(
      Array.from(this.#heard, ([part, { received, twice, late }]) => [part, { received, twice, late }]),
    );
  }

  take(part: string, n: number): void {
    const numbers = this.#numbers.get(part) ?? new Set();
    this.#numbers.set(part, numbers);
    let { received, twice, late, last } = this.#heard.get(part) ?? { received: 0, twice: 0, late: 0, last: 0 };
    if (numbers.has(n)) twice += 1;
    else if (n < last) late += 1;
    numbers.add(n);
    received = numbers.size;
    last = Math.max(last, n);
    this.#heard.set(part, { received, twice, late, last });
  }
}
