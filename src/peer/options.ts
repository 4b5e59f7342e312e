import type { Bus } from '../bus/bus.ts';
import type { BusAt } from '../bus/capabilities.ts';
import type { LoadNatsCore } from '../bus/nats/nats-library.ts';
import { ConnectError } from '../errors.ts';
import type { EventMap, MapOfEvents } from '../events/events.ts';
import type { Clock } from '../stream/clock.ts';
import { type EventOutboxOptions, PUBLISH_POLICIES } from '../stream/log.ts';
import { LONGEST_TIMER } from '../timers.ts';
import type { SessionOptions } from './session.ts';

/** How long to wait. */
export interface FlushOptions {
  /**
   * Milliseconds.
   * @default Infinity; 2000 when stopping
   */
  timeout?: number | undefined;
  /** Ends the wait: a flush rejects with the signal's reason, a stop goes on to its next step. */
  signal?: AbortSignal | undefined;
}

/** What to wait for, and how long. */
export type WaitOptions<P extends MapOfEvents<P>, Q = {}> = (
  | {
      /** An event that this peer publishes. */
      subscribers: keyof P & string;
      servers?: never;
    }
  | {
      /** A request that this peer sends. */
      servers: keyof Q & string;
      subscribers?: never;
    }
) & {
  /**
   * How many peers should subscribe to the event, or serve the request.
   * @default 1
   */
  count?: number | undefined;
  /**
   * Milliseconds.
   * @default Infinity
   */
  timeout?: number | undefined;
  /** Ends the wait with the signal's reason. */
  signal?: AbortSignal | undefined;
};

/**
 * The type of names for durable subscriptions at an address. If the compiler does not know the address, any name fits.
 * If there can be none at that address, the type says so.
 */
export type DurableName<A = string> = BusAt<A>['durable'] extends false
  ? "'durable' needs a bus that keeps events for subscribers that are away: nats://…"
  : string;

/**
 * How an event is subscribed to.
 * @typeParam A - the peer's address
 */
export interface SubscriptionOptions<A = string> {
  /**
   * How many of the latest events to get from each publisher when the two peers meet. Those of them that the
   * publisher's `history` does not have any more are reported as a `gap`.
   * @default 0
   */
  readonly replay?: number | undefined;
  /**
   * A name under which the event is kept for this peer while it is away, restarts included. From its first start on,
   * the peer gets each event at least once. One peer at a time has a name: the last that was started. `nats://` only.
   */
  readonly durable?: DurableName<A> | undefined;
  /**
   * Whether an event counts as delivered only when everything that its listeners returned has ended: promises, and
   * calls of slots. A publisher that awaits `publish` then goes no faster than they work. It does not matter how they
   * end: a failure is reported, and the event is not repeated.
   * @default false; true where it is durable
   */
  readonly awaited?: boolean | undefined;
}

/**
 * How a peer delivers.
 * @typeParam A - the peer's address, which decides what it can do
 */
export interface PeerOptions<S extends MapOfEvents<S>, P extends MapOfEvents<P>, A = string> {
  /** What happens to each published event when subscribers do not keep up. */
  publish?: { readonly [Name in keyof P]?: EventOutboxOptions } | undefined;
  /** How each event is subscribed to. */
  subscribe?: { readonly [Name in keyof S]?: SubscriptionOptions<A> } | undefined;
  /**
   * How many events may be under way, sent but not acknowledged: 50,000 and `limit` at most, and 4 Mi characters.
   * @default 16_384
   */
  window?: number | undefined;
  /**
   * How many events are kept for subscribers that do not have them yet.
   * @default 100_000
   */
  limit?: number | undefined;
  /**
   * How many events of each name are kept for `replay` and for repairs of late joins.
   * @default 1000
   */
  history?: number | undefined;
  /**
   * Milliseconds after which a peer that says nothing counts as gone, and nobody waits for it any more. It can take up
   * to a third longer until this is noticed. Between two peers, the longer of their two values holds, up to ten times
   * the shorter one: each speaks three times within its own.
   * @default 6000
   */
  silence?: number | undefined;
  /** The token to show to a broker whose door asks for one, each time the peer connects; or a function that gets it. */
  token?: string | (() => string | Promise<string>) | undefined;
  /**
   * Loads the client for NATS, which pages need at `nats+ws://` and `nats+wss://`:
   * `() => import('@nats-io/nats-core')`.
   * @default found by its name, which is possible where programs run, and not in pages
   */
  nats?: LoadNatsCore | undefined;
  /** A bus of your own, instead of the one at the addresses; also for tests, such as that of a `FaultyNetwork`. */
  bus?: (() => Promise<Bus>) | undefined;
  /** A clock to use instead of the runtime's, for tests. */
  clock?: Clock | undefined;
}

