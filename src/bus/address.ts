import { AddressError } from '../errors.ts';
import type { Bus, Door, Endpoints } from './bus.ts';

/** The kinds of addresses, by scheme. */
const SCHEMES = ['inproc', 'ipc', 'tcp'] as const;
type Scheme = (typeof SCHEMES)[number];

interface Address {
  readonly scheme: Scheme;
  /** What follows `://`. */
  readonly rest: string;
}

/**
 * The two endpoints of a broker that was given one address: `ipc:///tmp/shop` has `/tmp/shop.in` and
 * `/tmp/shop.out`, `inproc://shop` likewise, and `tcp://host:5000` has the ports 5000 and 5001.
 * @throws AddressError
 */
export function endpointsOf(address: string): Endpoints {
  const { scheme, rest } = parseAddress(address);
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

/** The bus of a peer, loaded when it is needed. */
export async function makeBus(endpoints: Endpoints, _options: { token?: unknown } = {}): Promise<Bus> {
  if (checkEndpoints(endpoints) === 'inproc') return new (await import('./memory.ts')).MemoryBus(endpoints);
  return (await import('./zeromq.ts')).makeZeromqBus(endpoints);
}

/** The door of a broker, loaded when it is needed. */
export async function makeDoor(endpoints: Endpoints): Promise<Door> {
  if (checkEndpoints(endpoints) === 'inproc') return new (await import('./memory.ts')).MemoryDoor(endpoints);
  return (await import('./zeromq.ts')).makeZeromqDoor(endpoints);
}

function parseAddress(address: string): Address {
  const [, scheme, rest] = /^([a-z]+):\/\/(.+)$/s.exec(address) ?? [];
  if (scheme === undefined || rest === undefined) {
    throw new AddressError(`'${address}' is no address; expected ${SCHEMES.map((name) => `${name}://…`).join(', ')}`);
  }
  if (!(SCHEMES as readonly string[]).includes(scheme)) {
    throw new AddressError(`'${address}': '${scheme}' is not known; expected one of ${SCHEMES.join(', ')}`);
  }
  if (rest.includes('\0')) throw new AddressError('an address cannot contain a NUL character');
  if (scheme === 'ipc' && !rest.startsWith('/') && !rest.startsWith('@')) {
    throw new AddressError(`'${address}': ipc needs an absolute path, as in ipc:///tmp/${rest}`);
  }
  return { scheme: scheme as Scheme, rest };
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
