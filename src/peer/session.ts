import type { Topic } from '../bus/bus.ts';
import { Batcher } from '../stream/batcher.ts';
import type { Clock } from '../stream/clock.ts';
import type { PublishPolicy } from '../stream/log.ts';
import type { Ready } from '../stream/newcomers.ts';
import { type Lacking, Outbox, type OutboxOptions } from '../stream/outbox.ts';
import { LARGEST } from '../size.ts';
import { type ContractNote, type Control, encodeControl, encodeReplay } from '../wire/control.ts';
import { type InvalidCall, requestPrefixes } from '../wire/json-rpc.ts';
import { type Direct, encodeDirect, readDirect } from '../wire/direct.ts';
import { methodTo, TO_ALL, TO_BROKER } from '../wire/names.ts';
import { Channels } from './channels.ts';
import { Inboxes } from './inboxes.ts';
import { type LeaveReason, Presence, type RemotePeer } from './presence.ts';
import { Receiver } from './receiver.ts';

/** What a session needs to know about its peer. */
export interface SessionOptions {
  readonly id: string;
  /** The events it subscribes to, and how many of each it wants from before it joined. */
  readonly subscribes: ReadonlyMap<string, number>;
  readonly publishes: readonly string[];
  /** Whether there is such an event, as far as this peer knows. */
  readonly knows: (event: string) => boolean;
  /** Those of its subscribed events that are kept for it in a store. */
  readonly durable: ReadonlySet<string>;
  /** The requests that it answers. */
  readonly serves: readonly string[];
  readonly outbox: OutboxOptions;
  /** Milliseconds after which a peer that says nothing counts as gone. */
  readonly silence: number;
  /** Returns what to tell about its contract; undefined without one. */
  readonly contract?: (() => ContractNote | undefined) | undefined;
}

/** What a session sends through, delivers to and reports to. */
export interface SessionPort {
  send(topic: string, frame: string): void;
  /** @param publisher - its id; undefined for peers in Python */
  deliver(event: string, args: readonly unknown[], publisher?: string, trace?: string): void;
  /** Calls back when all that was delivered so far has been dealt with: then it may be acknowledged. */
  afterDelivery(then: () => void): void;
  /** A peer sends a request, or answers one. */
  direct(peer: string, message: Direct, trace: string | undefined): void;
  /** A peer may have forgotten the requests that it got, or never got them. */
  doubtful(peer: string): void;
  /** A peer has forgotten this one, and what it asked before. */
  forgotten(peer: string): void;
  /** Messages of a peer are lost for good. */
  lost(peer: string): void;
  /** A probe of this peer came back. */
  probed(count: number): void;
  invalid(part: InvalidCall): void;
  gap(peer: string, event: string, count: number): void;
  overflow(event: string, policy: PublishPolicy, dropped: number): void;
  /** @param contract - what the peer tells about its contract, if it has one */
  joined(peer: RemotePeer, contract: ContractNote | undefined): void;
  left(peer: RemotePeer, reason: LeaveReason): void;
}

type Hello = Control & { kind: 'hello' };

const READY_NOW: Ready = { since: 0, hasBroken: false };

/** How many messages to a peer are kept beyond unacknowledged ones, in case the peer comes back after a silence. */
const CHANNEL_HISTORY = 100;

/**
 * Everything that a peer sends and receives on a bus, from one start to the next stop: the events it publishes, the
 * events of others, and which peers are there.
 */
export class Session {
  readonly id: string;
  readonly #options: SessionOptions;
  readonly #clock: Clock;
  readonly #port: SessionPort;
  readonly #batcher: Batcher;
  readonly #inboxes: Inboxes;
  readonly #channels: Channels;
  readonly #presence: Presence;
  readonly #receiver: Receiver;
  /** When both ways were open for the first time. */
  #readyAt: number | undefined;
  /** Whether there is a store. To be set before anything is received. */
  hasStore = false;
  /** The events that it publishes. */
  readonly outbox: Outbox;

