import { AddressError, RefusedError } from '../../errors.ts';
import type { Frame, Token } from '../bus.ts';
import { keepTrying, Pulse, readToken, withinClose } from '../keep-trying.ts';
import type { NatsConnection, NatsErrors, NatsOptions } from './nats-library.ts';
import { subjectIn } from './nats-subject.ts';
import { cut, Parts } from '../parts.ts';
import { Slices } from '../slices.ts';
import { decodeUtf8 } from '../utf8.ts';

/** The callbacks of a link. None is called after `close` was called. */
export interface NatsListener {
  /** The link is up, and the subscriptions have been sent to the server. */
  up(): void;
  frame(text: string): void;
  unreadable(): void;
  /** The link broke. What was sent last may be lost. */
  down(reason?: string): void;
  /** The server is there, but refuses the client or a request. */
  refused(error: Error): void;
  /** There is no server. */
  failed(error: Error): void;
}

/** An established connection. */
export interface Dialed {
  readonly connection: NatsConnection;
  /** Ends the connection without waiting for the server, which may be gone. May be called again. */
  drop(): void;
}

/** Makes connections: a library, and what it needs where it is used. */
export interface NatsDialer {
  readonly errors: NatsErrors;
  /**
   * Connects to the one server that the options name, by its host. Where that fails, nothing is left open. It fails
   * when the signal aborts.
   * @throws AddressError where connecting can never succeed, and what the library throws
   */
  dial(this: void, options: NatsOptions, signal: AbortSignal): Promise<Dialed>;
}

export interface NatsLinkOptions {
  readonly address: string;
  /** Loads the dialer. @throws MissingLibraryError */
  readonly loadDialer: () => Promise<NatsDialer>;
  /** The token for the server. */
  readonly token: Token;
  /** Whether the link gets back what it sends to a subject that it is subscribed to. */
  readonly echo: boolean;
}

/** How long, in milliseconds, connecting may take. */
const CONNECT_WITHIN = 5_000;
/**
 * The same for one of several servers, at first. Together with the time in which a hanging server is noticed, it is
 * less than the time after which peers regard each other as gone.
 */
const TRY_ANOTHER_AFTER = 1_500;

/**
 * A connection to a server or a cluster of NATS that is made again for ever. The library could do that, too. But before
 * its first success it does not tell why connecting fails, and it keeps what is sent meanwhile only to drop it.
 */
export class NatsLink {
  readonly #options: NatsLinkOptions;
  readonly #hosts: readonly string[];
  // Hosts that were tried. They are tried last, the latest of them at the end: when its link breaks, another comes first.
  readonly #failed = new Set<string>();
  #patience = TRY_ANOTHER_AFTER;
  readonly namespace: string;
  /** The other servers of the cluster, as the last server reported them. */
  #discovered: readonly string[] = [];
  readonly #id = crypto.randomUUID();
  readonly #subjects: string[] = [];
  readonly #closing = new AbortController();
  #listener: NatsListener | undefined;
  #dialed: Dialed | undefined;
  /** How many bytes a message may have. */
  mostBytes: number = MAX_PAYLOAD;
  #running: Promise<void> | undefined;
  #parts = new Parts();
  readonly #slices = new Slices();
  #pulse: Pulse | undefined;

  constructor(options: NatsLinkOptions) {
    this.#options = options;
    const { hosts, namespace } = readNatsAddress(options.address);
    // Begins at a random host, so that not all peers go to the same server.
    const first = Math.floor(Math.random() * hosts.length);
    this.#hosts = [...hosts.slice(first), ...hosts.slice(0, first)];
    this.namespace = namespace;
  }

