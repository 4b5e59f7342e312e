import { MissingLibraryError } from '../../errors.ts';
import type { NatsCore } from './nats-library.ts';

// A text, so that the compiler does not look for it.
const PACKAGE: string = '@nats-io/nats-core';

/** The client for NATS over WebSockets, where it can be found by its name. @throws MissingLibraryError */
export async function loadNatsCore(): Promise<NatsCore> {
  try {
    return (await import(PACKAGE)) as NatsCore;
  } catch (cause) {
    const message = `nats+ws:// and nats+wss:// addresses need the package '${PACKAGE}': npm install ${PACKAGE}`;
    throw new MissingLibraryError(message, { cause });
  }
}
