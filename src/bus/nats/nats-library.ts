import { explainLibrary } from '../library.ts';

// The used part of the client for NATS. Its own declarations do not compile with the strictest options, and would have
// to be installed even where NATS is not used.

/** How to connect. */
export interface NatsOptions {
  readonly name: string;
  readonly servers: string[];
  readonly reconnect: boolean;
  readonly timeout: number;
  readonly noEcho: boolean;
  readonly token?: string;
}

/** The errors that the servers report. */
export interface NatsErrors {
  readonly AuthorizationError: new (...args: never) => Error;
  readonly PermissionViolationError: new (...args: never) => Error & { readonly subject: string };
  readonly ProtocolError: new (...args: never) => Error;
}

/** The client over TCP. */
export interface NatsLibrary extends NatsErrors {
  connect(this: void, options: NatsOptions): Promise<NatsConnection>;
}

/** The used part of `@nats-io/nats-core`: the client over WebSockets. */
export interface NatsCore extends NatsErrors {
  wsconnect(
    this: void,
    options: NatsOptions & { wsFactory(url: string): Promise<{ socket: never; encrypted: boolean }> },
  ): Promise<NatsConnection>;
}

/** Loads that client. */
export type LoadNatsCore = () => Promise<NatsCore>;

export interface NatsConnection {
  readonly info?: {
    readonly max_payload: number;
    readonly connect_urls?: readonly string[];
    /** Whether this server has JetStream; another one of its cluster may have it, too. */
    readonly jetstream?: boolean;
    /** The cluster that the server is part of. */
    readonly cluster?: string;
  };
  publish(subject: string, payload: string | Uint8Array): void;
  subscribe(
    subject: string,
    options: { callback: (error: Error | null, message: { readonly data: Uint8Array }) => void },
  ): unknown;
  request(subject: string, payload: string, options: { timeout: number }): Promise<{ readonly data: Uint8Array }>;
  status(): AsyncIterable<{ readonly type: string; readonly error?: unknown }>;
  flush(): Promise<void>;
  close(): Promise<void>;
  /** Fulfils when the connection has ended, with what ended it. */
  closed(): Promise<unknown>;
  isClosed(): boolean;
}

/** The used part of the client for JetStream. */
export interface JetStreamLibrary {
  jetstream(this: void, connection: NatsConnection, options: JetStreamOptions): JetStream;
  jetstreamManager(this: void, connection: NatsConnection, options: JetStreamOptions): Promise<JetStreamManager>;
}

export interface JetStreamOptions {
  /** Whether to check first that JetStream is there. */
  readonly checkAPI: boolean;
  /** Milliseconds. */
  readonly timeout: number;
}

/** The server refused a request. `status` is as in HTTP; `code` gives the exact reason. */
export interface JetStreamApiError extends Error {
  readonly code: number;
  readonly status: number;
}

export interface JetStreamPublishOptions {
  readonly msgID?: string;
  readonly expect?: { readonly lastSubjectSequence: number };
}

export interface JetStream {
  publish(subject: string, payload: string, options: JetStreamPublishOptions): Promise<{ readonly seq: number }>;
  readonly consumers: {
    get(stream: string, options: { deliver_policy: string; opt_start_seq: number }): Promise<JetStreamConsumer>;
  };
}

export interface JetStreamConsumer {
  consume(options: {
    max_messages: number;
    expires: number;
    abort_on_missing_resource: boolean;
  }): Promise<JetStreamMessages>;
  delete(): Promise<unknown>;
}

export interface JetStreamMessages extends AsyncIterable<{ readonly seq: number; string(): string }> {
  /** Ends the iteration. */
  stop(): void;
  status(): AsyncIterable<{ readonly type: string }>;
}

export interface JetStreamManager {
  readonly streams: {
    info(stream: string): Promise<JetStreamInfo>;
    add(options: JetStreamConfig): Promise<JetStreamInfo>;
    update(stream: string, options: Partial<JetStreamConfig>): Promise<JetStreamInfo>;
    getMessage(
      stream: string,
      query: { last_by_subj: string },
    ): Promise<{ readonly seq: number; string(): string } | null>;
  };
}

export interface JetStreamConfig {
  readonly name: string;
  readonly description: string;
  readonly subjects: readonly string[];
  readonly storage: 'file';
  readonly discard: 'old';
  readonly num_replicas: number;
  readonly max_msgs_per_subject?: number;
  readonly max_bytes?: number;
  /** Nanoseconds. */
  readonly max_age?: number;
}

export interface JetStreamInfo {
  /** In ISO form. */
  readonly created: string;
  readonly config: JetStreamConfig;
  /** Undefined for a server that is alone. */
  readonly cluster?: object;
  readonly state: { readonly last_seq: number };
}

// Of type string, so that the compiler does not look for the packages. Nor should webpack, which would not find them.
const PACKAGE: string = '@nats-io/transport-node';
const JETSTREAM_PACKAGE: string = '@nats-io/jetstream';

/** @throws MissingLibraryError */
export async function loadNats(): Promise<NatsLibrary> {
  try {
    return (await import(/* webpackIgnore: true */ PACKAGE)) as NatsLibrary;
  } catch (cause) {
    throw explainLibrary('nats:// addresses need', PACKAGE, cause);
  }
}

/** @throws MissingLibraryError */
export async function loadJetStream(): Promise<JetStreamLibrary> {
  try {
    return (await import(/* webpackIgnore: true */ JETSTREAM_PACKAGE)) as JetStreamLibrary;
  } catch (cause) {
    throw explainLibrary('durable subscriptions, and who publishes for them, need', JETSTREAM_PACKAGE, cause);
  }
}
