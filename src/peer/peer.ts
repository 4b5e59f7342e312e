import type { Bus } from '../bus/bus.ts';
import type { BusCapabilities } from '../bus/capabilities.ts';
import { NoBrokerError, StateError, TimeoutError } from '../errors.ts';
import { type AnyEvent, event, handlerPoint } from '../events/event.ts';
import { type EventMap, Events, events } from '../events/events.ts';
import type { Link, Listener } from '../events/link.ts';
import { throwUncaught, yieldToRuntime } from '../loop/runtime.ts';
import type { Clock } from '../stream/clock.ts';
import { STORE } from '../stream/deposits.ts';
import { type Probe, probe } from '../trace/probe.ts';
import { encodeControl } from '../wire/control.ts';
import type { InvalidCall } from '../wire/json-rpc.ts';
import { methodTo } from '../wire/names.ts';
import { Agreement } from './agreement.ts';
import { Dialogue } from './dialogue.ts';
import type { Durability } from './durability.ts';
import { Incoming } from './incoming.ts';
import type { FlushOptions, StartOptions, WaitOptions } from './options.ts';
import { Outgoing } from './outgoing.ts';
import type { LeaveReason, RemotePeer } from './presence.ts';
import { Readiness } from './readiness.ts';
import { Session, type SessionPort } from './session.ts';
import { noStore, type PeerArguments, readArguments, type Setup } from './setup.ts';
import type {
  ContractMismatch,
  FailedRequest,
  Gap,
  InvalidFrame,
  PeerStatus,
  PublishOverflow,
  Undelivered,
} from './status.ts';
import type { Peer as PeerInterface, PeerConstructor, Publish } from './types.ts';
import { within } from './within.ts';

type Emit = Listener<readonly unknown[]>;

/** A report without its count, which the peer keeps. */
type InvalidReport = InvalidFrame extends infer Report
  ? Report extends unknown
    ? Omit<Report, 'count'>
    : never
  : never;

/** The time between a start and a stop. */
interface Run {
  readonly ending: AbortController;
  bus: Bus | undefined;
  /** What is kept for this peer and by it, if the bus has a store. */
  durability: Durability | undefined;
  /** Nothing more is taken from the bus: the peer is about to stop. */
  isDeaf: boolean;
  /** Whether the start has fulfilled. */
  started: boolean;
}

class SocketPeer implements PeerInterface {
  readonly events: Events;
  readonly publish: Publish<EventMap>;
  readonly request: Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;
  readonly serve: Readonly<Record<string, AnyEvent>>;
  readonly status: PeerStatus = events({
    connected: event(),
    disconnected: event<[reason: string | undefined]>(),
    refused: event<[error: Error]>(),
    peerJoined: event<[peer: RemotePeer]>(),
    peerLeft: event<[peer: RemotePeer, reason: LeaveReason]>(),
    gap: event<[gap: Gap]>(),
    contractMismatch: event<[mismatch: ContractMismatch]>(),
    overflow: event<[overflow: PublishOverflow]>(),
    undelivered: event<[undelivered: Undelivered]>(),
    requestFailed: event<[failure: FailedRequest]>(),
    invalid: event<[frame: InvalidFrame]>(),
  });
  readonly #setup: Setup;
  readonly #agreement: Agreement;
  readonly #clock: Clock;
  readonly #makeSession: () => Session;
  // A Map, because an event may be called `constructor`.
  readonly #emits = new Map<string, Emit>();
  readonly #readiness: Readiness;
  // Who it is to others: anew with each start, and there before, for events that are published early.
  #session: Session;
  #incoming: Incoming;
  #outgoing: Outgoing;
  #dialogue: Dialogue;
  #invalid = 0;
  #run: Run | undefined;
  #ready = false;
  #publishedInTurn = 0;
  #turn: Promise<void> | undefined;

