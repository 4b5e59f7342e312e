import { AddressError } from '../errors.ts';
import type { Bus, Door, DoorListener, Endpoints, Frame, Gate, OpenDoors, Token, Uplink } from './bus.ts';
import type { Capabilities } from './capabilities.ts';
import { isChannel } from './port/channel.ts';
import type { LoadNatsCore } from './nats/nats-library.ts';
import type { PortDoor } from './port/port-door.ts';
import type { Port } from './port/port-line.ts';
import type { Grant, WebSocketDoorOptions } from './websocket/websocket-options.ts';

/** The kinds of addresses, by scheme. */
type Scheme = keyof Capabilities;

/** The bus for each kind, loaded when it is needed. */
const BUSES: Readonly<Record<Scheme, (endpoints: Endpoints, options: BusOptions) => Promise<Bus>>> = {
  inproc: async (endpoints) => new (await import('./memory.ts')).MemoryBus(endpoints),
  ipc: async (endpoints) => (await import('./ipc/ipc.ts')).makeIpcBus(endpoints),
  tcp: async (endpoints) => (await import('./zeromq.ts')).makeZeromqBus(endpoints),
  ws: webSocketBus,
  wss: webSocketBus,
  'ws+unix': webSocketBus,
  nats: async ({ in: address }, { token }) => (await import('./nats/nats.ts')).makeNatsBus(address, token),
  'nats+ws': natsWebSocketBus,
  'nats+wss': natsWebSocketBus,
  redis: redisBus,
  rediss: redisBus,
};

const SCHEMES = /* @__PURE__ */ Object.keys(BUSES) as readonly Scheme[];

/** The kinds that lead to third-party servers. */
const SERVERS: ReadonlySet<Scheme> = new Set<Scheme>(['nats', 'nats+ws', 'nats+wss', 'redis', 'rediss']);
/** The kinds that have one address for each way; an address of any other kind is for both ways. */
const ONE_EACH_WAY: ReadonlySet<Scheme> = new Set<Scheme>(['inproc', 'ipc', 'tcp']);

/** The options of a bus, besides its endpoints. */
export interface BusOptions {
  readonly token?: Token;
  /** Loads the client for NATS over WebSockets. */
  readonly nats?: LoadNatsCore | undefined;
}

interface Address {
  readonly scheme: Scheme;
  /** What follows `://`. */
  readonly rest: string;
}

/**
 * Returns the two endpoints of a broker that was given one address. `ipc:///tmp/shop` has `/tmp/shop.in` and
 * `/tmp/shop.out`, `inproc://shop` likewise, and `tcp://host:5000` has the ports 5000 and 5001. WebSockets, NATS and
 * Redis have one address for both ways.
 * @throws AddressError
 */
export function endpointsOf(address: string): Endpoints {
  const { scheme, rest } = parseAddress(address);
  if (!ONE_EACH_WAY.has(scheme)) return { in: address, out: address };
  if (scheme !== 'tcp') return { in: `${address}.in`, out: `${address}.out` };
  const { host, port } = parseTcp(address, rest);
  if (port === 0 || port === MAX_PORT) {
    throw new AddressError(
      `'${address}': one address needs its port and the next; ${port} has none. Give two addresses`,
    );
  }
  return { in: address, out: `tcp://${host}:${port + 1}` };
}

/**
 * Checks that two addresses can be the endpoints of one broker.
 * @throws AddressError
 */
export function checkEndpoints(endpoints: Endpoints): Scheme {
  const first = parseAddress(endpoints.in);
  const second = parseAddress(endpoints.out);
  if (first.scheme !== second.scheme) {
    throw new AddressError(`'${endpoints.in}' and '${endpoints.out}' must be of the same kind`);
  }
  if (!ONE_EACH_WAY.has(first.scheme)) {
    if (endpoints.in !== endpoints.out) {
      throw new AddressError(`'${endpoints.in}' is for both ways: '${endpoints.out}' is one too many`);
    }
    return first.scheme;
  }
  if (first.scheme === 'tcp') {
    const { port } = parseTcp(endpoints.in, first.rest);
    parseTcp(endpoints.out, second.rest);
    if (port === 0) return first.scheme;
  }
  if (endpoints.in === endpoints.out) {
    throw new AddressError(`'${endpoints.in}' is given twice: peers receive from one address and send to another`);
  }
  return first.scheme;
}

