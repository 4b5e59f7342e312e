import { AsyncLocalStorage } from 'node:async_hooks';
import { isUtf8 } from 'node:buffer';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { RefusedError } from '../errors.ts';
import type { Frame, Token } from './bus.ts';
import { keepTrying, Pulse, readToken, withinClose } from './keep-trying.ts';
import { loadNats, type NatsConnection, type NatsLibrary } from './nats-library.ts';
import { subjectIn } from './nats-subject.ts';
import { cut, Parts } from './parts.ts';

/** What a link tells. Nothing is called once `close` was called. */
export interface NatsListener {
  /** It is there, and the server has been told of the subjects. */
  up(): void;
  frame(text: string): void;
  unreadable(): void;
  /** It broke. What was sent last may be lost. */
  down(reason?: string): void;
  /** The server is there, and does not want this. */
  refused(error: Error): void;
  /** There is no server. */
  failed(error: Error): void;
}

export interface NatsLinkOptions {
  readonly address: string;
  /** What to show to the server. */
  readonly token: Token;
  /** Whether what it sends comes back where it asked for that subject. */
  readonly echo: boolean;
}

/** How long, in milliseconds, connecting may take. */
const CONNECT_WITHIN = 5_000;

/**
 * A connection to a server or a cluster of NATS, which is made again for ever. The library could do that, too,
 * but not tell why it fails before it succeeded once, and it keeps what is sent meanwhile only to drop it.
 */
export class NatsLink {
  readonly #options: NatsLinkOptions;
  readonly #hosts: readonly string[];
  readonly namespace: string;
  /** The other servers of the cluster, of which the last one told. */
  #discovered: readonly string[] = [];
  readonly #id = crypto.randomUUID();
  readonly #subjects: string[] = [];
  readonly #closing = new AbortController();
  #listener: NatsListener | undefined;
  #connection: NatsConnection | undefined;
  /** How many bytes a message may have. */
  mostBytes: number = MAX_PAYLOAD;
  #running: Promise<void> | undefined;
  #parts = new Parts();
  #pulse: Pulse | undefined;

  constructor(options: NatsLinkOptions) {
    this.#options = options;
    const { hosts, namespace } = readNatsAddress(options.address);
    this.#hosts = hosts;
    this.namespace = namespace;
  }