  constructor(...args: PeerArguments) {
    const setup = readArguments(args);
    const { subscribe, publish, request, serve } = setup;
    this.#setup = setup;
    this.#agreement = new Agreement(setup);
    this.events = new Events<EventMap>(subscribe);
    for (const [name, emit] of Object.entries(this.events)) this.#emits.set(name, emit);
    const functions = publish.map(
      (name) => [name, (...values: readonly unknown[]) => this.#publish(name, values)] as const,
    );
    this.publish = Object.fromEntries(functions);
    const asking = Array.from(request.values(), (spec) => {
      const ask = (...args: readonly unknown[]): unknown => {
        const { calls } = this.#dialogue;
        return spec.isStream ? calls.stream(spec, args) : calls.call(spec, args);
      };
      return [spec.name, ask] as const;
    });
    this.request = Object.fromEntries(asking);
    this.serve = events(Object.fromEntries(Array.from(serve.keys(), (name) => [name, handlerPoint()])));
    this.#clock = setup.clock;
    const sessionOptions = { ...setup.session, contract: () => this.#agreement.note };
    this.#makeSession = () => new Session({ id: randomId(), ...sessionOptions }, this.#clock, this.#sessionPort());
    this.#session = this.#makeSession();
    this.#incoming = this.#makeIncoming();
    this.#outgoing = this.#makeOutgoing();
    this.#dialogue = this.#makeDialogue();
    this.#readiness = new Readiness(this.#clock, (count) => this.#probe(count));
  }

  get bus(): BusCapabilities {
    return this.#setup.capabilities;
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
    return this.#outgoing.pending + this.#session.pending;
  }

  async start({ timeout = DEFAULT_TIMEOUT, signal }: StartOptions = {}): Promise<this> {
    if (this.#run !== undefined) throw new StateError('the peer was started already');
    signal?.throwIfAborted();
    const run: Run = {
      ending: new AbortController(),
      bus: undefined,
      durability: undefined,
      isDeaf: false,
      started: false,
    };
    const deadline = this.#clock.now() + timeout;
    const onAbort = (): void => run.ending.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#run = run;
    try {
      await this.#open(run);
      await this.#findBroker(timeout, timeout, run);
      await this.#beginKeeping(run, timeout, () => deadline - this.#clock.now());
    } catch (error) {
      // Whoever stopped the peer meanwhile may have started it again: end this run only.
      if (this.#run === run) await this.stop();
      else await run.bus?.close();
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
    run.started = true;
    this.#becomeReady();
    return this;
  }

  async stop({ timeout = DEFAULT_STOP_TIMEOUT, signal }: FlushOptions = {}): Promise<void> {
    const run = this.#run;
    const deadline = this.#clock.now() + timeout;
    const left = (): number => Math.max(0, deadline - this.#clock.now());
    // What cannot be done in time is reported below.
    const done = (work: Promise<void>): Promise<void> =>
      within(this.#clock, work, left(), signal, () => '').catch(() => {});
    if (this.#dialogue.serving > 0) {
      // What others have asked is still answered.
      await done(this.#dialogue.drain());
      if (this.#run !== run) return;
    }
    if (this.#ready) {
      await this.flush({ timeout: left(), signal }).catch(() => {});
      if (this.#run !== run) return;
    }
    run?.durability?.pause();
    if (run !== undefined && this.#incoming.pending > 0) {
      // What has arrived still goes to the listeners, as soon as it is checked.
      run.isDeaf = true;
      await done(this.#incoming.settled());
      if (this.#run !== run) return;
    }
    if (run?.durability !== undefined) {
      await done(run.durability.close());
      if (this.#run !== run) return;
    }
    const { session, incoming, outgoing } = this.#endSession();
    this.#reportUndelivered(session, outgoing.pending, incoming.pending);
    run?.ending.abort(new StateError('the peer was stopped before it was ready'));
    await run?.bus?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async flush({ timeout = Infinity, signal }: FlushOptions = {}): Promise<void> {
    const outgoing = this.#outgoing;
    const session = this.#session;
    const delivered = async (): Promise<void> => {
      await outgoing.settled();
      // Not where the peer was stopped meanwhile, which ends all waiting.
      if (this.#outgoing === outgoing) await session.delivered();
    };
    await within(this.#clock, delivered(), timeout, signal, () => {
      const all = session.undelivered();
      const lacking = all
        .slice(0, MOST_NAMED)
        .map(({ subscriber, count }) => `${subscriber === STORE ? 'the' : 'peer'} ${subscriber} lacks ${count}`);
      if (all.length > lacking.length) lacking.push(`${all.length - lacking.length} more lack something`);
      if (outgoing.pending > 0) lacking.push(`${outgoing.pending} events are being checked`);
      const what = lacking.length === 0 ? `${session.pending} events wait for a broker` : lacking.join(', ');
      return `not everything was delivered within ${timeout} ms: ${what}`;
    });
  }

  async waitFor(options: WaitOptions<EventMap, Record<string, unknown>>): Promise<void> {
    const { count = 1, timeout = Infinity, signal } = options;
    const name = options.servers ?? options.subscribers;
    const there = (): number =>
      this.peers.filter(({ id, subscribes, serves }) => {
        const names = options.servers === undefined ? subscribes : serves;
        return names.includes(name) && !this.#agreement.isRefused(id, name);
      }).length;
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
        const what = options.servers === undefined ? `subscribers of event '${name}'` : `servers of request '${name}'`;
        return `${there()} of ${count} ${what} were there within ${timeout} ms`;
      });
    } finally {
      link?.disconnect();
    }
  }

  /** Ends who it was to others, and becomes somebody else. */
  #endSession(): { session: Session; incoming: Incoming; outgoing: Outgoing } {
    const ended = { session: this.#session, incoming: this.#incoming, outgoing: this.#outgoing };
    ended.outgoing.close();
    ended.incoming.close();
    this.#dialogue.close();
    // The last acknowledgements and the good-bye still have to get out.
    ended.session.close(this.#ready);
    this.#run = undefined;
    this.#ready = false;
    this.#session = this.#makeSession();
    this.#incoming = this.#makeIncoming();
    this.#outgoing = this.#makeOutgoing();
    this.#dialogue = this.#makeDialogue();
    return ended;
  }

  #makeIncoming(): Incoming {
    return new Incoming(this.#setup.incoming, {
      emit: (name, args) => {
        const emit = this.#emits.get(name);
        if (emit !== undefined) this.#emit(emit, ...args);
      },
      invalid: (name, violation) => this.#reportInvalid({ event: name, ...violation }),
    });
  }

  #makeOutgoing(): Outgoing {
    const { outgoing, session, codec } = this.#setup;
    return new Outgoing(outgoing, session.outbox.limit, (name, args, trace) => this.#send(name, args, trace), codec);
  }

  #makeDialogue(): Dialogue {
    const session = this.#session;
    return new Dialogue(this.#setup, this.#clock, {
      servers: (request) =>
        this.peers
          .filter(({ id, serves }) => serves.includes(request) && !this.#agreement.isRefused(id, request))
          .map(({ id }) => id),
      served: (request) => this.serve[request] as AnyEvent,
      send: (peer, message, trace) => session.sendDirect(peer, message, trace),
      invalid: (request, violation) => this.#reportInvalid({ event: request, ...violation }),
      failed: (request, peer, error) => this.#emit(this.status.requestFailed, { request, peer, error }),
      isRefused: (peer, request) => this.#agreement.isRefused(peer, request),
    });
  }

  #publish(name: string, args: readonly unknown[]): Promise<void> {
    return probe === undefined ? this.#outgoing.publish(name, args) : this.#publishProbed(probe, name, args);
  }

  // Apart, because a method with a function in it allocates memory for what they share each time it is called.
  #publishProbed(by: Probe, name: string, args: readonly unknown[]): Promise<void> {
    return by.publish(name, (trace) => this.#outgoing.publish(name, args, trace));
  }

  #send(name: string, args: readonly unknown[], trace: string | undefined): Promise<void> {
    const { outbox } = this.#session;
    outbox.publish(name, args, trace);
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
    const bus = await this.#setup.makeBus();
    run.ending.signal.throwIfAborted();
    run.bus = bus;
    run.durability = await this.#makeDurability(run, bus);
    await bus.open({
      frame: (text) => {
        if (this.#run === run && !run.isDeaf) this.#session.receive(text);
      },
      unreadable: () => this.#reportInvalid({ reason: 'utf-8' }),
      down: (reason) => this.#linkBroke(reason),
      refused: (error) => {
        if (run.started) this.#emit(this.status.refused, error);
        else run.ending.abort(error);
      },
    });
    for (const topic of this.#session.topics) bus.subscribe(topic);
  }

  /** @throws AddressError where there is no store, and has to be one; what the run was ended with */
  async #makeDurability({ ending }: Run, { store }: Bus): Promise<Durability | undefined> {
    const { durable, endpoints } = this.#setup;
    if (store === undefined) {
      for (const name of durable.keys()) throw noStore(name, endpoints);
      return undefined;
    }
    const { Durability } = await import('./durability.ts');
    // The session may be another one now.
    ending.signal.throwIfAborted();
    this.#session.hasStore = true;
    return new Durability(store, this.id, this.#setup, {
      deliver: (name, args, publisher, trace) => this.#deliver(name, args, publisher, trace),
      afterDelivery: (then) => this.#incoming.afterwards(then),
      gap: (peer, name, count) => this.#emit(this.status.gap, { peer, event: name, count }),
      invalid: (part) => this.#reportUnread(part),
      refused: (error) => this.#emit(this.status.refused, error),
    });
  }

  /**
   * Finds out what is to be kept, has kept what this peer wants, and tells the others of it: all that they publish once
   * this has fulfilled is kept.
   * @param left - how many milliseconds are left of the timeout
   */
  async #beginKeeping(run: Run, timeout: number, left: () => number): Promise<void> {
    const { durability } = run;
    if (durability === undefined) return;
    this.#session.outbox.keep(await durability.begin(left(), timeout, run.ending.signal));
    if (this.#setup.durable.size === 0) return;
    this.#session.announce();
    await this.#findBroker(left(), timeout, run);
  }

  /** @throws NoBrokerError after the time that is left of the timeout */
  async #findBroker(left: number, timeout: number, { ending }: Run): Promise<void> {
    try {
      await this.#readiness.ask(left, ending.signal);
    } catch (error) {
      throw error instanceof TimeoutError ? this.#noBroker(timeout, error) : error;
    }
  }

  #probe(count: number): void {
    const { id } = this.#session;
    const to = methodTo(id);
    this.#run?.bus?.send(to, encodeControl(to, id, { kind: 'probe', count }));
  }

  #becomeReady(): void {
    if (this.#run === undefined) return;
    this.#ready = true;
    const { largest = Infinity, takesPacks = false, store } = this.#run.bus ?? {};
    this.#session.open(largest, takesPacks, store?.largest);
    this.#run.durability?.open();
    this.#dialogue.calls.ready();
    this.#emit(this.status.connected);
  }

  #linkBroke(reason?: string): void {
    this.#readiness.forget();
    if (!this.#ready || this.#run === undefined) return;
    this.#ready = false;
    this.#session.pause();
    this.#run.durability?.pause();
    this.#dialogue.calls.notReady();
    this.#comeBack(this.#run).then(
      () => this.#becomeReady(),
      // Only stopping ends the asking; that is no error.
      () => {},
    );
    this.#emit(this.status.disconnected, reason);
  }

  async #comeBack(run: Run): Promise<void> {
    const { signal } = run.ending;
    await this.#readiness.ask(Infinity, signal);
    if (run.durability === undefined) return;
    const wanted = await run.durability.connect(false, signal);
    signal.throwIfAborted();
    this.#session.outbox.keep(wanted);
  }

  #deliver(name: string, args: readonly unknown[], publisher?: string, trace?: string): void {
    if (publisher !== undefined && this.#agreement.isRefused(publisher, name)) {
      this.#reportInvalid({ reason: 'contract', event: name, peer: publisher });
    } else {
      this.#incoming.receive(name, args, trace);
    }
  }

  #sessionPort(): SessionPort {
    return {
      send: (topic, frame) => this.#run?.bus?.send(topic, frame),
      keep: async (id, frame) => (await this.#run?.durability?.keep(id, frame)) === true,
      deliver: (name, args, publisher, trace) => this.#deliver(name, args, publisher, trace),
      afterDelivery: (then) => this.#incoming.afterwards(then),
      direct: (peer, message, trace) => this.#dialogue.received(peer, message, trace),
      doubtful: (peer) => this.#dialogue.calls.check(peer),
      probed: (count) => this.#readiness.answered(count),
      invalid: (part) => this.#reportUnread(part),
      gap: (peer, name, count) => this.#emit(this.status.gap, { peer, event: name, count }),
      overflow: (name, policy, dropped) => this.#emit(this.status.overflow, { event: name, policy, dropped }),
      joined: (peer, contract) => {
        const mismatch = this.#agreement.met(peer, contract);
        this.#dialogue.calls.met();
        this.#emit(this.status.peerJoined, peer);
        if (mismatch !== undefined) this.#emit(this.status.contractMismatch, mismatch);
      },
      left: (peer, reason) => {
        this.#agreement.left(peer.id);
        this.#dialogue.left(peer.id, reason);
        this.#emit(this.status.peerLeft, peer, reason);
      },
    };
  }

  #reportUnread({ reason, method }: InvalidCall): void {
    this.#reportInvalid({ reason, ...(method !== undefined && { event: method }) });
  }

  #reportInvalid(report: InvalidReport): void {
    this.#invalid += 1;
    this.#emit(this.status.invalid, { ...report, count: this.#invalid });
  }

