import { checkEndpoints, endpointsOf, isPort, makeBus, makePortBus } from '../bus/address.ts';
import type { Bus, Endpoints } from '../bus/bus.ts';
import { type BusCapabilities, capabilitiesOf } from '../bus/capabilities.ts';
import type { Port } from '../bus/port/port-line.ts';
import { type Codec, decodeThen } from '../contract/codec.ts';
import { codecOf, type Contract, contract as checked, isList, schemasOf } from '../contract/contract.ts';
import { isRequest } from '../contract/request.ts';
import { type Parse, parserFor } from '../contract/validate.ts';
import { AddressError, ConnectError } from '../errors.ts';
import type { EventMap } from '../events/events.ts';
import { type Clock, systemClock } from '../stream/clock.ts';
import { RESERVED_PREFIX } from '../wire/names.ts';
import { type ContractPeerOptions, type PeerOptions, readOptions } from './options.ts';
import { type RequestSpec, specsOf } from './requests.ts';
import type { SessionOptions } from './session.ts';

/** The arguments of the constructor in the form of the Python original. */
type OriginalArguments = [
  inAddress: string,
  outAddress: string,
  subscribe: readonly string[],
  publish: readonly string[],
  options?: PeerOptions<EventMap, EventMap>,
];

/** The arguments in the form with a contract. */
type ContractArguments = [
  place: string | Endpoints | Port,
  contract: Contract,
  options: ContractPeerOptions<string, string, string, string>,
];

/** The arguments in the form for one address or a port, without a contract. */
type PlaceArguments = [
  place: string | Endpoints | Port,
  subscribe: readonly string[],
  publish: readonly string[],
  options?: PeerOptions<EventMap, EventMap>,
];

export type PeerArguments = OriginalArguments | ContractArguments | PlaceArguments;

/** Where to connect, and how, if the addresses do not say that. */
interface Place {
  readonly endpoints: Endpoints;
  readonly capabilities: BusCapabilities;
  readonly makeBus?: () => Promise<Bus>;
}

/** What a peer was created with, whichever form of the constructor was used. */
export interface Setup {
  readonly endpoints: Endpoints;
  readonly capabilities: BusCapabilities;
  readonly makeBus: () => Promise<Bus>;
  readonly clock: Clock;
  readonly subscribe: readonly string[];
  readonly publish: readonly string[];
  /** How the peer delivers. */
  readonly session: Omit<SessionOptions, 'id' | 'contract'>;
  /** The names of its durable subscriptions, and the events of each. */
  readonly durable: ReadonlyMap<string, readonly string[]>;
  /** The events whose listeners are awaited. */
  readonly awaited: ReadonlySet<string>;
  /** The events and requests of its contract in which it takes part, each once. */
  readonly names: readonly string[];
  /** How values beyond JSON cross; undefined if they do not. */
  readonly codec: Codec | undefined;
  /** How the arguments of events are checked, for events that are checked. Incoming ones are decoded first. */
  readonly incoming: ReadonlyMap<string, Parse>;
  readonly outgoing: ReadonlyMap<string, Parse>;
  /** The requests that it sends, and those that it answers. */
  readonly request: ReadonlyMap<string, RequestSpec>;
  readonly serve: ReadonlyMap<string, RequestSpec>;
  /** Whether requests and answers are checked before they leave. */
  readonly validates: boolean;
  readonly contract: Contract | undefined;
  readonly refuses: boolean;
}

const NOTHING_CHECKED: ReadonlyMap<string, Parse> = new Map();
const NO_REQUESTS: ReadonlyMap<string, RequestSpec> = new Map();

/** @throws AddressError, ConnectError; RangeError or TypeError for options that make no sense */
export function readArguments(args: PeerArguments): Setup {
  if (Array.isArray(args[1])) return readNames(...(args as PlaceArguments));
  // Lists of names also indicate this form: an address may be missing, which is then reported.
  if (typeof args[1] === 'string' || Array.isArray(args[2])) {
    const [inAddress, outAddress, subscribe, publish, options] = args as OriginalArguments;
    return readNames({ in: inAddress, out: outAddress }, subscribe, publish, options);
  }
  return readContract(args as ContractArguments);
}

function readNames(
  where: string | Endpoints | Port,
  subscribe: readonly string[],
  publish: readonly string[],
  options: PeerOptions<EventMap, EventMap> = {},
): Setup {
  // The characters of a string would be taken for names.
  if (!isList(subscribe) || !isList(publish)) throw new TypeError(NO_LIST);
  for (const name of [...subscribe, ...publish]) checkName(name);
  return {
    ...readDelivery(where, subscribe, options),
    subscribe,
    publish,
    names: [],
    codec: undefined,
    incoming: NOTHING_CHECKED,
    outgoing: NOTHING_CHECKED,
    request: NO_REQUESTS,
    serve: NO_REQUESTS,
    validates: false,
    contract: undefined,
    refuses: false,
    // Without a contract, there may be any event.
    session: { ...readOptions(subscribe, publish, [], options), knows: () => true },
  };
}

const NO_LIST = 'expected a list of the names of events, or of requests';

/** Stands for the address of a port, which has none. */
export const PORT = 'a port';

