import { checkEndpoints, makeBus } from '../bus/address.ts';
import type { Bus, Endpoints } from '../bus/bus.ts';
import { ConnectError, NoBrokerError, PayloadError, StateError, TimeoutError } from '../errors.ts';
import { event } from '../events/event.ts';
import { type EventMap, Events, events, type UntypedEvents } from '../events/events.ts';
import type { Link, Listener } from '../events/link.ts';
import { throwUncaught, yieldToRuntime } from '../loop/runtime.ts';
import { type Clock, systemClock } from '../stream/clock.ts';
import { encodeControl } from '../wire/control.ts';
import { methodTo, RESERVED_PREFIX } from '../wire/names.ts';
import { describeUnsafeValue, findUnsafeValue } from '../wire/payload.ts';
import { type FlushOptions, type PeerOptions, readOptions, type StartOptions, type WaitOptions } from './options.ts';
import type { LeaveReason, RemotePeer } from './presence.ts';
import { Readiness } from './readiness.ts';
import { Session, type SessionPort } from './session.ts';
import type { Gap, InvalidFrame, PeerStatus, PublishOverflow, Undelivered } from './status.ts';
import { within } from './within.ts';

/** The functions that publish a peer's events. */
export type Publish<M extends EventMap> = { readonly [Name in keyof M]: (...args: M[Name]) => Promise<void> };

/**
 * Takes part in the events of a broker: what other peers publish is emitted by `peer.events`, and what is
 * given to `peer.publish` is emitted by every peer that subscribed to it, in this process or another,
 * in TypeScript or in Python.
 *
 * ```ts
 * const peer = new Peer<{ request_product: [] }, { produced: [product: string] }>(
 *   'ipc:///tmp/shop.in', 'ipc:///tmp/shop.out', ['request_product'], ['produced'],
 * );
 * connect(peer, 'request_product', producer, 'onRequestProduct');
 * connect(producer, 'produced', peer.publish, 'produced');
 * await using running = await peer.start();
 * ```
 *
 * Python: `mreventloop.Peer`, with the same arguments.
 *
 * @typeParam S - the events it subscribes to, with their arguments
 * @typeParam P - the events it publishes, with their arguments
 */
export interface Peer<S extends EventMap = EventMap, P extends EventMap = EventMap> extends AsyncDisposable {
  /** What other peers publish. A listener that throws ends the program, as a slot does that throws. */
  readonly events: Events<S>;
  /**
   * Publishes. The event is kept until every live subscriber has it; before the peer is ready and while
   * the broker is away, it waits here. The promise fulfils when there is room for more: who awaits it never
   * overruns slow subscribers. Throws a `PayloadError` for arguments that JSON cannot carry, and an
   * `OverflowError` when too much is kept already.
   */
  readonly publish: Publish<P>;
  /** What happens to the peer itself. */
  readonly status: PeerStatus;
  /** Whether both ways through the broker are open. */
  readonly ready: boolean;
  /** Random, anew with each start: how other peers name this one. */
  readonly id: string;
  /** The other peers that are there. Peers in Python are not known. */
  readonly peers: readonly RemotePeer[];
  /** How many published events are kept for subscribers that do not have them yet. */
  readonly pending: number;
  /**
   * Connects, and fulfils when the peer is ready: what is published on the bus from then on is not
   * missed. A peer that was stopped can be started again.
   * @returns the peer itself, for `await using`
   * @throws NoBrokerError after the timeout; AddressError; MissingLibraryError; the signal's reason;
   *   StateError when it was started already. Nothing is left open then.
   */
  start(options?: StartOptions): Promise<this>;
  /**
   * Delivers what was published, as far as that is possible within the timeout (2 s unless given), and
   * disconnects. What could not be delivered is emitted as `undelivered`.
   */
  stop(options?: FlushOptions): Promise<void>;
  /**
   * Fulfils when every live subscriber has everything that was published so far.
   * @throws TimeoutError, which says who lacks how much; the signal's reason
   */
  flush(options?: FlushOptions): Promise<void>;
  /**
   * Fulfils when so many other peers are there that subscribe to an event. Peers in Python do not count.
   * @throws TimeoutError; the signal's reason
   */
  waitFor(options: WaitOptions<P>): Promise<void>;
}

