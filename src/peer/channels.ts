import { Batcher } from '../stream/batcher.ts';
import type { Clock } from '../stream/clock.ts';
import { Inbox } from '../stream/inbox.ts';
import { type Lacking, Outbox, type OutboxOptions } from '../stream/outbox.ts';
import { LARGEST } from '../size.ts';
import { type Control, encodeControl, encodeReplay } from '../wire/control.ts';
import { channelName, methodTo } from '../wire/names.ts';

/** What channels send through and deliver to. */
export interface ChannelsPort {
  send(topic: string, frame: string): void;
  /** A message of another peer, in the order in which it was sent. */
  deliver(peer: string, args: readonly unknown[], trace: string | undefined): void;
  /** Messages of another peer are lost for good. */
  gap(peer: string): void;
  /** Another peer has forgotten this one, and what it asked. */
  forgotten(peer: string): void;
  /** Another peer may have missed messages, or forgotten them. */
  doubtful(peer: string): void;
  /** How many peers this one had forgotten when it met another one. */
  forgotBefore(peer: string): number;
}

type Sent = Exclude<Control, { kind: 'replay' }>;

/** The messages to one peer. */
interface Outward {
  readonly name: string;
  readonly batcher: Batcher;
  readonly outbox: Outbox;
  /** How many others the peer had forgotten when it met this one, as far as it has said so. */
  forgot: number;
}

/** The messages from one peer, and the number of its channel: the peer may begin a new one. */
interface Inward {
  readonly count: number;
  readonly inbox: Inbox;
}

/**
 * Messages from one peer to another, without loss and in order. For each other peer, there is a stream with that peer
 * as its only subscriber, and the method of control messages to that peer as its only event. These are streams of their
 * own, because what goes to one peer should not have to be in order with what goes to all.
 */
export class Channels {
  readonly #id: string;
  readonly #method: string;
  readonly #options: OutboxOptions;
  readonly #clock: Clock;
  readonly #port: ChannelsPort;
  readonly #outward = new Map<string, Outward>();
  readonly #inward = new Map<string, Inward>();
  #count = 0;
  #isOpen = false;
  /** How many bytes of UTF-8 a message may have on its way. */
  largest: number = LARGEST;

  constructor(id: string, options: OutboxOptions, clock: Clock, port: ChannelsPort) {
    this.#id = id;
    this.#method = methodTo(id);
    this.#options = options;
    this.#clock = clock;
    this.#port = port;
  }

