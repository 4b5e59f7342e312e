import type { Endpoints } from '../bus/bus.ts';
import type { BusAt, BusCapabilities } from '../bus/capabilities.ts';
import type { Port } from '../bus/port/port-line.ts';
import type { Contract, EventsIn, PublishedArgs, ReceivedArgs, RequestNameIn } from '../contract/contract.ts';
import type { AnyEvent, HandlerPoint } from '../events/event.ts';
import type { EventMap, Events, HasEventMap, MapOfEvents, UntypedEvents } from '../events/events.ts';
import type { ContractPeerOptions, FlushOptions, PeerOptions, StartOptions, WaitOptions } from './options.ts';
import type { RemotePeer } from './presence.ts';
import type { Ask, Handler, Requests, Served } from './requests.ts';
import type { PeerStatus } from './status.ts';

/** The functions that publish a peer's events. */
export type Publish<M extends MapOfEvents<M>> = { readonly [Name in keyof M]: (...args: M[Name]) => Promise<void> };

/**
 * Exchanges events with other peers through a broker. `peer.events` emits what other peers publish. What is passed to
 * `peer.publish` is emitted by every peer that subscribed to it, in this process or another, in TypeScript or Python.
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
 * Without type arguments, the type fits any peer, whatever its events and requests:
 * `const all: Peer[] = [seller, buyer]`. The type of a peer with a contract is {@link PeerOf}.
 *
 * Python: `mreventloop.Peer`, with the same arguments.
 *
 * @typeParam S - the events it subscribes to, with their arguments
 * @typeParam P - the events it publishes, with their arguments
 * @typeParam Q - the functions that send requests, by the names of the requests
 * @typeParam V - the points to which handlers are connected, by the names of the requests
 * @typeParam B - the capabilities of its bus, as far as the compiler knows its address
 */
export interface Peer<
  S extends MapOfEvents<S> = {},
  P extends MapOfEvents<P> = {},
  Q = {},
  V = {},
  B extends BusCapabilities = BusCapabilities,
> extends AsyncDisposable {
  /** The events that other peers publish. A listener that throws ends the program, like a slot that throws. */
  readonly events: Events<S>;
  /**
   * Publishes events. An event is kept until every live subscriber has it, and the store as well if it is durable.
   * Before the peer is started, or started again, and while the broker is away, the event waits here. The promise
   * fulfils when there is room for more: a caller that awaits it never overruns slow subscribers. Throws a
   * `PayloadError` for arguments that JSON cannot carry, a `ValidationError` for arguments that do not fit the
   * contract, and an `OverflowError` when too much is kept already. If an asynchronous schema has to be awaited, the
   * promise rejects with the last two instead.
   */
  readonly publish: Publish<P>;
  /**
   * Sends requests. Each function takes the arguments of its request, then options, and returns a promise of the
   * answer, or an async iterable of the answers. The request always settles. It rejects with a `RemoteError` if the
   * handler threw, a `NoHandlerError` if no peer serves the request, a `PeerGoneError`, a `TimeoutError` (after 30 s
   * unless given), the signal's reason, a `PayloadError`, a `ValidationError`, an `OverflowError` if too much waits, or
   * a `StateError` if this peer is stopped meanwhile. Before the start, and while the peer is stopped, a request waits
   * for the start.
   *
   * ```ts
   * const price = await buyer.request.price_of('tea', { timeout: 2000, signal });
   * ```
   */
  readonly request: Q;
  /**
   * Answers requests. Handlers are connected here, as listeners are connected to events. A handler gets the arguments
   * and a signal, which aborts when the answer is no longer wanted. What the handler throws is reported to the caller.
   *
   * ```ts
   * seller.serve.price_of((product) => 3);
   * connect(seller.serve, 'price_of', shop, 'onPriceOf'); // on the event loop of the shop
   * ```
   */
  readonly serve: V;
  /** Emits what happens to the peer itself. */
  readonly status: PeerStatus;
  /** The capabilities of the bus at its address. */
  readonly bus: B;
  /** Whether both ways through the broker are open. */
  readonly ready: boolean;
  /** The id by which other peers know this one. It is random, and a new one with each start. */
  readonly id: string;
  /** The other peers that are present. Peers in Python are not known. */
  readonly peers: readonly RemotePeer[];
  /** The number of published events that wait for a schema, or are kept for subscribers that do not have them yet. */
  readonly pending: number;
  /**
   * Connects, and fulfils when the peer is ready: it misses nothing that is published on the bus from then on. A peer
   * that was stopped can be started again. If it is still stopping, it finishes that first.
   * @returns the peer itself, for `await using`
   * @throws NoBrokerError after the timeout; RefusedError; AddressError; MissingLibraryError; the signal's reason;
   *   StateError when it was started already, or is stopped meanwhile. After an error nothing is left open, and what
   *   was published before is not kept for another start, but emitted as `undelivered`.
   */
  start(options?: StartOptions): Promise<this>;
  /**
   * Delivers what was published, as far as that is possible within the timeout (2 s unless given), and disconnects. It
   * does not wait for a broker that is away. What could not be delivered is emitted as `undelivered`. `stop` may be
   * called again, also to shorten the timeout.
   */
  stop(options?: FlushOptions): Promise<void>;
  /**
   * Fulfils when every live subscriber has everything that was published so far, and the store has what it is to keep.
   * @throws TimeoutError, which says which subscriber lacks how much; StateError when the peer was stopped and
   *   something is left; the signal's reason
   */
  flush(options?: FlushOptions): Promise<void>;
  /**
   * Fulfils when the given number of other peers subscribe to an event, or serve a request. Python peers do not count.
   * @throws TimeoutError; the signal's reason; StateError when the peer is stopped meanwhile; the error of a start
   *   that fails meanwhile
   */
  waitFor(options: WaitOptions<P, Q>): Promise<void>;
}