interface PeerConstructor {
  /**
   * A peer of which only the names of the events are known: their arguments are `unknown`.
   * @param inAddress - where peers receive from, the same as the broker's first
   * @param outAddress - where peers send to, the same as the broker's second
   * @param subscribe - the events to receive
   * @param publish - the events to send
   * @throws AddressError for addresses that make no sense
   */
  new <const S extends string, const P extends string>(
    inAddress: string,
    outAddress: string,
    subscribe: readonly S[],
    publish: readonly P[],
    options?: PeerOptions<UntypedEvents<S>, UntypedEvents<P>>,
  ): Peer<UntypedEvents<S>, UntypedEvents<P>>;
  /** A peer with typed events. */
  new <S extends EventMap, P extends EventMap>(
    inAddress: string,
    outAddress: string,
    subscribe: readonly (keyof S & string)[],
    publish: readonly (keyof P & string)[],
    options?: PeerOptions<S, P>,
  ): Peer<S, P>;
  readonly prototype: Peer;
}

type Emit = Listener<readonly unknown[]>;

/** The time between a start and a stop. */
interface Run {
  readonly ending: AbortController;
  bus: Bus | undefined;
}

class SocketPeer implements Peer {
  readonly events: Events;
  readonly publish: Publish<EventMap>;
  readonly status: PeerStatus = events({
    connected: event(),
    disconnected: event(),
    peerJoined: event<[peer: RemotePeer]>(),
    peerLeft: event<[peer: RemotePeer, reason: LeaveReason]>(),
    gap: event<[gap: Gap]>(),
    overflow: event<[overflow: PublishOverflow]>(),
    undelivered: event<[undelivered: Undelivered]>(),
    invalid: event<[frame: InvalidFrame]>(),
  });
  readonly #endpoints: Endpoints;
  readonly #clock: Clock;
  readonly #makeBus: () => Promise<Bus>;
  readonly #makeSession: () => Session;
  // A Map, because an event may be called `constructor`.
  readonly #emits = new Map<string, Emit>();
  readonly #readiness: Readiness;
  // Who it is to others: anew with each start, and there before, for events that are published early.
  #session: Session;
  #invalid = 0;
  #run: Run | undefined;
  #ready = false;
  #publishedInTurn = 0;
  #turn: Promise<void> | undefined;

