import { encodeBatch } from '../wire/json-rpc.ts';
import type { Clock } from './clock.ts';

/** How many events, and about how many characters, go into one frame. */
const MOST_EVENTS = 500;
const MOST_CHARACTERS = 65_536;

/**
 * Gathers the events of a turn into frames, one or more for each name. Events of different names may
 * change places: subscribers put them in order again.
 */
export class Batcher {
  readonly #clock: Clock;
  readonly #send: (event: string, frame: string) => void;
  readonly #waiting = new Map<string, { requests: string[]; characters: number }>();
  #scheduled = false;

  constructor(clock: Clock, send: (event: string, frame: string) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  add(event: string, request: string): void {
    let batch = this.#waiting.get(event);
    if (batch === undefined) {
      batch = { requests: [], characters: 0 };
      this.#waiting.set(event, batch);
    }
    batch.requests.push(request);
    batch.characters += request.length;
    if (batch.requests.length >= MOST_EVENTS || batch.characters >= MOST_CHARACTERS) {
      this.#waiting.delete(event);
      this.#send(event, encodeBatch(batch.requests));
    }
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.soon(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  /** Sends what waits. */
  flush(): void {
    for (const [event, { requests }] of this.#waiting) this.#send(event, encodeBatch(requests));
    this.#waiting.clear();
  }
}
