import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Server as TlsServer, TLSSocket } from 'node:tls';
import type { WebSocketServer } from 'ws';
import { AddressError } from '../../errors.ts';
import type { Door, DoorListener, Endpoints, Frame, Gate } from '../bus.ts';
import { PrefixIndex } from '../prefix-index.ts';
import { listenAt } from '../served.ts';
import { readGrant } from './grant.ts';
import { type HouseRules, readRules } from './house-rules.ts';
import { Guest } from './websocket-guest.ts';
import { loadWs } from '../websocket-library.ts';
import { TICKS_A_HEARTBEAT } from '../heartbeat.ts';
import { deny, takeUpgrades } from './websocket-upgrades.ts';
import type { Grant, WebSocketDoorOptions } from './websocket-options.ts';

/** How long, in milliseconds, a stopping broker waits for peers to take note. */
const STOP_WITHIN = 500;
/** What a stopping broker says to them. */
const STOPS = [1_001, 'the broker stops', STOP_WITHIN] as const;
/** What is said on a connection whose peer has another one now. Perhaps nobody is there to take note. */
const CAME_BACK = [1_000, 'came back over another connection', 0] as const;

/** Makes a broker's end of a WebSocket. `makeGate` turns a grant into the gate that checks what the peer does. */
export async function makeWebSocketDoor(
  options: WebSocketDoorOptions,
  makeGate: (grant: Grant) => Gate,
): Promise<Door> {
  const rules = readRules(options);
  const { WebSocketServer } = await loadWs();
  const sockets = new WebSocketServer({ noServer: true, maxPayload: rules.maxPayload, clientTracking: false });
  return new WebSocketDoor(options, rules, sockets, makeGate);
}

class WebSocketDoor implements Door {
  /** Python peers do not come in here. */
  readonly hasPlainListeners = false;
  readonly #options: WebSocketDoorOptions;
  readonly #rules: HouseRules;
  readonly #sockets: WebSocketServer;
  readonly #makeGate: (grant: Grant) => Gate;
  readonly #guests = new Set<Guest>();
  // All open connections that came to this door, of guests or not.
  readonly #connections = new Set<Duplex>();
  readonly #wanted = new PrefixIndex<Guest>();
  #listener: DoorListener | undefined;
  /** Stops taking requests from the server. */
  #detach: (() => void) | undefined;
  /** Closes the door's own server. */
  #closeServer: (() => Promise<void>) | undefined;
  #ticking: ReturnType<typeof setInterval> | undefined;
  #hasWarned = false;

  constructor(
    options: WebSocketDoorOptions,
    rules: HouseRules,
    sockets: WebSocketServer,
    makeGate: (grant: Grant) => Gate,
  ) {
    this.#options = options;
    this.#rules = rules;
    this.#sockets = sockets;
    this.#makeGate = makeGate;
  }

