import { OverflowError, PayloadError } from '../errors.ts';
import { Fifo } from '../queue/fifo.ts';
import type { Gone, Head, Range } from '../wire/control.ts';
import { Audience, passFrontiers, type Subscriber } from './audience.ts';
import type { Clock } from './clock.ts';
import type { Deposits } from './deposits.ts';
import { STORE } from '../wire/names.ts';
import { type EventOutboxOptions, Log, type PublishPolicy } from './log.ts';
import { Newcomers, type Ready } from './newcomers.ts';
import { Laggards, lags, sentTo } from './laggards.ts';
import { Replay } from './replay.ts';
import { type Arguments, jsonOf, plainLength, WIDEST } from './arguments.ts';
import { isLonger, LARGEST } from '../size.ts';
import { Stock, type StockOptions } from './stock.ts';

export interface OutboxOptions extends StockOptions {
  /** How many events may be under way unacknowledged. */
  readonly window: number;
  /** How many events, under way or waiting, are kept for subscribers. */
  readonly limit: number;
  readonly events: Readonly<Record<string, EventOutboxOptions | undefined>>;
}

/** How many events a peer, or the store, lacks. */
export interface Lacking {
  readonly peer: string;
  readonly count: number;
}

/** What an outbox sends through and reports to. */
export interface OutboxPort {
  /**
   * Sends the event of a log that was sent last: soon, in a batch with others, and at the latest with the next
   * {@link flush}. Until then, the event stays in its log. What it comes after is to be read from the log at once.
   */
  event(log: Log, args: Arguments): void;
  flush(): void;
  /** @param hasBroken - whether the heads allow for a break of its link that the subscriber has reported */
  heads(subscriber: string, heads: readonly Head[], g: number, hasBroken: boolean): void;
  /** Asks to have a number come back through the broker, to {@link Outbox.echoed}. */
  mark(g: number): void;
  replay(subscriber: string, packs: readonly string[], gone: readonly Gone[]): void;
  /** An event was dropped under its policy. */
  overflow(event: string, policy: PublishPolicy, dropped: number): void;
}

/** How long, in milliseconds, subscribers may lag before they are reminded while somebody waits for room. */
const ROOM_PATIENCE = 10;

/** How many characters may be unacknowledged before publishers have to wait: a window of large events takes memory. */
const MOST_CHARACTERS = 4_194_304;
/** The part that may be in use when those that waited go on. A quarter is acknowledged at once, and is enough room. */
const ENOUGH = 0.76;
/** After how many characters to ask the broker whether it has them, if not after a quarter of the window. */
const MARK_CHARACTERS = MOST_CHARACTERS / 4;

/**
 * How long, in milliseconds, it takes at least until a subscriber is sent again what it lacks. Subscribers ask after 20
 * at the earliest. One that asked all the time would have a message of a hundred bytes answered with megabytes.
 */
const REPEAT_EVERY = 10;

/** A dropped event counts as a sixteenth of one that is kept: only its numbers are kept, in some 32 bytes. */
const GONE_BITS = 4;
/**
 * The publisher's end of its streams. Numbers events, keeps those that live subscribers have not acknowledged, has no
 * more under way than the window has room for, and repeats what was lost.
 */
export class Outbox {
  readonly #publisher: string;
  readonly #options: OutboxOptions;
  readonly #clock: Clock;
  readonly #port: OutboxPort;
  readonly #logs = new Map<string, Log>();
  readonly #stock: Stock;
  readonly #subscribers = new Map<string, Subscriber>();
  // The subscribers, and those that fell silent and may come back.
  readonly #audience = new Audience();
  // The logs of the events that wait to be sent, in the order in which they were published.
  readonly #unsent = new Fifo<Log>();
  /** How many bytes of UTF-8 the arguments of an event may have on their way. */
  largest: number = LARGEST;
  #open = false;
  #isPumping = false;
  #g = 0;
  // The last event that was sent, as a number over all events: they are sent in this order.
  #sentG = 0;
  readonly #laggards: Laggards;
  readonly #newcomers: Newcomers;
  readonly #onRoom: (() => void)[] = [];
  // The broker counts as a subscriber to everything, and an echo as its acknowledgement. So no publisher sends faster
  // than the broker takes events, even if only Python peers listen, or nobody.
  readonly #broker: Subscriber;
  #marked = 0;
  // How many characters were sent since the last mark.
  #unmarked = 0;
  // The events that a store is to keep, if there is a store.
  #deposits: Deposits | undefined;
  #onDelivered: { readonly g: number; readonly signal: AbortSignal; readonly resolve: () => void }[] = [];

