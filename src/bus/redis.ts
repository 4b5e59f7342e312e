import { isUtf8 } from 'node:buffer';
import { RefusedError } from '../errors.ts';
import type { Bus, BusListener, Token, Topic } from './bus.ts';
import { explainHangUp, keepTrying, Pulse, readToken, withinClose } from './keep-trying.ts';
import { explainLibrary } from './library.ts';
import { Slices } from './slices.ts';

/** The used part of the client for Redis. Its own declarations need not be installed where Redis is not used. */
interface Library {
  readonly Redis: new (url: string, options: object) => Client;
}
interface Client {
  connect(): Promise<void>;
  subscribe(...channels: readonly string[]): Promise<unknown>;
  publish(channel: string, message: string): Promise<unknown>;
  ping(): Promise<unknown>;
  readonly status: string;
  disconnect(): void;
  on(event: 'error', listener: (error: Error) => void): void;
  on(event: 'end', listener: () => void): void;
  on(event: 'messageBuffer', listener: (channel: Buffer, message: Buffer) => void): void;
}

/** A link. A connection that listens to Redis cannot send, so a link has two. When one breaks, both are given up. */
interface Link {
  readonly in: Client;
  readonly out: Client;
  /** Resolves when one of them has ended, or both were dropped, with the last error before that. */
  readonly ended: Promise<Error | undefined>;
  drop(): void;
}

/** How large an event may be, in bytes. Redis cuts off clients with 32 MiB waiting, unless configured otherwise. */
const LARGEST = 8 * 1024 * 1024;
/** How long, in milliseconds, connecting may take. */
const CONNECT_WITHIN = 5_000;
/** The namespace where no other is given. */
const NAMESPACE = 'mreventloop';

// Of type string, so that the compiler does not look for the package. Nor should webpack, which would not find it.
const PACKAGE: string = 'ioredis';

/** @throws MissingLibraryError */
async function load(): Promise<Library> {
  try {
    return (await import(/* webpackIgnore: true */ PACKAGE)) as Library;
  } catch (cause) {
    throw explainLibrary('redis:// addresses need', PACKAGE, cause);
  }
}

/** A peer's end of Redis. */
export function makeRedisBus(address: string, token: Token): Promise<Bus> {
  return Promise.resolve(new RedisBus(address, token));
}

/** Uses one publish/subscribe channel for each topic. There is no broker: the server does what a broker does. */
class RedisBus implements Bus {
  readonly largest = LARGEST;
  readonly takesPacks = true;
  trouble: Error | undefined;
  readonly #address: string;
  readonly #token: Token;
  /** The server alone. The library would take what follows for the number of a database, and channels have none. */
  readonly #server: string;
  readonly #namespace: string;
  readonly #channels: string[] = [];
  readonly #closing = new AbortController();
  readonly #slices = new Slices();
  #listener: BusListener | undefined;
  #link: Link | undefined;
  #running: Promise<void> | undefined;

  constructor(address: string, token: Token) {
    const [, server = '', namespace = ''] = /^([^:]+:\/\/[^/]+)\/?(.*?)\/?$/.exec(address) ?? [];
    this.#address = address;
    this.#token = token;
    this.#server = server;
    this.#namespace = namespace === '' ? NAMESPACE : namespace;
  }