  async open(listener: DoorListener): Promise<Endpoints> {
    const { path = '/' } = this.#options;
    let server = this.#options.server as Server | undefined;
    if (server === undefined) [server, this.#closeServer] = await listen(this.#options);
    this.#detach = takeUpgrades(server, path, (...upgrade) => this.#takeUpgrade(...upgrade));
    this.#listener = listener;
    this.#ticking = setInterval(() => this.#tick(), this.#rules.heartbeat / TICKS_A_HEARTBEAT);
    this.#ticking.unref();
    const listening = server;
    // A server of the user may begin to listen only later.
    const address = (): string => addressOf(listening, path);
    return {
      get in() {
        return address();
      },
      get out() {
        return address();
      },
    };
  }

  hears(prefix: string): boolean {
    return this.#wanted.has(prefix);
  }

  send(frame: Frame): void {
    const guests = this.#wanted.match(frame);
    if (guests.size === 0) return;
    const line = oneLine(typeof frame === 'string' ? Buffer.from(frame) : frame);
    for (const guest of guests) guest.send(line);
  }

  async close(): Promise<void> {
    this.#listener = undefined;
    clearInterval(this.#ticking);
    this.#detach?.();
    this.#detach = undefined;
    for (const guest of this.#guests) guest.cutOff(...STOPS);
    setTimeout(() => {
      for (const connection of this.#connections) connection.destroy();
    }, STOP_WITHIN).unref();
    const closeServer = this.#closeServer;
    this.#closeServer = undefined;
    await closeServer?.();
  }

  #tick(): void {
    for (const guest of this.#guests) guest.tick();
  }

  #takeUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#connections.add(socket);
    socket.once('close', () => this.#connections.delete(socket));
    if (!isAllowedOrigin(request, this.#options.origins)) {
      this.#refused(request, `no page of ${request.headers.origin} is let in`);
      deny(socket, 403);
    } else {
      this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#welcome(webSocket, request));
    }
  }

  #welcome(webSocket: ConstructorParameters<typeof Guest>[0], request: IncomingMessage): void {
    const host = {
      authorize: (token: string | undefined) => this.#authorize(token, request),
      replaces: (key: string) => {
        for (const guest of this.#guests) if (guest.key === key) guest.cutOff(...CAME_BACK);
      },
      wants: (guest: Guest, prefix: string) => this.#wanted.add(prefix, guest),
      frame: (frame: Uint8Array) => this.#listener?.frame(frame) !== false,
      refused: (reason: string, error: unknown) => this.#refused(request, reason, error),
      left: (guest: Guest) => {
        this.#guests.delete(guest);
        for (const prefix of guest.prefixes) this.#wanted.delete(prefix, guest);
      },
    };
    const guest = new Guest(webSocket, host, this.#rules);
    this.#guests.add(guest);
    if (this.#listener === undefined) guest.cutOff(...STOPS);
  }

  async #authorize(token: string | undefined, request: IncomingMessage): Promise<Gate | boolean> {
    const { authorize } = this.#options;
    if (authorize === undefined) return true;
    const { url = '', headers, socket } = request;
    const grant: unknown = await authorize(token, { url, headers, remoteAddress: socket.remoteAddress });
    if (typeof grant === 'boolean') return grant;
    const read = readGrant(grant);
    if (read !== undefined) return this.#makeGate(read);
    this.#warn();
    throw new TypeError(NO_GRANT);
  }

  #refused({ socket: { remoteAddress } }: IncomingMessage, reason: string, error?: unknown): void {
    this.#listener?.refused({ reason, remoteAddress, error });
  }

  /** Warns only once. The program is at fault, and goes on; those who come in should not be able to fill its logs. */
  #warn(): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    process.emitWarning(NO_GRANT);
  }
}

const NO_GRANT =
  'nobody is let in by an authorize that gives neither true nor an object with lists of names: subscribe, publish, ' +
  'request, serve, and nothing else';

/**
 * Returns a server for WebSockets only, and a function that stops it.
 * @throws AddressError, AddressInUseError
 */
async function listen(options: WebSocketDoorOptions): Promise<[Server, close: () => Promise<void>]> {
  const { port = 0, host = '127.0.0.1', socket, path = '/' } = options;
  if (socket !== undefined && !hasAddress(socket)) {
    throw new AddressError(
      `'${socket}' has no ws+unix address: the path of the socket is to be absolute, without colons`,
    );
  }
  const server = createServer((_, response) => void response.writeHead(426).end('Upgrade Required'));
  const stop = await (socket === undefined
    ? listenAt(server, { port, host }, `ws://${host}:${port}${path}`)
    : listenAt(server, { path: socket }, `ws+unix://${socket}`));
  const close = async (): Promise<void> => {
    const stopped = stop();
    server.closeAllConnections();
    await stopped;
  };
  return [server, close];
}

/** Whether an address can name the socket: after a colon, an address has the path that peers ask for. */
function hasAddress(socket: string): boolean {
  return /^\/[^:]*$/.test(socket);
}

/** The address at which peers connect; empty while a server of the user does not listen, or if there is no address. */
function addressOf(server: Server, path: string): string {
  const bound = server.address();
  if (bound === null) return '';
  if (typeof bound === 'string' && !hasAddress(bound)) return '';
  if (typeof bound === 'string') return `ws+unix://${bound}${path === '/' ? '' : `:${path}`}`;
  const scheme = server instanceof TlsServer ? 'wss' : 'ws';
  const { address, port } = bound;
  return `${scheme}://${address.includes(':') ? `[${address}]` : address}:${port}${path}`;
}

/** Browsers say which page connects. Unless pages are kept out here, any page that somebody visits could connect. */
function isAllowedOrigin({ headers, socket }: IncomingMessage, allowed: readonly string[] | '*' | undefined): boolean {
  const { origin, host = '' } = headers;
  if (origin === undefined || allowed === '*') return true;
  if (allowed !== undefined) return allowed.includes(origin);
  // Where this server has no TLS, it is not known whether a proxy before it has: host and port must do.
  const scheme = socket instanceof TLSSocket ? 'https' : origin.split(':')[0];
  const [page, own] = [parse(origin), parse(`${scheme}://${host}`)];
  if (page === undefined || own === undefined || page.host === '') return false;
  return page.host === own.host && page.protocol === own.protocol && !isRebound(own, socket);
}

/**
 * Whether a page may be that of an attacker who made a domain name of theirs lead here, so that their pages seem to be
 * of this origin. This is so if the connection comes over the loopback interface, not from a proxy (the port is that
 * of the server), and the name is not one of the loopback interface.
 */
function isRebound({ hostname, port, protocol }: URL, { localAddress = '', localPort }: Socket): boolean {
  const isDirect = LOOPBACK.test(localAddress) && Number(port || 80) === localPort;
  return isDirect && protocol === 'http:' && !LOOPBACK_NAME.test(hostname);
}

const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/;
const LOOPBACK_NAME = /^(?:.+\.)?localhost$|^127\.[\d.]+$|^\[::1\]$/;

function parse(url: string): URL | undefined {
  return URL.canParse(url) ? new URL(url) : undefined;
}

const NEWLINE = 10;
const SPACE = 32;

/** Returns a frame without line breaks, which in JSON are blanks. Frames that others wrote may have some. */
function oneLine(frame: Uint8Array): Uint8Array {
  return frame.includes(NEWLINE) ? frame.map((byte) => (byte === NEWLINE ? SPACE : byte)) : frame;
}
