import { AddressInUseError } from '../errors.ts';
import type { Bus, BusListener, Door, DoorListener, Endpoints, Frame, Topic } from './bus.ts';
import { PrefixIndex } from './prefix-index.ts';

/**
 * The bus within one thread. `inproc://` addresses are names within this thread. What is sent arrives after the current
 * job, never during it.
 */

/** What is in flight to one end. */
class Arrivals<Thing> {
  readonly #things: Thing[] = [];
  #wake = (): void => {};

  push(thing: Thing): void {
    this.#things.push(thing);
    this.#wake();
  }

  /**
   * Hands over each thing in a job of its own, as long as somebody can push. Like sockets, it does so in the async
   * context of its caller, not in that of `push`: a slot that gets an event is not part of the slot that published it.
   */
  async handOver(take: (thing: Thing) => void): Promise<never> {
    for (;;) {
      if (this.#things.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
      for (const thing of this.#things.splice(0)) {
        take(thing);
        await Promise.resolve();
      }
    }
  }
}

/** The door and the buses at one pair of addresses. Buses may come before the door does. */
interface Meeting {
  door: MemoryDoor | undefined;
  readonly buses: Set<MemoryBus>;
  readonly wanted: PrefixIndex<MemoryBus>;
}

// An inproc address means the same to everyone in the thread, as a path does to everyone on a machine.
const meetings = new Map<string, Meeting>();

function meet(endpoints: Endpoints): Meeting {
  const key = keyOf(endpoints);
  const meeting = meetings.get(key) ?? { door: undefined, buses: new Set(), wanted: new PrefixIndex() };
  meetings.set(key, meeting);
  return meeting;
}

function part(endpoints: Endpoints): void {
  const meeting = meetings.get(keyOf(endpoints));
  if (meeting?.door === undefined && meeting?.buses.size === 0) meetings.delete(keyOf(endpoints));
}

function keyOf(endpoints: Endpoints): string {
  return `${endpoints.in}\n${endpoints.out}`;
}

/** A peer's end of an `inproc://` bus. */
export class MemoryBus implements Bus {
  readonly #endpoints: Endpoints;
  readonly #prefixes: string[] = [];
  /** Frames; undefined marks a break of the link. */
  readonly #arrivals = new Arrivals<string | undefined>();
  #listener: BusListener | undefined;

  constructor(endpoints: Endpoints) {
    this.#endpoints = endpoints;
  }

  open(listener: BusListener): Promise<void> {
    this.#listener = listener;
    void this.#arrivals.handOver((frame) => {
      if (frame === undefined) this.#listener?.down();
      else this.#listener?.frame(frame);
    });
    meet(this.#endpoints).buses.add(this);
    return Promise.resolve();
  }

  subscribe({ prefixes }: Topic): void {
    const { wanted } = meet(this.#endpoints);
    for (const prefix of prefixes) wanted.add(prefix, this);
    this.#prefixes.push(...prefixes);
  }

  send(_topic: string, frame: string): void {
    meet(this.#endpoints).door?.receive(frame);
  }

  close(): Promise<void> {
    this.#listener = undefined;
    const { buses, wanted } = meet(this.#endpoints);
    buses.delete(this);
    for (const prefix of this.#prefixes.splice(0)) wanted.delete(prefix, this);
    part(this.#endpoints);
    return Promise.resolve();
  }

  /** Called by the door. */
  receive(frame: string): void {
    this.#arrivals.push(frame);
  }

  /** Called by the door. */
  doorClosed(): void {
    this.#arrivals.push(undefined);
  }
}

/** A broker's end of an `inproc://` bus. */
export class MemoryDoor implements Door {
  readonly hasPlainListeners = false;
  readonly #endpoints: Endpoints;
  readonly #arrivals = new Arrivals<string>();
  #listener: DoorListener | undefined;

  constructor(endpoints: Endpoints) {
    this.#endpoints = endpoints;
  }

  open(listener: DoorListener): Promise<Endpoints> {
    const meeting = meet(this.#endpoints);
    if (meeting.door !== undefined) {
      const message = `a broker serves '${this.#endpoints.in}' and '${this.#endpoints.out}' already`;
      return Promise.reject(new AddressInUseError(message));
    }
    meeting.door = this;
    this.#listener = listener;
    void this.#arrivals.handOver((frame) => this.#listener?.frame(frame));
    return Promise.resolve(this.#endpoints);
  }

  hears(prefix: string): boolean {
    return meet(this.#endpoints).wanted.has(prefix);
  }

  send(frame: Frame): void {
    // Another broker's door may be at this address by now.
    if (this.#listener === undefined) return;
    const text = typeof frame === 'string' ? frame : new TextDecoder().decode(frame);
    for (const bus of meet(this.#endpoints).wanted.match(text)) bus.receive(text);
  }

  /** Called by buses. */
  receive(frame: string): void {
    this.#arrivals.push(frame);
  }

  close(): Promise<void> {
    if (this.#listener === undefined) return Promise.resolve();
    this.#listener = undefined;
    const meeting = meet(this.#endpoints);
    meeting.door = undefined;
    for (const bus of meeting.buses) bus.doorClosed();
    part(this.#endpoints);
    return Promise.resolve();
  }
}