  constructor(options: SessionOptions, clock: Clock, port: SessionPort) {
    this.id = options.id;
    this.#options = options;
    this.#clock = clock;
    this.#port = port;
    const { id } = options;
    // Tells one peer who this one is, and asks who that peer is. If that peer is a publisher, it also tells its heads.
    const greet = (peer: string): void => this.#tell(methodTo(peer), this.#hello(peer, false));
    const batcher = new Batcher(id, clock, (event, frame) => port.send(event, frame));
    const outbox = new Outbox(id, options.publishes, options.outbox, clock, {
      event: (log, args) => batcher.add(log, args),
      flush: () => batcher.flush(),
      heads: (subscriber, heads, g, hasBroken) => {
        const { window } = options.outbox;
        const head = { kind: 'head', heads, g, window, ...(hasBroken && { hasBroken }) } as const;
        // A head tells what was sent before it.
        batcher.afterwards(() => this.#tell(methodTo(subscriber), head));
      },
      mark: (g) => {
        batcher.afterwards(() => this.#tell(methodTo(id), { kind: 'mark', g }));
      },
      replay: (subscriber, packs, gone) => {
        port.send(methodTo(subscriber), encodeReplay(subscriber, id, packs, gone));
      },
      overflow: (event, policy, dropped) => port.overflow(event, policy, dropped),
    });
    const inboxes = new Inboxes(options.subscribes, options.durable, clock, port, {
      greet,
      tell: (publisher, control) => this.#tell(methodTo(publisher), control),
    });
    const channels = new Channels(id, { ...options.outbox, history: CHANNEL_HISTORY, events: {} }, clock, {
      send: (topic, frame) => port.send(topic, frame),
      deliver: (peer, args, trace) => {
        const message = readDirect(args);
        if (message === undefined) port.invalid({ reason: 'params', method: methodTo(id) });
        else port.direct(peer, message, trace);
      },
      gap: (peer) => port.lost(peer),
      forgotten: (peer) => port.forgotten(peer),
      doubtful: (peer) => port.doubtful(peer),
      forgotBefore: (peer) => this.#presence.forgotBefore(peer),
    });
    const presence = new Presence(options.silence, clock, {
      alive: () => this.#tell(TO_ALL, { kind: 'alive' }),
      gone: (peer, wasThere) => {
        outbox.unsubscribe(peer);
        channels.gone(peer, wasThere);
        inboxes.gone(peer, []);
      },
      left: (peer, reason) => {
        if (peer.id !== id) port.left(peer, reason);
      },
      forget: (peer, hasLeft) => {
        outbox.forget(peer);
        channels.forget(peer);
        inboxes.forget(peer, hasLeft);
      },
    });
    this.#batcher = batcher;
    this.outbox = outbox;
    this.#inboxes = inboxes;
    this.#channels = channels;
    this.#presence = presence;
    const meet = (peer: string, hello: Hello): void => this.#meet(peer, hello);
    const parts = { batcher, outbox, inboxes, channels, presence, greet, meet };
    this.#receiver = new Receiver(options, parts, port);
  }

  /** What to subscribe to on the bus. */
  get topics(): Topic[] {
    const methods = [...this.#options.subscribes.keys(), methodTo(this.id), TO_ALL];
    return methods.map((name) => ({ name, prefixes: requestPrefixes(name) }));
  }

  /** The other peers that are there. */
  get peers(): RemotePeer[] {
    return this.#presence.peers.filter(({ id }) => id !== this.id);
  }

  /** How many events are held back because others are missing. */
  get held(): number {
    return this.#inboxes.held;
  }

  /** How many events and messages are kept for other peers. */
  get pending(): number {
    return this.outbox.pending + this.#channels.pending;
  }

  /** How many events and messages each peer that lags behind lacks. */
  undelivered(): Lacking[] {
    return [...this.outbox.undelivered(), ...this.#channels.undelivered()];
  }

  /** Fulfils when everything that was published and sent so far was delivered. */
  async delivered(signal: AbortSignal): Promise<void> {
    await Promise.all([this.outbox.delivered(signal), this.#channels.delivered(signal)]);
  }

  /**
   * Sends a request or an answer to another peer. Nothing is sent to a peer that is gone for good.
   * @throws OverflowError, PayloadError
   */
  sendDirect(peer: string, message: Direct, trace?: string): void {
    if (!this.#presence.mayReturn(peer)) return;
    this.#channels.send(peer, encodeDirect(message), this.#presence.has(peer), trace);
  }

  /** If there is no room for more messages to a peer, returns a promise that fulfils when there is. */
  room(peer: string): Promise<void> | undefined {
    return this.#channels.room(peer);
  }

  /**
   * Both ways through the broker are open, for the first time or again.
   * @param largest - how many bytes an event may have there
   * @param mayPack - whether packs can be sent without asking the broker
   * @param isSpread - whether there are several servers, with peers at each
   */
  open(largest: number = LARGEST, mayPack = false, isSpread = false): void {
    this.#readyAt ??= this.#clock.now();
    this.outbox.largest = largest;
    this.#channels.largest = largest;
    this.#presence.start();
    if (mayPack) this.#batcher.mayPack = true;
    else this.#tell(TO_BROKER, { kind: 'broker' });
    if (isSpread) this.#inboxes.mayMiss();
    this.#tell(TO_ALL, this.#hello(undefined, false));
    this.#inboxes.open();
    // Events that it publishes from now on may be for itself, too, before it has received its own hello.
    this.#meet(this.id, this.#hello(this.id, true));
    this.outbox.open();
    this.#channels.open();
  }

  /** Asks itself whether both ways are open; see {@link SessionPort.probed}. */
  probe(count: number): void {
    this.#tell(methodTo(this.id), { kind: 'probe', count });
  }

  /** Tells all peers who this one is, before it takes part, and so what is to be kept for it from now on. */
  announce(): void {
    this.#tell(TO_ALL, this.#hello(undefined, false));
  }

  /** The link broke. */
  pause(): void {
    // The next broker may be a different one.
    this.#batcher.mayPack = false;
    this.#inboxes.mayMiss();
    this.outbox.pause();
    this.#channels.pause();
    this.#presence.pause();
  }

  /** Says good-bye, if there is a way, and ends everything. */
  close(canSend: boolean): void {
    this.#inboxes.close();
    this.#batcher.flush();
    this.#channels.flush();
    if (canSend) this.#tell(TO_ALL, { kind: 'bye', heads: this.outbox.heads() });
    this.#presence.close();
    this.outbox.close();
    this.#channels.close();
  }

  /** A frame arrived. */
  receive(text: string): void {
    this.#receiver.receive(text);
  }

  /** A peer says who it is. */
  #meet(id: string, hello: Hello): void {
    const { subscribes, publishes, serves = [], answer, acked, contract, ready, durable, silence } = hello;
    const peer: RemotePeer = { id, subscribes, publishes, serves };
    const isNew = !this.#presence.has(id);
    this.#presence.add(peer, silence);
    this.#inboxes.met(id, publishes, durable !== undefined);
    if (!answer) this.#tell(methodTo(id), this.#hello(id, true));
    const kept = this.hasStore ? (durable ?? []) : [];
    this.outbox.subscribe(id, without(subscribes, kept), acked, ready ?? READY_NOW);
    this.outbox.keep(kept);
    if (id === this.id) return;
    this.#channels.met(id);
    if (isNew) this.#port.joined(peer, contract);
    else if (!answer) this.#channels.doubt(id);
  }

  #hello(to: string | undefined, answer: boolean): Hello {
    const acked = to === undefined ? 0 : this.#inboxes.position(to);
    const subscribes = [...this.#options.subscribes.keys()];
    const contract = this.#options.contract?.();
    const since = Math.ceil(this.#clock.now() - (this.#readyAt ?? Infinity));
    const { hasBroken } = this.#inboxes;
    return {
      kind: 'hello',
      subscribes,
      publishes: this.#options.publishes,
      answer,
      acked,
      ...(contract !== undefined && { contract }),
      ...(this.#options.serves.length > 0 && { serves: this.#options.serves }),
      // Left out by a peer that became ready just now and can have missed nothing: that is the default.
      ...(since >= Number(!hasBroken) && { ready: { since, hasBroken } }),
      ...(this.hasStore && { durable: [...this.#options.durable] }),
      silence: Math.ceil(this.#options.silence),
    };
  }

  #tell(to: string, control: Exclude<Control, { kind: 'replay' }>): void {
    this.#port.send(to, encodeControl(to, this.id, control));
  }
}

function without(names: readonly string[], others: readonly string[]): readonly string[] {
  const unwanted = new Set(others);
  return names.filter((name) => !unwanted.has(name));
}
