import type { Clock } from '../stream/clock.ts';
import { Inbox } from '../stream/inbox.ts';
import type { Control, Head } from '../wire/control.ts';

/** What inboxes deliver to. */
export interface InboxesPort {
  /** @param trace - the trace that the event is part of, if it was given */
  deliver(event: string, args: readonly unknown[], publisher: string, trace: string | undefined): void;
  /** Events were lost for good. */
  gap(publisher: string, event: string, count: number): void;
  /** Calls back when all that was delivered so far has been dealt with: then it may be acknowledged. */
  afterDelivery(then: () => void): void;
}

/** Sends messages to publishers. */
export interface Voice {
  /** Asks a publisher for its heads, by saying who this peer is. */
  greet(publisher: string): void;
  tell(publisher: string, control: Control & { kind: 'ack' | 'nak' }): void;
}

/** Of how many publishers that were forgotten to remember how far their events were dealt with. */
const MOST_FORGOTTEN = 1_000;

/** Receives the events that come from the publishers themselves. Durable events may come from a store instead. */
export class Inboxes {
  readonly #subscribes: ReadonlyMap<string, number>;
  readonly #durable: ReadonlySet<string>;
  readonly #clock: Clock;
  readonly #port: InboxesPort;
  readonly #voice: Voice;
  readonly #inboxes = new Map<string, Inbox>();
  // For each publisher, the event up to which all were dealt with and acknowledged, as a number over all its events.
  readonly #settled = new Map<string, number>();
  // The same for publishers that were forgotten, the oldest first: if one comes back after all, it would begin with
  // events that were delivered.
  readonly #forgotten = new Map<string, number>();
  // The publishers whose events are in the store.
  readonly #keeping = new Set<string>();
  #hasBroken = false;

  /**
   * @param subscribes - the events that are wanted, and how many of each from before its publisher was met
   * @param durable - the events that come from a store, if their publishers keep them there
   */
  constructor(
    subscribes: ReadonlyMap<string, number>,
    durable: ReadonlySet<string>,
    clock: Clock,
    port: InboxesPort,
    voice: Voice,
  ) {
    this.#subscribes = subscribes;
    this.#durable = durable;
    this.#clock = clock;
    this.#port = port;
    this.#voice = voice;
  }

  /** Whether this peer may ever have missed something that was published. */
  get hasBroken(): boolean {
    return this.#hasBroken;
  }

  /** How many events are held back because others are missing. */
  get held(): number {
    let held = 0;
    for (const inbox of this.#inboxes.values()) held += inbox.held;
    return held;
  }

  /** The last event of a publisher that was acknowledged, as a number over all its events; 0 before any was. */
  position(publisher: string): number {
    return this.#settled.get(publisher) ?? this.#forgotten.get(publisher) ?? 0;
  }

  /** There is a link. What was lost when the previous one broke shows when publishers tell how far they are. */
  open(): void {
    for (const inbox of this.#inboxes.values()) inbox.reopened();
  }

  /** The link broke, or a new link leads to one of several servers, and the others learn of this peer's topics later. */
  mayMiss(): void {
    this.#hasBroken = true;
  }

  close(): void {
    for (const inbox of this.#inboxes.values()) inbox.close();
  }

  /** The inbox for a subscribed event; undefined if it comes from the store: then what arrived is a duplicate. */
  of(publisher: string, event: string): Inbox | undefined {
    return this.#isKept(publisher, event) ? undefined : this.#from(publisher);
  }

  /** The inbox of a publisher; undefined if it has none yet. */
  known(publisher: string): Inbox | undefined {
    return this.#inboxes.get(publisher);
  }

  /**
   * A publisher is there.
   * @param isKeeping - whether its events are in the store as well
   */
  met(publisher: string, publishes: readonly string[], isKeeping: boolean): void {
    if (isKeeping) this.#metKeeping(publisher);
    if (publishes.some((event) => this.#wants(publisher, event))) this.#from(publisher).returned();
  }

  /** A publisher says how far it is. */
  heads(publisher: string, { heads, g, window, hasBroken = false }: Control & { kind: 'head' }): void {
    if (!heads.some(([event]) => this.#wants(publisher, event))) return;
    // If the link broke, the heads allow for what was lost with it only once the publisher has heard of that.
    this.#from(publisher).heads(heads, g, window, hasBroken || !this.#hasBroken);
  }

  /** A publisher is not there, or nothing is heard of it any more. If it comes back, it goes on where it was. */
  gone(publisher: string, heads: readonly Head[]): void {
    // Events that are held back wait in vain.
    this.#inboxes.get(publisher)?.end(heads);
  }

  /**
   * A publisher will hardly come back.
   * @param hasLeft - whether it said good-bye, so that it certainly will not
   */
  forget(publisher: string, hasLeft: boolean): void {
    // This acknowledges what was delivered.
    this.#inboxes.get(publisher)?.close();
    const position = this.position(publisher);
    this.#end(publisher);
    this.#keeping.delete(publisher);
    this.#forgotten.delete(publisher);
    if (hasLeft || position === 0) return;
    this.#forgotten.set(publisher, position);
    const [oldest] = this.#forgotten.keys();
    if (this.#forgotten.size > MOST_FORGOTTEN) this.#forgotten.delete(oldest as string);
  }

  /** Whether an event is to come from the publisher itself. */
  #wants(publisher: string, event: string): boolean {
    return this.#subscribes.has(event) && !this.#isKept(publisher, event);
  }

  #isKept(publisher: string, event: string): boolean {
    return this.#keeping.has(publisher) && this.#durable.has(event);
  }

  #metKeeping(publisher: string): void {
    if (this.#keeping.has(publisher)) return;
    this.#keeping.add(publisher);
    if (this.#inboxes.get(publisher)?.dismiss(this.#durable) === false) this.#end(publisher);
  }

  /** The inbox for a publisher; a new one asks for its heads. */
  #from(publisher: string): Inbox {
    let inbox = this.#inboxes.get(publisher);
    if (inbox === undefined) {
      const wanted = new Map(this.#subscribes);
      if (this.#keeping.has(publisher)) for (const event of this.#durable) wanted.delete(event);
      inbox = new Inbox(wanted, this.#clock, {
        deliver: (event, args, trace) => this.#port.deliver(event, args, publisher, trace),
        gap: (event, count) => this.#port.gap(publisher, event, count),
        ask: () => this.#voice.greet(publisher),
        acknowledge: (g) => this.#port.afterDelivery(() => this.#acknowledge(publisher, g)),
        complain: (ranges) => this.#voice.tell(publisher, { kind: 'nak', ranges }),
      });
      this.#inboxes.set(publisher, inbox);
      inbox.ask();
    }
    return inbox;
  }

  #acknowledge(publisher: string, g: number): void {
    if (this.#inboxes.has(publisher)) this.#settled.set(publisher, g);
    this.#voice.tell(publisher, { kind: 'ack', g });
  }

  #end(publisher: string): void {
    this.#inboxes.get(publisher)?.close();
    this.#inboxes.delete(publisher);
    this.#settled.delete(publisher);
  }
}
