import { checkEndpoints, makeBus } from '../bus/address.ts';
import type { Bus, Endpoints } from '../bus/bus.ts';
import { ConnectError, NoBrokerError, StateError, TimeoutError } from '../errors.ts';
import { event } from '../events/event.ts';
import { type EventMap, Events, events, type UntypedEvents } from '../events/events.ts';
import type { Listener } from '../events/link.ts';
import { throwUncaught } from '../loop/runtime.ts';
import { controlPrefixes, encodeProbe, methodTo, readProbe, RESERVED_PREFIX } from '../wire/control.ts';
import { decode, type InvalidReason, MIXED_BATCH_PREFIX, requestPrefixes } from '../wire/json-rpc.ts';
import { Outgoing } from './outgoing.ts';
import { Readiness } from './readiness.ts';

/** Something that arrived and was not understood. It was dropped; nothing of it is in the report. */
export interface InvalidFrame {
  /** What was wrong with it. */
  readonly reason: InvalidReason;
  /** The event it was meant for, where that much could be read. */
  readonly event?: string;
  /** How many there have been on this peer, this one included. */
  readonly count: number;
}

/** What a peer tells of its own state. */
export type PeerStatus = Events<{
  /** Both ways through the broker are open, for the first time or again. */
  connected: [];
  /** The link to the broker broke. The peer connects again by itself and then emits `connected`. */
  disconnected: [];
  /** Something arrived that was not understood. */
  invalid: [frame: InvalidFrame];
}>;

/** The functions that publish a peer's events. */
export type Publish<M extends EventMap> = { readonly [Name in keyof M]: (...args: M[Name]) => Promise<void> };

/** How long to wait for a broker. */
export interface StartOptions {
  /**
   * Milliseconds until the start fails for want of a broker.
   * @default 5000
   */
  timeout?: number | undefined;
  /** Ends the start with the signal's reason. */
  signal?: AbortSignal | undefined;
}

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
   * Publishes. The promise fulfils when the event has left for the broker; before the peer is ready,
   * and while the broker is away, events are kept and leave when it is there.
   * Throws a `PayloadError` for arguments that JSON cannot carry.
   */
  readonly publish: Publish<P>;
  /** What happens to the peer itself. */
  readonly status: PeerStatus;
  /** Whether both ways through the broker are open. */
  readonly ready: boolean;
  /**
   * Connects, and fulfils when the peer is ready: what is published on the bus from then on is not
   * missed. A peer that was stopped can be started again.
   * @returns the peer itself, for `await using`
   * @throws NoBrokerError after the timeout; AddressError; MissingLibraryError; the signal's reason;
   *   StateError when it was started already. Nothing is left open then.
   */
  start(options?: StartOptions): Promise<this>;
  /** Hands over what was published and disconnects. */
  stop(): Promise<void>;
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
  ): Peer<UntypedEvents<S>, UntypedEvents<P>>;
  /** A peer with typed events. */
  new <S extends EventMap, P extends EventMap>(
    inAddress: string,
    outAddress: string,
    subscribe: readonly (keyof S & string)[],
    publish: readonly (keyof P & string)[],
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
    invalid: event<[frame: InvalidFrame]>(),
  });
  readonly #endpoints: Endpoints;
  readonly #id: string = randomId();
  readonly #outgoing = new Outgoing(this.#id);
  readonly #readiness = new Readiness((count) => this.#run?.bus?.send(encodeProbe(this.#id, count)));
  // A Map, because an event may be called `constructor`.
  readonly #emits = new Map<string, Emit>();
  #invalid = 0;
  #run: Run | undefined;
  #ready = false;

  constructor(inAddress: string, outAddress: string, subscribe: readonly string[], publish: readonly string[]) {
    this.#endpoints = { in: inAddress, out: outAddress };
    checkEndpoints(this.#endpoints);
    this.events = new Events<EventMap>(subscribe);
    for (const [name, emit] of Object.entries(this.events)) this.#emits.set(checkName(name), emit);
    const functions = publish.map((name) => {
      checkName(name);
      return [name, (...args: readonly unknown[]) => this.#outgoing.publish(name, args)] as const;
    });
    this.publish = Object.fromEntries(functions);
  }

  get ready(): boolean {
    return this.#ready;
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

  async stop(): Promise<void> {
    const run = this.#run;
    this.#run = undefined;
    this.#ready = false;
    this.#outgoing.end();
    run?.ending.abort(new StateError('the peer was stopped before it was ready'));
    await run?.bus?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #open(run: Run): Promise<void> {
    const bus = await makeBus(this.#endpoints);
    run.ending.signal.throwIfAborted();
    run.bus = bus;
    await bus.open({
      frame: (text) => this.#receive(text),
      unreadable: () => this.#reportInvalid({ reason: 'utf-8' }),
      down: () => this.#linkBroke(),
    });
    for (const name of this.#emits.keys()) bus.subscribe({ name, prefixes: requestPrefixes(name) });
    bus.subscribe({ name: methodTo(this.#id), prefixes: controlPrefixes(this.#id) });
    bus.subscribe({ name: MIXED_BATCH_PREFIX, prefixes: [MIXED_BATCH_PREFIX] });
  }

  #becomeReady(): void {
    const bus = this.#run?.bus;
    if (bus === undefined) return;
    this.#ready = true;
    this.#outgoing.open((frame) => bus.send(frame));
    this.#emit(this.status.connected);
  }

  #linkBroke(): void {
    this.#readiness.forget();
    if (!this.#ready || this.#run === undefined) return;
    this.#ready = false;
    this.#outgoing.pause();
    this.#readiness.ask(Infinity, this.#run.ending.signal).then(
      () => this.#becomeReady(),
      // Only stopping ends the asking; that is no error.
      () => {},
    );
    this.#emit(this.status.disconnected);
  }

  #receive(text: string): void {
    const { calls, invalid } = decode(text);
    for (const { method, args } of calls) {
      const emit = this.#emits.get(method);
      if (emit !== undefined) this.#emit(emit, ...args);
      else if (method === methodTo(this.#id)) this.#receiveControl(args);
    }
    for (const { reason, method } of invalid)
      this.#reportInvalid({ reason, ...(method !== undefined && { event: method }) });
  }

  #receiveControl(args: readonly unknown[]): void {
    const probe = readProbe(args);
    if (probe !== undefined) this.#readiness.answered(probe);
  }

  #reportInvalid(report: Omit<InvalidFrame, 'count'>): void {
    this.#invalid += 1;
    this.#emit(this.status.invalid, { ...report, count: this.#invalid });
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