  /** How many messages are kept for others. */
  get pending(): number {
    let pending = 0;
    for (const { outbox } of this.#outward.values()) pending += outbox.pending;
    return pending;
  }

  /** How many messages each peer that lags behind lacks. */
  undelivered(): Lacking[] {
    return [...this.#outward.values()].flatMap(({ outbox }) => outbox.undelivered());
  }

  /** Fulfils when every message that was sent so far was delivered. */
  async delivered(signal: AbortSignal): Promise<void> {
    await Promise.all(Array.from(this.#outward.values(), ({ outbox }) => outbox.delivered(signal)));
  }

  /**
   * @param isThere - whether the peer is being heard: then the message is kept until that peer has it
   * @throws OverflowError, PayloadError
   */
  send(peer: string, args: readonly unknown[], isThere: boolean, trace?: string): void {
    const { outbox } = this.#to(peer, isThere);
    outbox.largest = this.largest;
    outbox.publish(methodTo(peer), args, trace);
  }

  /** If there is no room for more messages to a peer, returns a promise that fulfils when there is. */
  room(peer: string): Promise<void> | undefined {
    return this.#outward.get(peer)?.outbox.room();
  }

  open(): void {
    this.#isOpen = true;
    for (const { inbox } of this.#inward.values()) inbox.reopened();
    for (const { outbox } of this.#outward.values()) {
      outbox.largest = this.largest;
      outbox.open();
    }
  }

  pause(): void {
    this.#isOpen = false;
    for (const { outbox } of this.#outward.values()) outbox.pause();
  }

  /** Sends what waits for the end of the turn. */
  flush(): void {
    for (const { batcher } of this.#outward.values()) batcher.flush();
  }

  close(): void {
    for (const { outbox } of this.#outward.values()) outbox.close();
    for (const { inbox } of this.#inward.values()) inbox.close();
    this.#outward.clear();
    this.#inward.clear();
  }

  /** A peer is there, for the first time or again. */
  met(peer: string): void {
    this.#outward.get(peer)?.outbox.subscribe(peer, [methodTo(peer)], 0);
    this.#inward.get(peer)?.inbox.returned();
  }

  /** A peer that was there asks who this one is, as if it had forgotten that. It is asked whether it has. */
  doubt(peer: string): void {
    this.#inward.get(peer)?.inbox.reopened();
  }

  /**
   * A peer is not there, or nothing is heard of it any more. If it comes back, it goes on where it was.
   * @param wasThere - whether it had said who it is
   */
  gone(peer: string, wasThere: boolean): void {
    this.#outward.get(peer)?.outbox.unsubscribe(peer);
    const inward = this.#inward.get(peer);
    if (inward === undefined) return;
    const { inbox, count } = inward;
    const isNew = inbox.position === 0;
    if (isNew && !wasThere) {
      // Nothing was taken of what it sent, and nothing is to be before it has said who it is.
      inbox.close();
      this.#begin(peer, count);
      return;
    }
    // The first messages are not among those that are held.
    if (isNew && inbox.held > 0) this.#port.gap(peer);
    inbox.end([]);
  }

  /** A peer will not come back. */
  forget(peer: string): void {
    this.#outward.get(peer)?.outbox.close();
    this.#inward.get(peer)?.inbox.close();
    this.#outward.delete(peer);
    this.#inward.delete(peer);
  }

  /** Returns the inbox of a channel, unless that channel has ended. */
  from(peer: string, count: number): Inbox | undefined {
    const known = this.#inward.get(peer);
    if (known !== undefined && known.count >= count) return known.count === count ? known.inbox : undefined;
    known?.inbox.close();
    const inbox = this.#begin(peer, count);
    inbox.ask();
    if (known !== undefined) this.#port.forgotten(peer);
    return inbox;
  }

  #begin(peer: string, count: number): Inbox {
    const to = methodTo(peer);
    // The receiver names the channel by the sender's number, but with its own id.
    const name = channelName(this.#id, count);
    const tell = (control: Sent): void => this.#port.send(to, encodeControl(to, name, control));
    const forgot = (): number => this.#port.forgotBefore(peer);
    const inbox: Inbox = new Inbox(new Map([[this.#method, 0]]), this.#clock, {
      deliver: (_, args, trace) => this.#port.deliver(peer, args, trace),
      gap: () => this.#port.gap(peer),
      ask: () =>
        tell({ kind: 'hello', subscribes: [], publishes: [], answer: true, acked: inbox.position, forgot: forgot() }),
      acknowledge: (g) => tell({ kind: 'ack', g }),
      complain: (ranges) => tell({ kind: 'nak', ranges, forgot: forgot() }),
    });
    this.#inward.set(peer, { count, inbox });
    return inbox;
  }

  /** A peer says something about a channel, either its own or the one to it. */
  control(peer: string, count: number, control: Sent): void {
    const name = channelName(this.#id, count);
    const outward = this.#outward.get(peer);
    if (control.kind === 'head') {
      this.from(peer, count)?.heads(control.heads, control.g, control.window);
    } else if (control.kind === 'bye') {
      this.#ended(peer, count);
    } else if (outward?.name === name) {
      this.#heard(peer, outward, control);
    } else if (control.kind === 'hello') {
      this.#port.send(methodTo(peer), encodeControl(methodTo(peer), name, { kind: 'bye', heads: [] }));
    }
  }

  /** A peer does not know a channel any more. */
  #ended(peer: string, count: number): void {
    const inward = this.#inward.get(peer);
    if (inward?.count !== count) return;
    inward.inbox.close();
    this.#port.forgotten(peer);
  }

  /** A peer says something about the channel to it. */
  #heard(peer: string, outward: Outward, control: Sent): void {
    const { outbox } = outward;
    // A peer that has forgotten this one may have got what was sent before, and is not to get it twice.
    const hasForgotten = 'forgot' in control && control.forgot > outward.forgot;
    if (hasForgotten) {
      outward.forgot = control.forgot;
      outbox.giveUp();
    }
    if (control.kind === 'ack') {
      outbox.acknowledge(peer, control.g);
    } else if (control.kind === 'nak') {
      outbox.repeat(peer, control.ranges);
    } else if (control.kind === 'hello') {
      outbox.subscribe(peer, [methodTo(peer)], control.acked);
    }
    // It also says hello if it had taken this peer for gone, and if its link broke.
    if (hasForgotten || control.kind === 'hello') this.#port.doubtful(peer);
  }

  #to(peer: string, isThere: boolean): Outward {
    let outward = this.#outward.get(peer);
    if (outward !== undefined) return outward;
    this.#count += 1;
    const name = channelName(this.#id, this.#count);
    const to = methodTo(peer);
    const batcher = new Batcher(name, this.#clock, (_, frame) => this.#port.send(to, frame));
    // Only peers of this package get these.
    batcher.mayPack = true;
    const tell = (control: Sent): void => {
      // A head tells what was sent before it.
      batcher.flush();
      this.#port.send(to, encodeControl(to, name, control));
    };
    const outbox: Outbox = new Outbox(name, [to], this.#options, this.#clock, {
      event: (log, args) => batcher.add(log, args),
      flush: () => batcher.flush(),
      heads: (_, heads, g) => tell({ kind: 'head', heads, g, window: this.#options.window }),
      // The one subscriber acknowledges everything, so the broker need not.
      mark: (g) => {
        // The outbox drops at once what nobody needs any more. That may not have left yet.
        batcher.flush();
        outbox.echoed(g);
      },
      replay: (_, packs, gone) => this.#port.send(to, encodeReplay(peer, name, packs, gone)),
      // If a message is too large for a new link, its request is checked all the same: the peer asks for the head.
      overflow() {},
    });
    outward = { name, batcher, outbox, forgot: 0 };
    this.#outward.set(peer, outward);
    if (this.#isOpen) outbox.open();
    outbox.subscribe(peer, [to], 0);
    // If it comes, or comes back, it is to have this from the first message on.
    if (!isThere) outbox.unsubscribe(peer);
    return outward;
  }
}
