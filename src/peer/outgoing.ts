import { OverflowError, PayloadError, StateError } from '../errors.ts';
import { encodeRequest, requestHead } from '../wire/json-rpc.ts';
import { findUnsafeValue, MAX_DEPTH, type UnsafeValue } from '../wire/payload.ts';

/** How many events a peer keeps while it is not ready. */
const HELD_EVENTS = 100_000;

const LEFT = Promise.resolve();

interface PublishedEvent {
  readonly head: string;
  count: number;
}

/** Turns events into frames and sends them in order, or keeps them while there is no way to send. */
export class Outgoing {
  readonly #peerId: string;
  readonly #events = new Map<string, PublishedEvent>();
  #total = 0;
  #send: ((frame: string) => void) | undefined;
  #held: string[] = [];
  #waiting: { left: Promise<void>; resolve: () => void; reject: (error: Error) => void } | undefined;

  constructor(peerId: string) {
    this.#peerId = peerId;
  }

  /** The way is open: what was kept leaves. */
  open(send: (frame: string) => void): void {
    this.#send = send;
    for (const frame of this.#held) send(frame);
    this.#held = [];
    this.#waiting?.resolve();
    this.#waiting = undefined;
  }

  /** There is no way for now. */
  pause(): void {
    this.#send = undefined;
  }

  /** There will be no way: what was kept is given up, and whoever waits for it is told. */
  end(): void {
    this.pause();
    this.#waiting?.reject(new StateError(`the peer stopped before ${this.#held.length} events could leave`));
    this.#waiting = undefined;
    this.#held = [];
  }

  /**
   * @returns a promise that fulfils when the event has left
   * @throws PayloadError, OverflowError
   */
  publish(name: string, args: readonly unknown[]): Promise<void> {
    const frame = this.#encode(name, args);
    if (this.#send !== undefined) {
      this.#send(frame);
      return LEFT;
    }
    if (this.#held.length >= HELD_EVENTS) {
      throw new OverflowError(`event '${name}' was refused: ${HELD_EVENTS} events wait for a broker already`);
    }
    this.#held.push(frame);
    return this.#wait();
  }

  #encode(name: string, args: readonly unknown[]): string {
    for (const [position, arg] of args.entries()) {
      const found = findUnsafeValue(arg);
      if (found === undefined) continue;
      throw new PayloadError(`argument ${position + 1} of event '${name}' cannot be published: ${EXPLANATIONS[found]}`);
    }
    let published = this.#events.get(name);
    if (published === undefined) {
      published = { head: requestHead(name), count: 0 };
      this.#events.set(name, published);
    }
    this.#total += 1;
    published.count += 1;
    return encodeRequest(published.head, args, `${this.#peerId}:${this.#total}:${published.count}`);
  }

  #wait(): Promise<void> {
    if (this.#waiting === undefined) {
      let resolve!: () => void;
      let reject!: (error: Error) => void;
      const left = new Promise<void>((onResolve, onReject) => {
        resolve = onResolve;
        reject = onReject;
      });
      // Publishing by a connection awaits nothing: the events it could not deliver are no unhandled rejection.
      left.catch(() => {});
      this.#waiting = { left, resolve, reject };
    }
    return this.#waiting.left;
  }
}

const EXPLANATIONS: Readonly<Record<UnsafeValue, string>> = {
  bigint: 'it contains a BigInt',
  depth: `it is nested deeper than ${MAX_DEPTH} levels, or contains itself`,
  function: 'it contains a function',
  key: "it contains an object with a key '__proto__'",
  number: 'it contains NaN or an infinite number',
  object: 'it contains an object that JSON would empty, such as a Map, a Set, a RegExp or binary data',
  symbol: 'it contains a symbol',
  undefined: 'it is undefined, or contains an array with undefined in it; null would arrive as null',
};
