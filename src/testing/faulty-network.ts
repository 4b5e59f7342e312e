import type { Bus, BusListener, Topic } from '../bus/bus.ts';
import type { Clock } from '../stream/clock.ts';
import { encodeControl, readControl } from '../wire/control.ts';
import { decode } from '../wire/json-rpc.ts';
import { methodTo, TO_BROKER } from '../wire/names.ts';
import { seededRandom } from './random.ts';

/** What goes wrong with frames on their way. */
export interface Faults {
  /** The share of frames that are lost, from 0 to 1. @default 0 */
  loss?: number;
  /** The share of frames that arrive twice. @default 0 */
  duplication?: number;
  /** The milliseconds that a frame is on its way. @default 0 */
  delay?: number;
  /** Up to this many milliseconds more, at random. Only with jitter do frames overtake each other. @default 0 */
  jitter?: number;
}

/** The options of a faulty network. */
export interface FaultyNetworkOptions extends Faults {
  clock: Clock;
  /** The same seed gives the same faults. */
  seed: number;
  /** Whether the broker lets peers pack events, as that of this package does, but not that in Python. @default true */
  packs?: boolean;
}

/**
 * A bus in memory, with a broker that may crash and links that may break. It loses, doubles, delays and
 * reorders frames as its seed says. Give its buses to peers:
 *
 * ```ts
 * const network = new FaultyNetwork({ clock, seed: 7, loss: 0.1 });
 * const bus = network.bus();
 * const peer = new Peer('inproc://a', 'inproc://b', ['x'], ['x'], { clock, bus: async () => bus });
 * ```
 */
export class FaultyNetwork {
  /** What goes wrong from now on. */
  readonly faults: Required<Faults>;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #packs: boolean;
  readonly #buses = new Set<FaultyBus>();
  #isUp = true;

  constructor({ clock, seed, packs = true, loss = 0, duplication = 0, delay = 0, jitter = 0 }: FaultyNetworkOptions) {
    this.#clock = clock;
    this.#random = seededRandom(seed);
    this.#packs = packs;
    this.faults = { loss, duplication, delay, jitter };
  }

  /** Whether the broker is running. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Makes a peer's end of the network. */
  bus(): FaultyBus {
    return new FaultyBus(this);
  }

  /** Crashes the broker: frames under way are lost, and every bus reports that its link broke. */
  crash(): void {
    this.#isUp = false;
    for (const bus of this.#buses) {
      bus.lose();
      bus.break();
    }
  }

  /** Starts the broker again, and mends the links. */
  restart(): void {
    this.#isUp = true;
    for (const bus of this.#buses) bus.mend();
  }

  /** @internal */
  attach(bus: FaultyBus): void {
    this.#buses.add(bus);
  }

  /** @internal */
  detach(bus: FaultyBus): void {
    this.#buses.delete(bus);
  }

  /** @internal */
  carry(topic: string, frame: string): void {
    if (!this.#isUp) return;
    if (topic === TO_BROKER) {
      if (this.#packs) this.#answer(frame);
      return;
    }
    this.#pass(frame);
  }

  #answer(question: string): void {
    const received = readControl(decode(question).calls[0]?.args ?? []);
    if (received !== undefined) this.#pass(encodeControl(methodTo(received.sender), '', { kind: 'broker' }));
  }

  #pass(frame: string): void {
    for (const bus of this.#buses) {
      if (!bus.wants(frame)) continue;
      const { link } = bus;
      const copies = this.#random() < this.faults.duplication ? 2 : 1;
      for (let copy = 0; copy < copies; copy += 1) {
        if (this.#random() < this.faults.loss) continue;
        this.#clock.after(bus.timeOnTheWay(this.#clock.now(), this.faults, this.#random), () => {
          if (link === bus.link) bus.arrive(frame);
        });
      }
    }
  }
}

/** One peer's link to a {@link FaultyNetwork}. */
export class FaultyBus implements Bus {
  readonly #network: FaultyNetwork;
  #prefixes: string[] = [];
  #listener: BusListener | undefined;
  #isConnected = true;
  #characters = 0;
  // The time at which the last frame arrives that does not overtake others.
  #arrival = 0;
  #link = 0;

  /** @internal */
  constructor(network: FaultyNetwork) {
    this.#network = network;
  }

  /** The number of characters that the peer has sent. */
  get sentCharacters(): number {
    return this.#characters;
  }

  /** Whether frames pass. */
  get isConnected(): boolean {
    return this.#isConnected && this.#network.isUp;
  }

  open(listener: BusListener): Promise<void> {
    this.#listener = listener;
    this.#network.attach(this);
    return Promise.resolve();
  }

  subscribe(topic: Topic): void {
    this.#prefixes.push(...topic.prefixes);
  }

  send(topic: string, frame: string): void {
    this.#characters += frame.length;
    if (this.#isConnected && this.#listener !== undefined) this.#network.carry(topic, frame);
  }

  close(): Promise<void> {
    this.#listener = undefined;
    this.#isConnected = true;
    // A peer that is started again subscribes again, perhaps to fewer topics.
    this.#prefixes = [];
    this.lose();
    this.#network.detach(this);
    return Promise.resolve();
  }

  /** Breaks the link and reports that. Nothing passes until the link is mended. */
  break(): void {
    this.#isConnected = false;
    this.#listener?.down();
  }

  /** Breaks the link without reporting that. Nothing passes until the link is mended. */
  partition(): void {
    this.#isConnected = false;
  }

  /** Lets frames pass again, without reporting that: peers notice by themselves what was lost meanwhile. */
  mend(): void {
    this.#isConnected = true;
  }

  /** @internal */
  wants(frame: string): boolean {
    return this.#prefixes.some((prefix) => frame.startsWith(prefix));
  }

  /** @internal Identifies the link, as frames that were lost with it do not arrive at the next one. */
  get link(): number {
    return this.#link;
  }

  /** @internal Loses all frames that are under way. */
  lose(): void {
    this.#link += 1;
    this.#arrival = 0;
  }

  /** @internal Returns how long, in milliseconds, the next frame takes to get here. */
  timeOnTheWay(now: number, { delay, jitter }: Required<Faults>, random: () => number): number {
    if (jitter > 0) return delay + random() * jitter;
    this.#arrival = Math.max(this.#arrival, now + delay);
    return this.#arrival - now;
  }

  /** @internal */
  arrive(frame: string): void {
    if (this.#isConnected) this.#listener?.frame(frame);
  }
}