  constructor(publisher: string, names: readonly string[], options: OutboxOptions, clock: Clock, port: OutboxPort) {
    this.#publisher = publisher;
    this.#options = options;
    this.#clock = clock;
    this.#port = port;
    this.#newcomers = new Newcomers(clock);
    this.#laggards = new Laggards(clock, {
      isOpen: () => this.#open,
      all: () => [this.#broker, ...this.#subscribers.values()],
      remind: (one) => this.#remind(one),
      looked: () => this.#noteMoment(),
    });
    for (const name of names) this.#logs.set(name, new Log(name, options.events[name]));
    this.#stock = new Stock(this.#logs.values(), options);
    this.#broker = this.#makeSubscriber('', [...this.#logs.values()], 0);
    for (const log of this.#broker.logs) log.subscribers.add(this.#broker);
  }

  /** How many events are kept for subscribers: under way or waiting. */
  get pending(): number {
    return this.#stock.pending;
  }

  /** How many events have not been sent yet. */
  get unsent(): number {
    return this.#stock.waiting;
  }

  /** How many events are kept at all, history included. */
  get kept(): number {
    return this.#stock.kept;
  }

  /**
   * Whether more should be published now. While the way is open, it then leaves at once.
   * @param part - the part of the room that may be in use
   */
  #hasRoom(part: number): boolean {
    const { window, limit, size } = this.#options;
    const { pending, size: kept } = this.#stock;
    return pending < (this.#open ? window : limit) * part && kept < (this.#open ? MOST_CHARACTERS : size) * part;
  }

  /**
   * Takes an event. It leaves as soon as the way is open and the window has room.
   * @param trace - the trace that the event is part of, as a W3C `traceparent`
   * @returns how many characters its arguments have as JSON
   * @throws OverflowError if too much is kept already; PayloadError if the event is larger than the way to subscribers
   *   allows. The event then gets no number
   */
  publish(name: string, args: readonly unknown[], trace?: string): number {
    const log = this.#logs.get(name) as Log;
    const { pending, gone, size: kept } = this.#stock;
    // Under the other policies, a log has a limit of its own, and drops what is beyond it.
    const counted = log.policy === 'block' ? pending : 0;
    if (counted + (gone >> GONE_BITS) >= this.#options.limit || kept >= this.#options.size) {
      throw new OverflowError(
        `event '${name}' was refused: subscribers have yet to acknowledge ${pending} events (${kept} characters), and to ` +
          `be told of ${gone} that were dropped`,
      );
    }
    const largest = this.#deposits?.has(log) === true ? Math.min(this.largest, this.#deposits.largest) : this.largest;
    const leavesNow = this.#stock.waiting === 0 && this.#mayLeave(log);
    const plain = leavesNow ? plainLength(args, largest / WIDEST) : undefined;
    // JSON is made now, because the arguments may change later.
    const fixed = plain === undefined ? jsonOf(args) : args;
    if (typeof fixed === 'string' && isLonger(fixed, largest)) {
      throw new PayloadError(`event '${name}' is too large: an event over this bus has ${largest} bytes at most`);
    }
    this.#g += 1;
    const size = plain ?? fixed.length;
    this.#stock.add(log, fixed, size, this.#g, trace);
    // While JSON was made, a `toJSON` may have published events, which come first.
    if (plain === undefined) this.#unsent.push(log);
    else this.#send(log, fixed);
    this.#pump();
    this.#tellDropped(log);
    return size;
  }

