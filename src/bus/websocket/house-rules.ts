import { LONGEST } from '../../size.ts';
import { LONGEST_TIMER } from '../../timers.ts';
import { FRAME_OVERHEAD } from '../bus.ts';
import type { WebSocketDoorOptions } from './websocket-options.ts';

/** The limits for a guest. */
export interface HouseRules {
  readonly joinWithin: number;
  readonly maxPayload: number;
  readonly maxBuffered: number;
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
  readonly heartbeat: number;
}

const DEFAULTS: HouseRules = {
  joinWithin: 5_000,
  maxPayload: 4 * 1024 * 1024,
  maxBuffered: 16 * 1024 * 1024,
  messagesPerSecond: 100_000,
  bytesPerSecond: 64 * 1024 * 1024,
  heartbeat: 10_000,
};

const OTHER_OPTIONS = {
  server: true,
  port: true,
  host: true,
  socket: true,
  path: true,
  origins: true,
  authorize: true,
} as const satisfies Record<Exclude<keyof WebSocketDoorOptions, keyof HouseRules>, true>;

/** Timers would take larger numbers for very small ones, and larger messages do not fit into a string. */
const MOST = {
  joinWithin: LONGEST_TIMER,
  maxPayload: LONGEST,
  heartbeat: LONGEST_TIMER,
} as const satisfies Partial<HouseRules>;

/**
 * Reads the options of a door, and checks those that keep strangers out: if one of them had no effect, the door would
 * be open.
 * @throws RangeError, TypeError
 */
export function readRules(options: WebSocketDoorOptions): HouseRules {
  if (!isOptions(options)) throw new TypeError(`ws is neither an address nor options; for a server, ${SERVER}`);
  const { origins, authorize, server } = options;
  for (const name of Object.keys(options)) {
    if (!(name in DEFAULTS) && !(name in OTHER_OPTIONS))
      throw new TypeError(`a door for WebSockets has no option '${name}'`);
  }
  if (server !== undefined && !isServer(server))
    throw new TypeError(`the server of ws cannot be attached to: ${SERVER}`);
  if (authorize !== undefined && typeof authorize !== 'function') throw new TypeError('authorize must be a function');
  if (origins !== undefined && origins !== '*') checkOrigins(origins);
  const given = Object.entries(DEFAULTS).map(([name, value]) => [name, options[name as keyof HouseRules] ?? value]);
  const rules = Object.fromEntries(given) as unknown as HouseRules;
  for (const [name, value] of Object.entries(rules)) {
    if (!(value >= 1)) throw new RangeError(`${name} must be at least 1`);
  }
  for (const [name, most] of Object.entries(MOST)) {
    if (rules[name as keyof HouseRules] > most) throw new RangeError(`${name} must be at most ${most}`);
  }
  if (rules.maxPayload < 2 * FRAME_OVERHEAD) throw new RangeError(`maxPayload must be at least ${2 * FRAME_OVERHEAD}`);
  return rules;
}

const SERVER = 'pass ws: { server } with the http.Server that app.listen() returns, or createServer()';

/** Whether a value is an options object: servers and apps are not. */
function isOptions(given: unknown): boolean {
  return typeof given === 'object' && given !== null && !('listen' in given);
}

/** Whether a value is a server. An app of Express has listeners like a server, but no address. */
function isServer(server: unknown): boolean {
  const { on, off, listenerCount, address } = (server ?? {}) as Readonly<Record<string, unknown>>;
  return [on, off, listenerCount, address].every((method) => typeof method === 'function');
}

/** Checks that each origin is written as browsers write it, because it is compared with what they send. */
function checkOrigins(origins: readonly string[]): void {
  if (!Array.isArray(origins)) throw new TypeError(`origins must be '*' or a list, as in ['https://shop.example']`);
  for (const origin of origins) {
    const url = URL.canParse(origin) && !origin.includes('*') ? new URL(origin) : undefined;
    // The origins of files, and of browser extensions, have forms of their own.
    if (origin === 'null' || (url !== undefined && [origin, 'null'].includes(url.origin))) continue;
    const hint = url === undefined ? 'https://shop.example' : url.origin;
    throw new TypeError(`'${origin}' in origins is no origin: they look like '${hint}'`);
  }
}