  #reportUndelivered(session: Session, unpublished: number, unchecked: number): void {
    if (session.pending + unpublished + unchecked === 0) return;
    const peers = session.undelivered().map(({ subscriber, count }) => ({ peer: subscriber, count }));
    this.#emit(this.status.undelivered, {
      peers,
      unsent: session.outbox.unsent + unpublished,
      ...(unchecked > 0 && { unchecked }),
    });
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
    const { in: inAddress, out } = this.#setup.endpoints;
    const message =
      inAddress === out
        ? `at '${out}'. Is one running, and does it admit this origin?`
        : `at '${inAddress}' (to receive from) and '${out}' (to send to). ` +
          'Is one running, with the two addresses in this order?';
    return new NoBrokerError(`no broker answered within ${timeout} ms ${message}`, { cause });
  }
}

export type Peer<S extends EventMap = EventMap, P extends EventMap = EventMap> = PeerInterface<S, P>;
export const Peer: PeerConstructor = SocketPeer as unknown as PeerConstructor;

const DEFAULT_TIMEOUT = 5_000;
const DEFAULT_STOP_TIMEOUT = 2_000;

/** How many peers an error names. */
const MOST_NAMED = 5;

const ROOM = /* @__PURE__ */ Promise.resolve();

/** How many events may be published, each awaited, before the runtime has a turn. */
const MOST_IN_A_TURN = 1_000;

/** 64 random bits, in base64url: 11 characters. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return btoa(String.fromCharCode(...bytes)).replace(
    /[+/=]/g,
    (character) => ({ '+': '-', '/': '_' })[character] ?? '',
  );
}