  async open(listener: BusListener): Promise<void> {
    const library = await load();
    if (this.#closing.signal.aborted) return;
    this.#listener = listener;
    const attempt = {
      serve: () => this.#serve(library),
      failed: (error: Error) => {
        if (error instanceof RefusedError) this.#listener?.refused(error);
        else this.trouble = error;
      },
    };
    this.#running = keepTrying(attempt, this.#closing.signal);
  }

  subscribe({ name }: Topic): void {
    const channel = this.#channelOf(name);
    this.#channels.push(channel);
    this.#link?.in.subscribe(channel).catch((error: Error) => this.#objected(error));
  }

  send(topic: string, frame: string): void {
    this.#link?.out.publish(this.#channelOf(topic), frame).catch((error: Error) => this.#objected(error));
  }

  async close(): Promise<void> {
    this.#listener = undefined;
    this.#closing.abort();
    const link = this.#link;
    this.#link = undefined;
    if (link !== undefined) {
      // The answer comes after everything that was sent.
      await withinClose(link.out.ping());
      link.drop();
    }
    if (this.#running !== undefined) await withinClose(this.#running);
  }

  /** Connects, and uses the link until it ends. */
  async #serve(library: Library): Promise<void> {
    const password = await readToken(this.#token, this.#closing.signal);
    const options = {
      lazyConnect: true,
      retryStrategy: () => null,
      connectTimeout: CONNECT_WITHIN,
      maxRetriesPerRequest: null,
      enableReadyCheck: false,
      ...(password !== undefined && { password }),
    };
    const link = makeLink(library, this.#server, options);
    const abandon = (): void => link.drop();
    this.#closing.signal.addEventListener('abort', abandon);
    const timer = setTimeout(abandon, CONNECT_WITHIN);
    try {
      // When a server hangs, the library goes on waiting even after the link was dropped.
      const dropped = link.ended.then((error) => Promise.reject(error ?? new Error('it took too long')));
      await Promise.race([this.#enter(link), dropped]);
    } catch (error) {
      link.drop();
      // This error says only that the connection ended; an earlier one says why.
      throw explain(this.#address, (await link.ended) ?? error);
    } finally {
      clearTimeout(timer);
      this.#closing.signal.removeEventListener('abort', abandon);
    }
    // One each: what comes over the one does not show that the other is alive.
    const pulses = [link.in, link.out].map((client) => {
      const pulse = new Pulse(
        () => client.ping(),
        () => link.drop(),
      );
      client.on('messageBuffer', () => pulse.heard());
      return pulse;
    });
    if (this.#closing.signal.aborted) link.drop();
    await link.ended;
    for (const pulse of pulses) pulse.stop();
    link.drop();
    this.#link = undefined;
    this.#listener?.down();
  }

  async #enter(link: Link): Promise<void> {
    link.in.on('messageBuffer', (_channel, message) => {
      this.#slices.add(() => {
        if (link !== this.#link) return;
        if (isUtf8(message)) this.#listener?.frame(message.toString());
        else this.#listener?.unreadable();
      });
    });
    await Promise.all([link.in.connect(), link.out.connect()]);
    // Makes the server check who the client is, which it wants to know before anything else.
    await Promise.all([link.in.ping(), link.out.ping()]);
    for (let asked = 0; asked < this.#channels.length;) {
      const channels = this.#channels.slice(asked);
      asked = this.#channels.length;
      await link.in.subscribe(...channels);
    }
    this.#link = link;
  }

  /** The server rejected a request. A failure because the link broke is reported in another way. */
  #objected(error: Error): void {
    const refused = explain(this.#address, error);
    if (refused instanceof RefusedError) this.#listener?.refused(refused);
    else this.trouble = refused;
  }

  /** The channel has the name as JSON writes it, which can express any name. A namespace has no colon. */
  #channelOf(topic: string): string {
    return `${this.#namespace}:${JSON.stringify(topic).slice(1, -1)}`;
  }
}

function makeLink({ Redis }: Library, server: string, options: object): Link {
  const clients = { in: new Redis(server, options), out: new Redis(server, options) };
  const dropped = new AbortController();
  const ended = new Promise<Error | undefined>((resolve) => {
    let last: Error | undefined;
    for (const client of [clients.in, clients.out]) {
      client.on('error', (error) => (last = error));
      client.on('end', () => resolve(last));
    }
    dropped.signal.addEventListener('abort', () => resolve(last));
  });
  return {
    ...clients,
    ended,
    drop() {
      // A client that has ended already would wait for its end, with a timer.
      for (const client of [clients.in, clients.out]) if (client.status !== 'end') client.disconnect();
      // Where nobody answers, disconnecting takes seconds.
      dropped.abort();
    },
  };
}

/** Turns the server's errors about permissions into an error of this package, and says why a connection was hung up. */
function explain(address: string, error: unknown): Error {
  const { message } = error as Error;
  if (!/^(?:NOAUTH|WRONGPASS|NOPERM|ERR .*AUTH)/.test(message)) return explainHangUp(error) as Error;
  return new RefusedError(`the server at '${address}' does not let this in`, { cause: error });
}
