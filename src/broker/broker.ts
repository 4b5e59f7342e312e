import { StateError } from '../errors.ts';
import { checkEndpoints, endpointsOf, makeDoor } from '../bus/address.ts';
import type { Door, Endpoints, Frame } from '../bus/bus.ts';
import { answerTo, kindOf, unpackFrame } from './relay.ts';

/** What has gone through a broker since it was made. */
export interface BrokerCounters {
  /** Frames passed on. */
  readonly frames: number;
  /** Their bytes (for text within one process: its characters). */
  readonly bytes: number;
  /** Frames dropped, because they are no text in UTF-8 or no JSON-RPC: they could do harm to Python peers. */
  readonly invalid: number;
}

/**
 * The hub that peers meet at. It passes every frame on to all peers that subscribed to it and keeps
 * nothing, so it may be ended and started again at any time.
 *
 * ```ts
 * const broker = new Broker('ipc:///tmp/shop.in', 'ipc:///tmp/shop.out');
 * await using running = await broker.start();
 * ```
 *
 * Python: `mreventloop.Broker`, with the same two addresses in the same order.
 */
export class Broker implements AsyncDisposable {
  #endpoints: Endpoints;
  readonly #counters = { frames: 0, bytes: 0, invalid: 0 };
  #door: Door | undefined;
  #starting: Promise<unknown> | undefined;

  /**
   * @param inAddress - where peers receive from; or, alone, the one address that both are made of:
   *   `ipc:///tmp/shop` stands for `ipc:///tmp/shop.in` and `.out`, `tcp://host:5000` for ports 5000 and 5001
   * @param outAddress - where peers send to
   * @throws AddressError for addresses that make no sense
   */
  constructor(inAddress: string, outAddress?: string) {
    this.#endpoints = outAddress === undefined ? endpointsOf(inAddress) : { in: inAddress, out: outAddress };
    checkEndpoints(this.#endpoints);
  }

  /** The two addresses; once started, as they were bound, so with the port that a port of 0 became. */
  get endpoints(): Endpoints {
    return this.#endpoints;
  }

  /** A copy of what was counted so far. */
  get counters(): BrokerCounters {
    return { ...this.#counters };
  }

  /** Whether it serves. */
  get running(): boolean {
    return this.#door !== undefined && this.#starting === undefined;
  }

  /**
   * Binds the addresses and begins to serve. A broker that was stopped can be started again.
   * @returns the broker itself, for `await using`
   * @throws AddressInUseError when another broker or program serves an address; AddressError when an
   *   address cannot be used; MissingLibraryError; StateError when it was started already
   */
  async start(): Promise<this> {
    if (this.#door !== undefined || this.#starting !== undefined)
      throw new StateError('the broker was started already');
    const starting = this.#open();
    this.#starting = starting;
    try {
      await starting;
    } finally {
      this.#starting = undefined;
    }
    return this;
  }

  /** Stops to serve and removes the socket files that it made. */
  async stop(): Promise<void> {
    await this.#starting?.catch(() => {});
    const door = this.#door;
    this.#door = undefined;
    await door?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #open(): Promise<void> {
    const door = await makeDoor(this.#endpoints);
    this.#endpoints = await door.open({
      frame: (frame) => this.#relay(frame, door),
      unreadable: () => {
        this.#counters.invalid += 1;
      },
    });
    this.#door = door;
  }

  #relay(frame: Frame, door: Door): void {
    const kind = kindOf(frame);
    if (kind === 'invalid') {
      this.#counters.invalid += 1;
      return;
    }
    if (kind === 'question') {
      const answer = answerTo(frame);
      if (answer !== undefined) door.send(answer);
      return;
    }
    this.#counters.frames += 1;
    this.#counters.bytes += frame.length;
    door.send(frame);
    if (kind !== 'pack' || !door.hasPlainListeners) return;
    const plain = unpackFrame(frame);
    if (plain !== undefined) door.send(plain);
  }
}