/**
 * The events and requests of a peer with a contract, as {@link PeerOf} takes them. Each is a union of names, or what
 * the constructor takes.
 */
export interface PeerParts<C> {
  /** The events it receives. */
  readonly subscribe?: Named<keyof EventsIn<C> & string> | undefined;
  /** The events it sends. */
  readonly publish?: Named<keyof EventsIn<C> & string> | undefined;
  /** The requests it sends. */
  readonly request?: Named<RequestNameIn<C>> | undefined;
  /** The requests it answers. */
  readonly serve?: Named<RequestNameIn<C>> | undefined;
}

type Named<N extends string> = N | readonly N[] | { readonly [Name in N]?: object };

type Given<O, Part extends keyof PeerParts<unknown>> = O extends { readonly [K in Part]: infer G } ? G : never;

type NamesOf<G> = G extends readonly (infer Name)[] ? Name : keyof G;

// A name, a list of names, or an object with names as keys. It is a union, so that generic code can resolve a name.
type NamesIn<O, Part extends keyof PeerParts<unknown>> =
  (Exclude<Given<O, Part>, object> & string) | (NamesOf<Extract<Given<O, Part>, object>> & string);

/** Unknown keys, for the compiler's message. */
type NothingElse<O> = { readonly [K in Exclude<keyof O, keyof ContractPeerOptions<string, string>>]: never };

/**
 * The type of a peer with a contract, for code that has no peer yet to take the type from:
 *
 * ```ts
 * class Till {
 *   readonly peer: PeerOf<typeof shop, { subscribe: 'produced' | 'sold'; request: 'price_of' }>;
 * }
 * ```
 *
 * Any peer with these events and requests, or more, fits. Declared options can be used as well:
 * `PeerOf<typeof shop, typeof options>`, with `const options = { … } as const`.
 *
 * @typeParam C - the contract
 * @typeParam O - the peer's events and requests
 * @typeParam A - its address, for `peer.bus`
 */
export type PeerOf<
  C extends Contract,
  O extends PeerParts<C> & NothingElse<O>,
  A extends string | Endpoints | Port = string,
> = Peer<
  { [Name in NamesIn<O, 'subscribe'> & keyof C & string]: ReceivedArgs<C[Name]> },
  { [Name in NamesIn<O, 'publish'> & keyof C & string]: PublishedArgs<C[Name]> },
  Requests<C, NamesIn<O, 'request'>>,
  Served<C, NamesIn<O, 'serve'>>,
  BusAt<A>
>;