  /**
   * If there is no room, returns a promise that fulfils when a quarter of the room is free, so that what is published
   * then travels in larger pieces. Each subscriber may delay the acknowledgement of what it takes for too little, and
   * many subscribers together may thus use up all of the room.
   */
  room(): Promise<void> | undefined {
    if (this.#hasRoom(1)) return undefined;
    if (this.#onRoom.length === 0) {
      this.#clock.after(ROOM_PATIENCE, () => {
        if (this.#onRoom.length > 0) this.#laggards.remindAll();
      });
    }
    return new Promise((resolve) => this.#onRoom.push(resolve));
  }

  /**
   * Fulfils when the broker and every known subscriber have everything that was published so far.
   * @param signal - aborts when nobody waits for this any more; the promise then need not fulfil
   */
  delivered(signal: AbortSignal): Promise<void> {
    this.#laggards.remindAll();
    return new Promise((resolve) => {
      this.#onDelivered.push({ g: this.#g, signal, resolve });
      this.#settle();
    });
  }

  /** How many events each subscriber that lags behind lacks. */
  undelivered(): Lacking[] {
    const lacking = [...this.#subscribers.values()].map(({ id, logs, acked }) => ({
      peer: id,
      count: logs.reduce((sum, log) => sum + log.last - log.firstAfter(acked) + 1, 0),
    }));
    if (this.#deposits !== undefined) lacking.push({ peer: STORE, count: this.#deposits.lacking(this.pending) });
    return lacking.filter(({ count }) => count > 0);
  }

