/** What events carry, and how it is checked that each arrives, once and in order. Runs in browsers, too. */
import type { Traffic } from './role.ts';

/** The event of a publisher with this count is the one with this name. */
export function nameOf(count: number, names: readonly string[]): string {
  return names[count % names.length] as string;
}

/** Characters that begin with a number that no other event has. */
export function makePayload(count: number, { index, publishers, size }: { index: number } & Traffic): string {
  return `${count * publishers + index} `.padEnd(size, '.');
}

/** All that arrives at a program. */
export class Arrivals {
  readonly #traffic: Traffic;
  #arrived = 0;
  #expected = Infinity;
  #onComplete: (() => void) | undefined;

  constructor(traffic: Traffic) {
    this.#traffic = traffic;
  }

  /** What to call with each payload that arrives at a connection that wants these events. */
  check(wanted: readonly string[]): (payload: string) => void {
    const { names, publishers, size } = this.#traffic;
    // Whoever gets all events gets them in the order in which their publisher made them.
    const step = wanted.length === names.length ? publishers : publishers * names.length;
    const next = Array.from({ length: step }, (_, sequence) =>
      step === publishers || wanted.includes(nameOf(Math.floor(sequence / publishers), names)) ? sequence : -1,
    );
    return (payload) => {
      // All of them are at most as fast as they are correct.
      const number = Number.parseInt(payload, 10);
      const sequence = number % step;
      if (payload.length !== size || next[sequence] !== number) {
        throw new Error(`event ${next[sequence]} should have arrived, not '${payload.slice(0, 64)}'`);
      }
      next[sequence] = number + step;
      this.#arrived += 1;
      if (this.#arrived === this.#expected) this.#onComplete?.();
    };
  }

  /** Fulfils when so many have arrived in all. */
  async expect(count: number): Promise<void> {
    this.#expected = count;
    if (this.#arrived < count) await new Promise<void>((resolve) => (this.#onComplete = resolve));
  }
}