export interface PeerConstructor {
  /**
   * Creates a peer of which only the names of the events are known: their arguments are `unknown`.
   * @param inAddress - where peers receive from, the same as the broker's first
   * @param outAddress - where peers send to, the same as the broker's second
   * @param subscribe - the events to receive
   * @param publish - the events to send
   * @throws AddressError for addresses that make no sense; RangeError or TypeError for options that make no sense
   */
  new <const S extends string, const P extends string, const A extends string>(
    inAddress: A,
    outAddress: string,
    subscribe: readonly S[],
    publish: readonly P[],
    options?: PeerOptions<UntypedEvents<S>, UntypedEvents<P>, A>,
  ): Peer<UntypedEvents<S>, UntypedEvents<P>, {}, {}, BusAt<A>>;
  /** Creates a peer with typed events. */
  new <S extends MapOfEvents<S> = EventMap, P extends MapOfEvents<P> = EventMap, const A extends string = string>(
    inAddress: A,
    outAddress: string,
    subscribe: readonly (keyof S & string)[],
    publish: readonly (keyof P & string)[],
    options?: PeerOptions<S, P, A>,
  ): Peer<S, P, {}, {}, BusAt<A>>;
  /**
   * Creates a peer at the one address of a broker; or a peer whose broker has the other end of a port, as in a worker;
   * or a peer that meets others without a broker, on a `BroadcastChannel`.
   * @param place - one address, or both; a `MessagePort`, a `Worker`, in a worker `self` or `parentPort`; or a channel
   * @param subscribe - the events to receive
   * @param publish - the events to send
   */
  new <const S extends string, const P extends string, const A extends string | Endpoints | Port>(
    place: A,
    subscribe: readonly S[],
    publish: readonly P[],
    options?: PeerOptions<UntypedEvents<S>, UntypedEvents<P>, A>,
  ): Peer<UntypedEvents<S>, UntypedEvents<P>, {}, {}, BusAt<A>>;
  /** Creates a peer with typed events at one address. */
  new <
    S extends MapOfEvents<S> = EventMap,
    P extends MapOfEvents<P> = EventMap,
    const A extends string | Endpoints = string | Endpoints,
  >(
    place: A,
    subscribe: readonly (keyof S & string)[],
    publish: readonly (keyof P & string)[],
    options?: PeerOptions<S, P, A>,
  ): Peer<S, P, {}, {}, BusAt<A>>;
  // Every correct call with an address fits the form before. This form takes addresses as well, so that the compiler
  // reports what is wrong in such a call, instead of that an address is not a port.
  /** Creates a peer with typed events at a port or a channel. */
  new <S extends MapOfEvents<S> = EventMap, P extends MapOfEvents<P> = EventMap>(
    port: string | Endpoints | Port,
    subscribe: readonly (keyof S & string)[],
    publish: readonly (keyof P & string)[],
    options?: PeerOptions<S, P, Port>,
  ): Peer<S, P, {}, {}, BusAt<Port>>;
  /**
   * Creates a peer whose events are declared in a contract. It has the events that are named here, with the types of
   * the contract, and checks what arrives and what it publishes.
   *
   * ```ts
   * const seller = new Peer('ipc:///tmp/shop', shop, { subscribe: ['request_product'], publish: ['produced'] });
   * ```
   *
   * @param place - the one address of a broker, or both; a port whose other end a broker has; or a channel
   * @param contract - made with `contract`
   * @param options - which events, and how to deliver them
   * @throws AddressError; ConnectError for a name that is not an event of the contract, or for an invalid contract
   */
  new <
    const C extends Contract,
    const S extends keyof EventsIn<C> & string = never,
    const P extends keyof EventsIn<C> & string = never,
    const Q extends RequestNameIn<C> = never,
    const V extends RequestNameIn<C> = never,
    const A extends string | Endpoints | Port = string,
  >(
    place: A,
    contract: C,
    options: ContractPeerOptions<S, P, Q, V, A>,
  ): Peer<
    { [Name in S]: ReceivedArgs<C[Name]> },
    { [Name in P]: PublishedArgs<C[Name]> },
    // Requests and Served are written out, so that editors show their result and not the whole contract in each.
    { readonly [Name in Q]: Ask<C[Name]> },
    { readonly [Name in V]: HandlerPoint<Handler<C[Name]>> & AnyEvent } & HasEventMap<{
      [Name in V]: Handler<C[Name]>;
    }>,
    BusAt<A>
  >;
  readonly prototype: Peer;
}