function readPlace(place: string | Endpoints | Port): Place {
  if (isPort(place)) {
    return {
      endpoints: { in: PORT, out: PORT },
      capabilities: capabilitiesOf('port'),
      makeBus: () => makePortBus(place),
    };
  }
  const endpoints = typeof place === 'object' && place !== null ? place : endpointsOf(place);
  return { endpoints, capabilities: capabilitiesOf(checkEndpoints(endpoints)) };
}

/**
 * Reads where to connect, and what is to be kept there.
 * @throws AddressError if that is not possible there
 */
function readDelivery(
  where: string | Endpoints | Port,
  subscribe: readonly string[],
  options: PeerOptions<EventMap, EventMap>,
): Pick<Setup, 'endpoints' | 'capabilities' | 'makeBus' | 'clock' | 'durable' | 'awaited'> {
  const { clock = systemClock(), token, nats } = options;
  const place = readPlace(where);
  const { endpoints } = place;
  const capabilities = options.bus === undefined ? place.capabilities : capabilitiesOf('other');
  const durable = new Map<string, string[]>();
  const awaited = new Set<string>();
  for (const event of subscribe) {
    const { durable: name, awaited: isAwaited = name !== undefined } = options.subscribe?.[event] ?? {};
    if (isAwaited) awaited.add(event);
    if (name === undefined) continue;
    if (typeof name !== 'string' || name === '') {
      throw new ConnectError(`the name of the durable subscription to '${event}' must be a text that is not empty`);
    }
    if (!capabilities.durable) throw noStore(name, endpoints);
    durable.set(name, [...(durable.get(name) ?? []), event]);
  }
  const make = options.bus ?? place.makeBus ?? (() => makeBus(endpoints, { token, nats }));
  return { endpoints, capabilities, makeBus: make, clock, durable, awaited };
}

/** Returns the error for a durable subscription at an address where there can be none. */
export function noStore(name: string, { in: address }: Endpoints): AddressError {
  return new AddressError(
    `the subscription '${name}' cannot be durable at '${address}', where nothing is kept for subscribers that are away; ` +
      'nats:// can do that',
  );
}

function readContract([place, given, options]: ContractArguments): Setup {
  // Something that was not made with `contract` could have entries that nobody would check.
  const contract = checked(given);
  if (typeof options !== 'object') throw new TypeError('expected options beside the contract');
  const { request = [], serve = [], validateOutgoing = true, contractMismatch = 'warn', ...more } = options;
  if (!['warn', 'refuse'].includes(contractMismatch))
    throw new TypeError("contractMismatch must be 'warn' or 'refuse'");
  const { subscribe = [], publish = [], ...rest } = more;
  const subscribed = namesIn(subscribe, contract, 'event');
  const published = namesIn(publish, contract, 'event');
  const requested = namesIn(request, contract, 'request');
  const served = namesIn(serve, contract, 'request');
  const names = [...new Set([...subscribed, ...published, ...requested, ...served])];
  const codec = codecOf(contract);
  const delivery = { ...rest, ...(!isList(subscribe) && { subscribe }), ...(!isList(publish) && { publish }) };
  return {
    ...readDelivery(place, subscribed, delivery),
    subscribe: subscribed,
    publish: published,
    names,
    codec,
    incoming: parsersFor(subscribed, contract, codec),
    outgoing: validateOutgoing ? parsersFor(published, contract) : NOTHING_CHECKED,
    request: specsOf(contract, requested, 'asks'),
    serve: specsOf(contract, served, 'answers'),
    validates: validateOutgoing,
    contract,
    refuses: contractMismatch === 'refuse',
    session: {
      ...readOptions(subscribed, published, served, delivery),
      knows: (name) => has(contract, name, 'event'),
    },
  };
}

function namesIn(
  wanted: readonly string[] | Readonly<Record<string, object>>,
  contract: Contract,
  kind: 'event' | 'request',
): readonly string[] {
  if (typeof wanted !== 'object') throw new TypeError(NO_LIST);
  const names = isList(wanted) ? wanted : Object.keys(wanted);
  for (const name of names) {
    checkName(name);
    if (!has(contract, name, kind)) throw new ConnectError(`the contract has no ${kind} '${name}'`);
  }
  return names;
}

function has(contract: Contract, name: string, kind: 'event' | 'request'): boolean {
  return Object.hasOwn(contract, name) && isRequest(contract[name]) === (kind === 'request');
}

/** @param codec - decodes the arguments first, also if there are no schemas */
function parsersFor(names: readonly string[], contract: Contract, codec?: Codec): ReadonlyMap<string, Parse> {
  return new Map(
    names.flatMap((name) => {
      const entry = contract[name];
      const schemas = entry === undefined ? undefined : schemasOf(entry);
      const check = schemas === undefined ? undefined : parserFor(schemas);
      const parse = codec === undefined ? check : decodeThen(codec, check);
      return parse === undefined ? [] : [[name, parse] as const];
    }),
  );
}

function checkName(name: string): void {
  // Names may also come from programs without types.
  if (typeof name !== 'string' || name === '' || name === '__proto__' || name.startsWith(RESERVED_PREFIX)) {
    throw new ConnectError(`'${name}' cannot be the name of an event that crosses sockets`);
  }
}
