import type { Clock } from '../stream/clock.ts';
import { Inbox } from '../stream/inbox.ts';
import type { Control, Head } from '../wire/control.ts';

/** What inboxes deliver to. */
export interface InboxesPort {
  /** @param trace - what it is part of, if that was said */
  deliver(event: string, args: readonly unknown[], publisher: string, trace: string | undefined): void;
  /** Events were lost for good. */
  gap(publisher: string, event: string, count: number): void;
  /** Calls back when all that was delivered so far has been dealt with: then it may be acknowledged. */
  afterDelivery(then: () => void): void;
}

/** How publishers are spoken to. */
export interface Voice {
  /** Asks a publisher for its heads, by saying who this is. */
  greet(publisher: string): void;
  tell(publisher: string, control: Control & { kind: 'ack' | 'nak' }): void;
}

/** The events of all publishers, as far as they come from them: durable ones may come from a store. */
export class Inboxes {
  readonly #subscribes: ReadonlyMap<string, number>;
  readonly #durable: ReadonlySet<string>;
  readonly #clock: Clock;
  readonly #port: InboxesPort;
  readonly #voice: Voice;
  readonly #inboxes = new Map<string, Inbox>();
  // Up to which event of each publisher all was dealt with and acknowledged, as a number over all its events.
  readonly #settled = new Map<string, number>();
  // The publishers whose events are in the store.
  readonly #keeping = new Set<string>();
  #hasBroken = false;

  /**
   * @param subscribes - the events that are wanted, and for each how many from before its publisher was met
   * @param durable - those that come from a store, of publishers that keep them there
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

  /** Whether what was published may have missed it, ever. */
  get hasBroken(): boolean {
    return this.#hasBroken;
  }

  /** How many events are held back because others are missing. */
  get held(): number {
    let held = 0;
    for (const inbox of this.#inboxes.values()) held += inbox.held;
    return held;
  }

  /** What was acknowledged last of a publisher, as a number over all its events; 0 before anything was. */
  position(publisher: string): number {
    return this.#settled.get(publisher) ?? 0;
  }

  /** There is a link: what was lost when it broke shows when publishers tell how far they are. */
  open(): void {
    for (const inbox of this.#inboxes.values()) inbox.ask();
  }

  /** The link broke, or it is new and leads to one of several servers, of which the others hear of it later. */
  mayMiss(): void {
    this.#hasBroken = true;
  }

  close(): void {
    for (const inbox of this.#inboxes.values()) inbox.close();
  }

  /** The inbox for an event that is subscribed to; undefined if it comes from the store: this is the same once more. */
  of(publisher: string, event: string): Inbox | undefined {
    return this.#isKept(publisher, event) ? undefined : this.#from(publisher);
  }

  /** The inbox of a publisher; undefined if nothing was had of it. */
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
    // Where the link broke, what was lost with it is allowed for only when the publisher has heard of that.
    this.#from(publisher).heads(heads, g, window, hasBroken || !this.#hasBroken);
  }

  /** A publisher is not there, or not heard of any more. Should it come back, it goes on where it was. */
  gone(publisher: string, heads: readonly Head[]): void {
    // What is held back waits in vain.
    this.#inboxes.get(publisher)?.end(heads);
  }

  /** A publisher will not come back. */
  forget(publisher: string): void {
    this.#end(publisher);
    this.#keeping.delete(publisher);
  }

  /** Whether an event of a publisher is to be had from it. */
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
