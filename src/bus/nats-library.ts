import { MissingLibraryError } from '../errors.ts';

/**
 * What is used of the client for NATS. Its own declarations do not compile with the strictest options, and would
 * have to be there for who uses no NATS.
 */
export interface NatsLibrary {
  connect(
    this: void,
    options: {
      name: string;
      servers: string[];
      reconnect: boolean;
      timeout: number;
      noEcho: boolean;
      token?: string;
    },
  ): Promise<NatsConnection>;
  readonly AuthorizationError: new (...args: never) => Error;
  readonly PermissionViolationError: new (...args: never) => Error;
  readonly ProtocolError: new (...args: never) => Error;
}

export interface NatsConnection {
  readonly info?: { readonly max_payload: number; readonly connect_urls?: readonly string[] };
  publish(subject: string, payload: string | Uint8Array): void;
  subscribe(
    subject: string,
    options: { callback: (error: Error | null, message: { readonly data: Uint8Array }) => void },
  ): unknown;
  status(): AsyncIterable<{ readonly type: string; readonly error?: unknown }>;
  flush(): Promise<void>;
  close(): Promise<void>;
  /** Fulfils when it ended, with what ended it. */
  closed(): Promise<unknown>;
  isClosed(): boolean;
}

// A text, so that the compiler does not look for it.
const PACKAGE: string = '@nats-io/transport-node';

/** @throws MissingLibraryError */
export async function loadNats(): Promise<NatsLibrary> {
  try {
    return (await import(PACKAGE)) as NatsLibrary;
  } catch (cause) {
    throw new MissingLibraryError(`nats:// addresses need the package '${PACKAGE}': npm install ${PACKAGE}`, { cause });
  }
}