  constructor(
    inAddress: string,
    outAddress: string,
    subscribe: readonly string[],
    publish: readonly string[],
    options: PeerOptions<EventMap, EventMap> = {},
  ) {
    this.#endpoints = { in: inAddress, out: outAddress };
    checkEndpoints(this.#endpoints);
    this.events = new Events<EventMap>(subscribe);
    for (const [name, emit] of Object.entries(this.events)) this.#emits.set(checkName(name), emit);
    const functions = publish.map((name) => {
      checkName(name);
      return [name, (...args: readonly unknown[]) => this.#publish(name, args)] as const;
    });
    this.publish = Object.fromEntries(functions);
    this.#clock = options.clock ?? systemClock();
    this.#makeBus = options.bus ?? (() => makeBus(this.#endpoints));
    const sessionOptions = readOptions(subscribe, publish, options);
    this.#makeSession = () => new Session({ id: randomId(), ...sessionOptions }, this.#clock, this.#sessionPort());
    this.#session = this.#makeSession();
    this.#readiness = new Readiness(this.#clock, (count) => this.#probe(count));
  }

  get ready(): boolean {
    return this.#ready;
  }

  get id(): string {
    return this.#session.id;
  }

  get peers(): readonly RemotePeer[] {
    return this.#session.peers;
  }

  get pending(): number {
    return this.#session.outbox.pending;
  }

  async start({ timeout = DEFAULT_TIMEOUT, signal }: StartOptions = {}): Promise<this> {
    if (this.#run !== undefined) throw new StateError('the peer was started already');
    signal?.throwIfAborted();
    const run: Run = { ending: new AbortController(), bus: undefined };
    const onAbort = (): void => run.ending.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#run = run;
    try {
      await this.#open(run);
      await this.#readiness.ask(timeout, run.ending.signal);
    } catch (error) {
      // Whoever stopped the peer meanwhile may have started it again: end this run only.
      if (this.#run === run) await this.stop();
      else await run.bus?.close();
      throw error instanceof TimeoutError ? this.#noBroker(timeout, error) : error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
    this.#becomeReady();
    return this;
  }

  async stop({ timeout = DEFAULT_STOP_TIMEOUT, signal }: FlushOptions = {}): Promise<void> {
    const run = this.#run;
    if (this.#ready && this.#session.outbox.pending > 0) {
      // What cannot be delivered is reported below.
      await this.flush({ timeout, signal }).catch(() => {});
      if (this.#run !== run) return;
    }
    const session = this.#session;
    // The last acknowledgements and the good-bye still have to get out.
    session.close(this.#ready);
    this.#run = undefined;
    this.#ready = false;
    this.#session = this.#makeSession();
    this.#reportUndelivered(session);
    run?.ending.abort(new StateError('the peer was stopped before it was ready'));
    await run?.bus?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async flush({ timeout = Infinity, signal }: FlushOptions = {}): Promise<void> {
    const { outbox } = this.#session;
    if (outbox.pending === 0) return;
    await within(this.#clock, outbox.delivered(), timeout, signal, () => {
      const lacking = outbox.undelivered().map(({ subscriber, count }) => `peer ${subscriber} lacks ${count}`);
      const what = lacking.length === 0 ? `${outbox.pending} events wait for a broker` : lacking.join(', ');
      return `not everything was delivered within ${timeout} ms: ${what}`;
    });
  }

  async waitFor({ subscribers, count = 1, timeout = Infinity, signal }: WaitOptions<EventMap>): Promise<void> {
    const there = (): number => this.peers.filter((peer) => peer.subscribes.includes(subscribers)).length;
    signal?.throwIfAborted();
    if (there() >= count) return;
    let link: Link | undefined;
    const enough = new Promise<void>((resolve) => {
      link = this.status.peerJoined.addListener(() => {
        if (there() >= count) resolve();
      });
    });
    try {
      await within(this.#clock, enough, timeout, signal, () => {
        return `${there()} of ${count} subscribers of event '${subscribers}' were there within ${timeout} ms`;
      });
    } finally {
      link?.disconnect();
    }
  }

  #publish(name: string, args: readonly unknown[]): Promise<void> {
    for (let position = 0; position < args.length; position += 1) {
      const found = findUnsafeValue(args[position]);
      if (found === undefined) continue;
      throw new PayloadError(
        `argument ${position + 1} of event '${name}' cannot be published: ${describeUnsafeValue(found)}`,
      );
    }
    const { outbox } = this.#session;
    outbox.publish(name, args);
    if (!outbox.hasRoom) return outbox.room();
    // Who publishes without a pause lets what was published leave, and acknowledgements come in.
    this.#publishedInTurn += 1;
    if (this.#publishedInTurn < MOST_IN_A_TURN) return ROOM;
    this.#turn ??= this.#waitForTurn();
    return this.#turn;
  }

  async #waitForTurn(): Promise<void> {
    await yieldToRuntime();
    this.#publishedInTurn = 0;
    this.#turn = undefined;
  }

  async #open(run: Run): Promise<void> {
    const bus = await this.#makeBus();
    run.ending.signal.throwIfAborted();
    run.bus = bus;
    await bus.open({
      frame: (text) => {
        if (this.#run === run) this.#session.receive(text);
      },
      unreadable: () => this.#reportInvalid({ reason: 'utf-8' }),
      down: () => this.#linkBroke(),
    });
    for (const topic of this.#session.topics) bus.subscribe(topic);
  }

  #probe(count: number): void {
    const { id } = this.#session;
    const to = methodTo(id);
    this.#run?.bus?.send(to, encodeControl(to, id, { kind: 'probe', count }));
  }

  #becomeReady(): void {
    if (this.#run === undefined) return;
    this.#ready = true;
    this.#session.open();
    this.#emit(this.status.connected);
  }

  #linkBroke(): void {
    this.#readiness.forget();
    if (!this.#ready || this.#run === undefined) return;
    this.#ready = false;
    this.#session.pause();
    this.#readiness.ask(Infinity, this.#run.ending.signal).then(
      () => this.#becomeReady(),
      // Only stopping ends the asking; that is no error.
      () => {},
    );
    this.#emit(this.status.disconnected);
  }

  #sessionPort(): SessionPort {
    return {
      send: (topic, frame) => this.#run?.bus?.send(topic, frame),
      deliver: (name, args) => {
        const emit = this.#emits.get(name);
        if (emit !== undefined) this.#emit(emit, ...args);
      },
      probed: (count) => this.#readiness.answered(count),
      invalid: ({ reason, method }) => {
        this.#reportInvalid({ reason, ...(method !== undefined && { event: method }) });
      },
      gap: (peer, name, count) => this.#emit(this.status.gap, { peer, event: name, count }),
      overflow: (name, policy, dropped) => this.#emit(this.status.overflow, { event: name, policy, dropped }),
      joined: (peer) => this.#emit(this.status.peerJoined, peer),
      left: (peer, reason) => this.#emit(this.status.peerLeft, peer, reason),
    };
  }

  #reportInvalid(report: Omit<InvalidFrame, 'count'>): void {
    this.#invalid += 1;
    this.#emit(this.status.invalid, { ...report, count: this.#invalid });
  }

  #reportUndelivered({ outbox }: Session): void {
    if (outbox.pending === 0) return;
    const peers = outbox.undelivered().map(({ subscriber, count }) => ({ peer: subscriber, count }));
    this.#emit(this.status.undelivered, { peers, unsent: outbox.unsent });
  }

  /** Emits what came from outside: there is nobody up the stack whom a listener's error could concern. */
  #emit<A extends readonly unknown[]>(emit: Listener<A>, ...args: A): void {
    try {
      emit(...args);
    } catch (error) {
      throwUncaught(error);
    }
  }

  #noBroker(timeout: number, cause: unknown): NoBrokerError {
    const { in: inAddress, out } = this.#endpoints;
    return new NoBrokerError(
      `no broker answered within ${timeout} ms at '${inAddress}' (to receive from) and '${out}' (to send to). ` +
        'Is one running, with the two addresses in this order?',
      { cause },
    );
  }
}

export const Peer: PeerConstructor = SocketPeer as unknown as PeerConstructor;

const DEFAULT_TIMEOUT = 5_000;
const DEFAULT_STOP_TIMEOUT = 2_000;

const ROOM = Promise.resolve();

/** How many events may be published, each awaited, before the runtime has a turn. */
const MOST_IN_A_TURN = 1_000;

function checkName(name: string): string {
  if (name === '' || name === '__proto__' || name.startsWith(RESERVED_PREFIX)) {
    throw new ConnectError(`'${name}' cannot be the name of an event that crosses sockets`);
  }
  return name;
}

/** 64 random bits, in base64url: 11 characters. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return btoa(String.fromCharCode(...bytes)).replace(
    /[+/=]/g,
    (character) => ({ '+': '-', '/': '_' })[character] ?? '',
  );
}