/** The events and requests of a peer with a contract, and how it delivers. */
export interface ContractPeerOptions<
  S extends string,
  P extends string,
  Q extends string = never,
  V extends string = never,
  A = string,
> extends Omit<PeerOptions<EventMap, EventMap>, 'publish' | 'subscribe'> {
  /** The events to receive: a list of names, or for each name, how to subscribe to it. */
  subscribe?: readonly S[] | { readonly [Name in S]: SubscriptionOptions<A> } | undefined;
  /** The events to send: a list of names, or for each name, what happens when subscribers do not keep up. */
  publish?: readonly P[] | { readonly [Name in P]: EventOutboxOptions } | undefined;
  /** The requests to send: they become functions of `peer.request`. */
  request?: readonly Q[] | undefined;
  /** The requests to answer, by the handlers that are connected to `peer.serve`. */
  serve?: readonly V[] | undefined;
  /**
   * Whether arguments are checked when they are published or sent. The same applies to answers.
   * @default true
   */
  validateOutgoing?: boolean | undefined;
  /**
   * What to do about another peer whose contract is different. `'warn'` only emits `contractMismatch`. With `'refuse'`
   * on at least one side, the events that differ are not exchanged with that peer.
   * @default 'warn'
   */
  contractMismatch?: 'warn' | 'refuse' | undefined;
}

/** How long to wait for a broker. */
export interface StartOptions {
  /**
   * Milliseconds until the start fails because no broker was found.
   * @default 5000
   */
  timeout?: number | undefined;
  /** Ends the start with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * Reads the options of a peer, and returns those that its session needs.
 * @throws ConnectError, RangeError, TypeError
 */
export function readOptions(
  subscribe: readonly string[],
  publish: readonly string[],
  serve: readonly string[],
  options: PeerOptions<EventMap, EventMap>,
): Omit<SessionOptions, 'id' | 'knows' | 'contract'> {
  const { window = 16_384, limit = 100_000, history = 1_000, silence = 6_000 } = options;
  checkCount('window', window, 1, MOST_UNDER_WAY);
  checkCount('limit', limit, 1);
  checkCount('history', history, 0);
  checkRange('silence', silence, 1, LONGEST_TIMER);
  for (const [name, given] of entriesFor(subscribe, options.subscribe)) {
    checkCount(`the replay of event '${name}'`, given?.replay ?? 0, 0);
  }
  for (const [name, given] of entriesFor(publish, options.publish)) checkPublish(name, given);
  return {
    subscribes: new Map(subscribe.map((name) => [name, options.subscribe?.[name]?.replay ?? 0])),
    publishes: publish,
    durable: new Set(subscribe.filter((name) => options.subscribe?.[name]?.durable !== undefined)),
    serves: serve,
    // A caller that awaits `publish` has room in the window. That is to mean that it may publish.
    outbox: { window: Math.min(window, limit), limit, history, size: MOST_CHARACTERS, events: options.publish ?? {} },
    silence,
  };
}

/** Returns the options of each event. Throws for an unknown name: a misspelt one would have no effect. */
function entriesFor<T>(names: readonly string[], given: Readonly<Record<string, T>> = {}): [name: string, given: T][] {
  const known = new Set(names);
  const entries = Object.entries(given);
  for (const [name] of entries) {
    if (!known.has(name)) throw new ConnectError(`there are options for event '${name}', which is not in the list`);
  }
  return entries;
}

function checkPublish(name: string, { overflow = 'block', limit = 1 }: EventOutboxOptions = {}): void {
  if (!PUBLISH_POLICIES.includes(overflow)) {
    throw new TypeError(`the overflow of event '${name}' must be one of ${PUBLISH_POLICIES.join(', ')}`);
  }
  checkCount(`the limit of event '${name}'`, limit, 1);
}

/** @throws RangeError unless the value is a whole number in the range; without an upper bound, it may be Infinity */
function checkCount(what: string, value: number, least: number, most = Infinity): void {
  checkRange(what, value, least, most);
  if (value !== Infinity && !Number.isInteger(value)) throw new RangeError(`${what} must be a whole number`);
}

function checkRange(what: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return;
  throw new RangeError(`${what} must be ${most === Infinity ? `at least ${least}` : `from ${least} to ${most}`}`);
}

/** How many events may be under way at most. Subscribers hold back twice as many from one publisher. */
const MOST_UNDER_WAY = 50_000;
/** How many characters of events a peer keeps for subscribers: 64 Mi. */
const MOST_CHARACTERS = 67_108_864;