/**
 * Checks that a broker can serve at two addresses.
 * @throws AddressError
 */
export function checkServed(endpoints: Endpoints): void {
  const scheme = checkEndpoints(endpoints);
  if (isWebSocket(scheme)) throw new AddressError(`'${endpoints.in}' is for WebSockets: give it as the broker's ws`);
  if (!SERVERS.has(scheme)) return;
  const hint = scheme === 'nats' ? "name it as the broker's uplink" : 'peers connect there, without a broker';
  throw new AddressError(`'${endpoints.in}' is where a server of ${scheme} serves: ${hint}`);
}

/**
 * Checks that a broker can join others at an address.
 * @throws AddressError
 */
export function checkUplink(address: string): void {
  // Checked first: for what is no address at all, the error need not list all kinds of addresses.
  if (!/^[a-z+]+:\/\//.test(address)) throw new AddressError(`'${address}' is no address; expected nats://…`);
  if (parseAddress(address).scheme === 'nats') return;
  throw new AddressError(`'${address}' cannot be an uplink; expected nats://…`);
}

/** The bus of a peer, loaded when it is needed. */
export async function makeBus(endpoints: Endpoints, options: BusOptions = {}): Promise<Bus> {
  return BUSES[checkEndpoints(endpoints)](endpoints, options);
}

/** Whether a value is a port to another thread. */
export function isPort(place: unknown): place is Port {
  return typeof place === 'object' && place !== null && 'postMessage' in place;
}

/** The bus of a peer at a port or a channel, loaded when it is needed. */
export async function makePortBus(port: Port): Promise<Bus> {
  if (isChannel(port)) return new (await import('./port/broadcast.ts')).BroadcastBus(port);
  return new (await import('./port/port.ts')).PortBus(port);
}

/**
 * Opens the doors of a broker for peers that come in over local sockets or ZeroMQ, or within the thread. The doors are
 * loaded when they are needed.
 */
export async function openDoors(endpoints: Endpoints, listener: DoorListener): Promise<OpenDoors> {
  const scheme = checkEndpoints(endpoints);
  if (scheme === 'ipc') return (await import('./ipc/ipc.ts')).openIpcDoors(endpoints, listener);
  const door =
    scheme === 'inproc'
      ? new (await import('./memory.ts')).MemoryDoor(endpoints)
      : await (await import('./zeromq.ts')).makeZeromqDoor(endpoints);
  return { endpoints: await door.open(listener), doors: [door] };
}

/** The door of a broker for peers that come in over WebSockets, loaded when it is needed. */
export async function makeWebSocketDoor(
  options: WebSocketDoorOptions,
  makeGate: (grant: Grant) => Gate,
): Promise<Door> {
  return (await import('./websocket/websocket-door.ts')).makeWebSocketDoor(options, makeGate);
}

/**
 * Checks that a door for WebSockets can be at a path: peers ask for the path that results from parsing a URL.
 * @throws AddressError
 */
export function checkPath(path: string): void {
  const url = `ws://host${path}`;
  const asked = path.startsWith('/') && URL.canParse(url) ? new URL(url).pathname : undefined;
  if (asked === path) return;
  const hint = asked === undefined ? 'it begins with a slash, as in /events' : `peers would ask for '${asked}'`;
  throw new AddressError(`'${path}' cannot be the path of a door for WebSockets: ${hint}`);
}

/** The door of a broker for peers that come in over ports, loaded when it is needed. */
export async function makePortDoor(): Promise<PortDoor> {
  return new (await import('./port/port-door.ts')).PortDoor(PORT_HEARTBEAT);
}

/** The time, in milliseconds, after which a thread that does not answer is sent nothing more, until it answers. */
const PORT_HEARTBEAT = 10_000;

/** The uplink that joins a broker to others, loaded when it is needed. */
export async function makeUplink(
  address: string,
  token: Token,
  topicOf: (frame: Frame) => string | undefined,
): Promise<Uplink> {
  return (await import('./nats/nats.ts')).makeNatsUplink(address, token, topicOf);
}

/**
 * Returns the options that an address gives for a door for WebSockets; undefined for an address of another kind.
 * @throws AddressError
 */
export function webSocketDoorAt(address: string): WebSocketDoorOptions | undefined {
  const { scheme, rest } = parseAddress(address);
  if (scheme === 'wss') throw new AddressError(`'${address}': for wss, attach the broker to an HTTPS server of yours`);
  if (scheme === 'ws+unix') {
    const [, socket, path] = /^([^:]*)(?::(.*))?$/s.exec(rest) ?? [];
    return { socket, path };
  }
  if (scheme !== 'ws') return undefined;
  const { hostname, port, pathname } = new URL(address);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 80 : Number(port), path: pathname };
}