  /** Begins to connect. @throws MissingLibraryError */
  async open(listener: NatsListener): Promise<void> {
    const dialer = await this.#options.loadDialer();
    if (this.#closing.signal.aborted) return;
    this.#listener = listener;
    const attempt = {
      serve: async () => this.#serve(await this.#connect(dialer), dialer),
      failed: (error: Error) => {
        if (error instanceof RefusedError || error instanceof AddressError) this.#listener?.refused(error);
        else this.#listener?.failed(error);
      },
    };
    this.#running = keepTrying(attempt, this.#closing.signal);
  }

  /** The current connection, if there is one. */
  get connection(): NatsConnection | undefined {
    return this.#dialed?.connection;
  }

  /** Returns the subject of a topic; undefined when its name is too long, which is reported to the listener. */
  subjectOf(topic: string): string | undefined {
    try {
      return subjectIn(this.namespace, topic);
    } catch (error) {
      this.#listener?.refused(error as Error);
      return undefined;
    }
  }

  /** The subject of frames without a topic, and that of all frames. */
  get otherSubject(): string {
    return `${this.namespace}.%`;
  }
  get everySubject(): string {
    return `${this.namespace}.*`;
  }

  subscribe(subject: string): void {
    this.#subjects.push(subject);
    if (this.connection !== undefined) this.#ask(this.connection, subject);
  }

  /** @returns whether there is a link to send the frame over */
  send(subject: string, frame: Frame): boolean {
    const { connection } = this;
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
    const dialed = this.#dialed;
    this.#dialed = undefined;
    if (dialed !== undefined) {
      const { connection } = dialed;
      await withinClose(connection.flush().then(() => connection.close()));
      dialed.drop();
    }
    if (this.#running !== undefined) await withinClose(this.#running);
  }

  /** @throws RefusedError, and what the library throws */
  async #connect({ dial, errors }: NatsDialer): Promise<Dialed> {
    const { address, echo } = this.#options;
    const token = await readToken(this.#options.token, this.#closing.signal);
    const hosts = this.#inOrder();
    let failure: unknown;
    for (const host of hosts) {
      const options = {
        name: 'mreventloop',
        servers: [host],
        reconnect: false,
        timeout: hosts.length === 1 ? CONNECT_WITHIN : this.#patience,
        noEcho: !echo,
        ...(token !== undefined && { token }),
      };
      try {
        const dialed = await dial(options, this.#closing.signal);
        this.#patience = TRY_ANOTHER_AFTER;
        // If this server fails later, the others are tried first.
        this.#putLast(host);
        return dialed;
      } catch (error) {
        this.#putLast(host);
        const isRefusal = error instanceof errors.AuthorizationError;
        if (isRefusal) failure = new RefusedError(`the server at '${address}' does not let this in`, { cause: error });
        // A refusal says more than that other servers cannot be reached.
        else if (!(failure instanceof RefusedError)) failure = error;
        if (this.#closing.signal.aborted) break;
      }
    }
    // The servers may all be far away.
    this.#patience = CONNECT_WITHIN;
    throw failure;
  }

  /** All servers, in the order in which they are to be tried. */
  #inOrder(): string[] {
    const hosts = new Set([...this.#hosts, ...this.#discovered]);
    for (const host of this.#failed) if (hosts.delete(host)) hosts.add(host);
    return [...hosts];
  }

  #putLast(host: string): void {
    this.#failed.delete(host);
    this.#failed.add(host);
  }

  /** Uses a connection until it ends. */
  async #serve(dialed: Dialed, { errors }: NatsDialer): Promise<void> {
    const { connection } = dialed;
    if (this.#closing.signal.aborted) {
      dialed.drop();
      await connection.closed();
      return;
    }
    this.#dialed = dialed;
    this.mostBytes = connection.info?.max_payload ?? MAX_PAYLOAD;
    this.#parts = new Parts();
    for (const subject of this.#subjects) this.#ask(connection, subject);
    void this.#watch(connection, errors);
    this.#pulse = new Pulse(
      () => connection.flush(),
      () => dialed.drop(),
    );
    this.#listener?.up();
    const reason = await connection.closed();
    this.#pulse.stop();
    this.#dialed = undefined;
    this.#listener?.down(reason instanceof errors.ProtocolError ? reason.message : undefined);
  }

  #ask(connection: NatsConnection, subject: string): void {
    connection.subscribe(subject, {
      callback: (error, message) => {
        if (error !== null) return;
        this.#pulse?.heard();
        this.#slices.add(() => {
          if (connection === this.connection) this.#receive(message.data);
        });
      },
    });
  }

  /** Follows what else the server says: which other servers there are, and what is not allowed, or too much. */
  async #watch(connection: NatsConnection, errors: NatsErrors): Promise<void> {
    this.#discovered = connection.info?.connect_urls ?? [];
    for await (const { error } of connection.status()) {
      this.#discovered = connection.info?.connect_urls ?? this.#discovered;
      if (error instanceof errors.PermissionViolationError) {
        // Callers of JetStream learn this from its answer.
        if (error.subject.startsWith('$JS.')) continue;
      } else if (!(error instanceof errors.ProtocolError)) {
        continue;
      }
      const message = `the server at '${this.#options.address}' does not allow everything that is asked of it`;
      this.#listener?.refused(new RefusedError(`${message}: ${error.message}`, { cause: error }));
    }
  }

  #receive(message: Uint8Array): void {
    const frame = this.#parts.add(message);
    if (frame === undefined) return;
    const text = decodeUtf8(frame);
    if (text === undefined) this.#listener?.unreadable();
    else this.#listener?.frame(text);
  }
}

/** The default of the servers. */
const MAX_PAYLOAD = 1024 * 1024;
/** The namespace where no other is given. */
const NAMESPACE = 'mreventloop';

/** Reads an address such as `nats://host:4222/shop`, also with another scheme, or hosts separated by commas. */
function readNatsAddress(address: string): { readonly hosts: readonly string[]; readonly namespace: string } {
  const [hosts = '', ...names] = address
    .replace(/^[^:]+:\/\//, '')
    .replace(/\/$/, '')
    .split('/');
  const namespace = names.length === 0 ? NAMESPACE : names.join('.');
  return { hosts: hosts.split(','), namespace };
}