  /** The way to subscribers is open: first, subscribers that lag are reminded; then, what waits leaves. */
  open(): void {
    this.#open = true;
    // The way may be a different one than before.
    if (this.largest < LARGEST) {
      this.#port.flush();
      for (const log of this.#logs.values()) this.#stock.dropLarge(log, this.largest);
    }
    this.#newcomers.opened(this.#subscribers.values(), () => this.#releaseAll());
    this.#laggards.remindAll();
    this.#deposits?.open();
    this.#pump();
    for (const log of this.#logs.values()) this.#tellDropped(log);
  }

  /** Will not repeat what was sent. The publisher knows, and is not told. */
  giveUp(): void {
    this.#port.flush();
    for (const log of this.#logs.values()) {
      this.#stock.dropSent(log);
      log.told = log.dropped;
    }
  }

  /** Comes last where events are dropped, because whoever is told may publish. */
  #tellDropped(log: Log): void {
    while (log.told < log.dropped) this.#port.overflow(log.event, log.policy, (log.told += 1));
  }

  /** There is no way for now. */
  pause(): void {
    if (this.#open) this.#newcomers.broke();
    this.#open = false;
    this.#deposits?.pause();
  }

  /** There is a store. What it is to keep is told later. */
  depositIn(deposits: Deposits): void {
    this.#deposits = deposits;
    deposits.onProgress = (refused) => {
      this.#deposited(deposits);
      for (const log of refused) {
        log.dropped += 1;
        this.#tellDropped(log);
      }
    };
  }

  /**
   * These events are kept for the store until it has them: it is like a subscriber that never leaves. It gets all of
   * them of which the broker has not said that it has them. So it misses none that is published after it was asked to
   * keep them, because this publisher hears of that request before it hears that the broker has such an event.
   */
  keep(names: readonly string[]): void {
    this.#deposits?.keep(this.#logsOf(names), this.#broker.acked);
  }

  /** The store has more events than before, or is to have more. */
  #deposited(deposits: Deposits): void {
    const { subscriber } = deposits;
    subscriber.acked = deposits.keptUpTo(this.#g);
    for (const log of subscriber.logs) this.#release(log);
    this.#pump();
  }

  /** Nothing will be sent any more. All promises fulfil. */
  close(): void {
    this.pause();
    // The deposits may still hear from the store, which is closed later.
    if (this.#deposits !== undefined) this.#deposits.onProgress = undefined;
    this.#laggards.close();
    this.#newcomers.close();
    for (const resolve of this.#onRoom.splice(0)) resolve();
    for (const { resolve } of this.#onDelivered.splice(0)) resolve();
  }

  /**
   * There is a subscriber, new or known. It is sent the heads of what it wants.
   * @param acked - how far it got before; 0 if it does not know
   * @param ready - since when it has been ready; undefined if it need not be told where to start
   */
  subscribe(id: string, names: readonly string[], acked: number, ready?: Ready): void {
    const logs = this.#logsOf(names);
    let subscriber = this.#subscribers.get(id);
    if (subscriber === undefined) {
      // A new subscriber has no claim to what was sent before; one that comes back has.
      const before = this.#audience.get(id)?.acked ?? (acked > 0 ? acked : this.#sentG);
      const start = Math.min(Math.max(acked, before), this.#sentG);
      subscriber = this.#makeSubscriber(id, logs, start);
      this.#subscribers.set(id, subscriber);
      if (ready !== undefined) this.#newcomers.met(subscriber, ready);
    }
    if (acked > 0) subscriber.unsureSince = undefined;
    else this.#newcomers.heard(subscriber, ready);
    for (const log of subscriber.logs) log.subscribers.delete(subscriber);
    for (const log of logs) log.subscribers.add(subscriber);
    subscriber.logs = logs;
    subscriber.acked = Math.max(subscriber.acked, acked);
    this.#audience.add(subscriber);
    if (logs.length > 0) this.#remind(subscriber);
    if (lags(subscriber)) this.#laggards.watch();
    this.#releaseAll();
  }

  /**
   * A subscriber is gone: nothing is kept for it any more. Until it is forgotten, events that are published still say
   * what it would have to have before them.
   */
  unsubscribe(id: string): void {
    const subscriber = this.#subscribers.get(id);
    if (subscriber === undefined) return;
    this.#subscribers.delete(id);
    for (const log of subscriber.logs) log.subscribers.delete(subscriber);
    this.#releaseAll();
  }

  /** A subscriber that is gone will not come back. */
  forget(id: string): void {
    this.#audience.delete(id);
  }

  /** Whether there is such a subscriber. */
  knows(id: string): boolean {
    return this.#subscribers.has(id);
  }

  acknowledge(id: string, g: number): void {
    const subscriber = this.#subscribers.get(id);
    if (subscriber !== undefined) this.#acknowledge(subscriber, g);
  }

  /** A mark came back: the broker has everything up to `g`. @param isSure - whether what the store wants is known */
  echoed(g: number, isSure = false): void {
    if (isSure || this.#deposits?.holdsBack(g) !== true) this.#acknowledge(this.#broker, g);
  }

  #acknowledge(subscriber: Subscriber, g: number): void {
    if (g <= subscriber.acked || g > this.#g) return;
    subscriber.acked = g;
    subscriber.unsureSince = undefined;
    this.#laggards.progressed(subscriber);
    for (const log of subscriber.logs) this.#release(log);
    this.#pump();
  }

  /** A subscriber lacks these events. It gets those that are still there, unless it got some just now. */
  repeat(id: string, ranges: readonly Range[]): void {
    const subscriber = this.#subscribers.get(id);
    const now = this.#clock.now();
    if (subscriber === undefined || now - subscriber.repeatedAt < REPEAT_EVERY) return;
    subscriber.repeatedAt = now;
    const replay = new Replay(this.#publisher, (packs, gone) => this.#port.replay(id, packs, gone));
    for (const [name, from, to] of ranges) {
      const log = this.#logs.get(name);
      if (log !== undefined) replay.addRange(log, from, to);
    }
    replay.flush();
  }

  /** Returns the heads of logs for a subscriber that has everything up to `acked`. */
  heads(logs: Iterable<Log> = this.#logs.values(), acked: number = this.#g): Head[] {
    return Array.from(logs, (log) => [log.event, log.sent, log.firstAfter(acked)] as const);
  }

  /** Notes what has been sent by now. */
  #noteMoment(): void {
    this.#newcomers.note(this.#sentG, this.#logs.values());
  }

  /** Returns the logs of those of these events that are published here, each once. */
  #logsOf(names: readonly string[]): Log[] {
    return [...new Set(names)].map((name) => this.#logs.get(name)).filter((log) => log !== undefined);
  }

  /** Whether the way is open for an event of a log, and there is room. */
  #mayLeave(log: Log): boolean {
    const { underWay, sizeUnderWay } = this.#stock;
    return this.#open && underWay < this.#options.window && (log.policy === 'block' || sizeUnderWay < MOST_CHARACTERS);
  }

  /** Sends what waits, as far as there is room. */
  #pump(): void {
    // The mark of an event may come back at once, and make room for the next: that would nest without end.
    if (this.#isPumping) return;
    this.#isPumping = true;
    for (let log = this.#unsent.at(0); log !== undefined; log = this.#unsent.at(0)) {
      const text = log.text(log.sent + 1);
      // A dropped event is only passed over. This needs neither an open way nor room.
      if (text !== undefined && !this.#mayLeave(log)) break;
      this.#unsent.shift();
      this.#send(log, text);
    }
    this.#isPumping = false;
    // If all events were dropped, nothing is under way, but subscribers have to hear of it.
    if (this.#stock.underWay > 0 || (this.#open && this.#broker.acked < this.#sentG)) this.#laggards.watch();
    this.#deposits?.pump();
    this.#settle();
  }

  /** Sends the next event of a log. An event that was dropped is only passed over. */
  #send(log: Log, args: Arguments | undefined): void {
    const isDropped = args === undefined;
    this.#stock.send(log, isDropped);
    this.#sentG = log.sentG;
    // What the event comes after is known only now: who wants what may have changed since it was published.
    if (!isDropped) this.#port.event(log, args);
    passFrontiers(log, isDropped);
    if (isDropped) return;
    this.#unmarked += log.size(log.sent);
    if (this.#sentG - this.#marked >= this.#options.window >> 2 || this.#unmarked >= MARK_CHARACTERS) {
      this.#remind(this.#broker);
    }
  }

  #releaseAll(): void {
    for (const log of this.#logs.values()) this.#release(log);
    this.#pump();
  }

  /** Lets go of what every subscriber has, except for the history. */
  #release(log: Log): void {
    let acked = Infinity;
    for (const subscriber of log.subscribers) acked = Math.min(acked, subscriber.acked);
    this.#stock.release(log, acked, this.#newcomers.keptAfter);
  }

  /** Fulfils the promises whose conditions have come true. */
  #settle(): void {
    if (this.#onRoom.length > 0 && this.#hasRoom(ENOUGH)) for (const resolve of this.#onRoom.splice(0)) resolve();
    if (this.#onDelivered.length === 0) return;
    let oldest = Infinity;
    for (const log of this.#logs.values()) {
      if (log.released < log.last) oldest = Math.min(oldest, log.g(log.released + 1));
    }
    // A subscriber that came back may lack events that were let go of without it.
    for (const one of this.#subscribers.values()) if (lags(one)) oldest = Math.min(oldest, one.acked + 1);
    const waiting = this.#onDelivered;
    this.#onDelivered = waiting.filter(({ g, signal }) => g >= oldest && !signal.aborted);
    for (const { g, resolve } of waiting) if (g < oldest) resolve();
  }

  /** Makes a subscriber acknowledge what it has, and ask for what it lacks. */
  #remind(subscriber: Subscriber): void {
    if (!this.#open) return;
    if (subscriber === this.#broker) {
      this.#marked = this.#sentG;
      this.#unmarked = 0;
      this.#noteMoment();
      this.#port.mark(this.#sentG);
    } else {
      const { id, logs, acked, hasBroken } = subscriber;
      this.#port.heads(id, this.heads(logs, acked), Math.max(acked, sentTo(subscriber)), hasBroken);
    }
  }

  #makeSubscriber(id: string, logs: readonly Log[], acked: number): Subscriber {
    const never = { unsureSince: undefined, hasBroken: false, patience: 0, since: 0, repeatedAt: -Infinity };
    const subscriber = { id, logs, acked, ...never };
    this.#laggards.progressed(subscriber);
    return subscriber;
  }
}