async function natsWebSocketBus({ in: address }: Endpoints, { token, nats }: BusOptions): Promise<Bus> {
  return (await import('./nats/nats-websocket.ts')).makeNatsWebSocketBus(address, token, nats);
}

async function redisBus({ in: address }: Endpoints, { token }: BusOptions): Promise<Bus> {
  return (await import('./redis.ts')).makeRedisBus(address, token);
}

async function webSocketBus(endpoints: Endpoints, { token }: BusOptions): Promise<Bus> {
  return new (await import('./websocket/websocket.ts')).WebSocketBus(endpoints.in, token);
}

function parseAddress(address: string): Address {
  const [, scheme, rest] = /^([a-z]+(?:\+[a-z]+)?):\/\/(.+)$/s.exec(address) ?? [];
  if (scheme === undefined || rest === undefined) {
    throw new AddressError(`'${address}' is no address; expected ${SCHEMES.map((name) => `${name}://…`).join(', ')}`);
  }
  if (!isScheme(scheme)) {
    throw new AddressError(`'${address}': '${scheme}' is not known; expected one of ${SCHEMES.join(', ')}`);
  }
  if (rest.includes('\0')) throw new AddressError('an address cannot contain a NUL character');
  if (isWebSocket(scheme)) checkWebSocket(address, scheme, rest);
  if (SERVERS.has(scheme)) checkServer(address, scheme, rest);
  if (scheme === 'ipc' && !rest.startsWith('/') && !rest.startsWith('@')) {
    throw new AddressError(`'${address}': ipc needs an absolute path, as in ipc:///tmp/shop`);
  }
  return { scheme, rest };
}

function isScheme(text: string): text is Scheme {
  return Object.hasOwn(BUSES, text);
}

function isWebSocket(scheme: Scheme): boolean {
  return BUSES[scheme] === webSocketBus;
}

function checkWebSocket(address: string, scheme: Scheme, rest: string): void {
  if (scheme === 'ws+unix') {
    if (rest.startsWith('/')) return;
    throw new AddressError(`'${address}': ws+unix needs an absolute path, as in ws+unix:///tmp/${rest}`);
  }
  if (!URL.canParse(address) || rest.includes('#')) {
    throw new AddressError(`'${address}' is no URL, as ws://127.0.0.1:8080 and wss://shop.example/events are`);
  }
}

function checkServer(address: string, scheme: Scheme, rest: string): void {
  if (rest.includes('@')) {
    // The address is not shown: it would end up in logs.
    throw new AddressError(`an address of ${scheme}:// has no user and no password: use the option token`);
  }
  const [, hosts = '', names] = /^([^/?#]+)((?:\/[\w-]+)*)\/?$/.exec(rest) ?? [];
  const list = scheme.startsWith('nats') ? hosts.split(',') : [hosts];
  if (names !== undefined && list.every((host) => /^[^,]+$/.test(host) && URL.canParse(`ws://${host}`))) return;
  throw new AddressError(
    `'${address}': ${scheme} needs a host, and may have a namespace of letters, as in ${scheme}://127.0.0.1/shop`,
  );
}

const MAX_PORT = 65_535;

function parseTcp(address: string, rest: string): { host: string; port: number } {
  const [, host, digits] = /^(\[[^\]]+\]|[^:/]+):(\d{1,5})$/.exec(rest) ?? [];
  const port = Number(digits);
  if (host === undefined || !(port <= MAX_PORT)) {
    throw new AddressError(`'${address}': tcp needs a host and a port up to ${MAX_PORT}, as in tcp://127.0.0.1:5000`);
  }
  return { host, port };
}
