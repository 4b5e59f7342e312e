import { encodeEvents } from '../wire/pack.ts';
import type { Arguments } from './arguments.ts';
import { Batch } from './batch.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

/**
 * How many events, and about how many characters, go into one frame at most. For each text of 128 KiB and more, V8 gets
 * memory from the system and gives it back: a frame of that size took twice as long in all.
 */
const MOST_EVENTS = 1_024;
const MOST_CHARACTERS = 49_152;

/**
 * Gathers the events of a turn into frames, one or more for each name. Events of different names may change places:
 * subscribers put them in order again.
 */
export class Batcher {
  readonly #publisher: string;
  readonly #clock: Clock;
  readonly #send: (event: string, frame: string) => void;
  readonly #waiting: Batch[] = [];
  readonly #onSent: (() => void)[] = [];
  #scheduled = false;
  /** Whether all receivers of the frames understand packs, or something on the way translates them. */
  mayPack = false;

  constructor(publisher: string, clock: Clock, send: (event: string, frame: string) => void) {
    this.#publisher = publisher;
    this.#clock = clock;
    this.#send = send;
  }

  /** Adds the event that its log has sent last. */
  add(log: Log, args: Arguments): void {
    let { batch, sent } = log;
    // A dropped event leaves a gap.
    if (batch?.next !== sent) {
      if (batch !== undefined) this.#sendEarly(batch);
      batch = new Batch(log, sent);
      log.batch = batch;
      this.#waiting.push(batch);
    }
    batch.add(args);
    if (batch.next - batch.n >= MOST_EVENTS || batch.characters >= MOST_CHARACTERS) this.#sendEarly(batch);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#clock.soon(() => {
      this.#scheduled = false;
      this.flush();
    });
  }

  /** Sends what waits. */
  flush(): void {
    for (let batch = this.#waiting.shift(); batch !== undefined; batch = this.#waiting.shift()) this.#sendBatch(batch);
    if (this.#onSent.length > 0) for (const say of this.#onSent.splice(0)) say();
  }

  /** Calls back when all events so far have been sent, in the next turn at the latest. */
  afterwards(say: () => void): void {
    if (this.#waiting.length === 0) say();
    else this.#onSent.push(say);
  }

  #sendEarly(batch: Batch): void {
    this.#waiting.splice(this.#waiting.indexOf(batch), 1);
    this.#sendBatch(batch);
  }

  #sendBatch(batch: Batch): void {
    batch.log.batch = undefined;
    this.#send(batch.log.event, encodeEvents(batch.seal(this.#publisher), this.mayPack));
  }
}