  /** Begins to connect. @throws MissingLibraryError */
  async open(listener: NatsListener): Promise<void> {
    const library = await loadNats();
    if (this.#closing.signal.aborted) return;
    this.#listener = listener;
    const attempt = {
      serve: async () => this.#serve(await this.#connect(library), library),
      failed: (error: Error) => {
        if (error instanceof RefusedError) this.#listener?.refused(error);
        else this.#listener?.failed(error);
      },
    };
    this.#running = keepTrying(attempt, this.#closing.signal);
  }

  /** What it is connected by, if it is. */
  get connection(): NatsConnection | undefined {
    return this.#connection;
  }

  /** The subject of a topic; undefined when its name is too long, which the listener is told. */
  subjectOf(topic: string): string | undefined {
    try {
      return subjectIn(this.namespace, topic);
    } catch (error) {
      this.#listener?.refused(error as Error);
      return undefined;
    }
  }

  /** The subject of what has no topic, and that of everything. */
  get otherSubject(): string {
    return `${this.namespace}.%`;
  }
  get everySubject(): string {
    return `${this.namespace}.*`;
  }

  subscribe(subject: string): void {
    this.#subjects.push(subject);
    if (this.#connection !== undefined) this.#ask(this.#connection, subject);
  }

  /** @returns whether there is a link to send it over */
  send(subject: string, frame: Frame): boolean {
    const connection = this.#connection;
    if (connection === undefined || connection.isClosed()) return false;
    // A character has three bytes at most.
    if (typeof frame === 'string' && frame.length * 3 <= this.mostBytes) {
      connection.publish(subject, frame);
      return true;
    }
    const bytes = typeof frame === 'string' ? new TextEncoder().encode(frame) : frame;
    if (bytes.length <= this.mostBytes) connection.publish(subject, bytes);
    else for (const part of cut(bytes, this.mostBytes, this.#id)) connection.publish(subject, part);
    return true;
  }

  async close(): Promise<void> {
    this.#listener = undefined;
    this.#closing.abort();
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection !== undefined) {
      await withinClose(connection.flush());
      await withinClose(connection.close());
    }
    if (this.#running !== undefined) await withinClose(this.#running);
  }

  /** @throws RefusedError, and what the library throws */
  async #connect({ connect, AuthorizationError }: NatsLibrary): Promise<NatsConnection> {
    const { address, echo } = this.#options;
    const token = await readToken(this.#options.token);
    const options = {
      name: 'mreventloop',
      servers: [...new Set([...this.#hosts, ...this.#discovered])],
      reconnect: false,
      timeout: CONNECT_WITHIN,
      noEcho: !echo,
      ...(token !== undefined && { token }),
    };
    try {
      return await dial(() => connect(options), this.#closing.signal);
    } catch (cause) {
      if (!(cause instanceof AuthorizationError)) throw cause;
      throw new RefusedError(`the server at '${address}' does not let this in`, { cause });
    }
  }

  /** Uses a connection until it ends. */
  async #serve(connection: NatsConnection, library: NatsLibrary): Promise<void> {
    if (this.#closing.signal.aborted) {
      await connection.close();
      return;
    }
    this.#connection = connection;
    this.mostBytes = connection.info?.max_payload ?? MAX_PAYLOAD;
    this.#parts = new Parts();
    for (const subject of this.#subjects) this.#ask(connection, subject);
    void this.#watch(connection, library);
    this.#pulse = new Pulse(
      () => connection.flush(),
      () => void connection.close(),
    );
    this.#listener?.up();
    const reason = await connection.closed();
    this.#pulse.stop();
    this.#connection = undefined;
    this.#listener?.down(reason instanceof library.ProtocolError ? reason.message : undefined);
  }

  #ask(connection: NatsConnection, subject: string): void {
    connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null && connection === this.#connection) this.#receive(message.data);
      },
    });
  }

  /** What the server says besides: where else it serves, and which subjects are not allowed. */
  async #watch(connection: NatsConnection, { PermissionViolationError }: NatsLibrary): Promise<void> {
    this.#discovered = connection.info?.connect_urls ?? [];
    for await (const { error } of connection.status()) {
      this.#discovered = connection.info?.connect_urls ?? this.#discovered;
      // Who asks JetStream is told by its answer.
      if (!(error instanceof PermissionViolationError) || error.subject.startsWith('$JS.')) continue;
      const message = `the server at '${this.#options.address}' does not allow everything that is asked of it`;
      this.#listener?.refused(new RefusedError(message, { cause: error }));
    }
  }

  #receive(message: Uint8Array): void {
    this.#pulse?.heard();
    const frame = this.#parts.add(message);
    if (frame === undefined) return;
    if (isUtf8(frame)) this.#listener?.frame(Buffer.from(frame.buffer, frame.byteOffset, frame.length).toString());
    else this.#listener?.unreadable();
  }
}

const dialing = new AsyncLocalStorage<object>();

/**
 * Connects, and leaves nothing open where that fails. The library keeps the socket of an attempt for which nobody had
 * time, which keeps the program from ending, and cannot be told to give up.
 */
async function dial(connect: () => Promise<NatsConnection>, signal: AbortSignal): Promise<NatsConnection> {
  const sockets = new Set<Socket>();
  const note = (message: unknown): void => {
    if (dialing.getStore() === sockets) sockets.add((message as { socket: Socket }).socket);
  };
  const giveUp = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  subscribe('net.client.socket', note);
  signal.addEventListener('abort', giveUp);
  try {
    return await dialing.run(sockets, connect);
  } catch (error) {
    giveUp();
    throw error;
  } finally {
    unsubscribe('net.client.socket', note);
    signal.removeEventListener('abort', giveUp);
  }
}

/** The servers' own default. */
const MAX_PAYLOAD = 1024 * 1024;
/** Where no other namespace is asked for. */
const NAMESPACE = 'mreventloop';

/** What an address says: `nats://host:4222/shop`, also with several hosts, separated by commas. */
function readNatsAddress(address: string): { readonly hosts: readonly string[]; readonly namespace: string } {
  const [hosts = '', ...names] = address
    .replace(/^nats:\/\//, '')
    .replace(/\/$/, '')
    .split('/');
  const namespace = names.length === 0 ? NAMESPACE : names.join('.');
  return { hosts: hosts.split(','), namespace };
}
