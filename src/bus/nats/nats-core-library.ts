import { explainLibrary } from '../library.ts';
import type { NatsCore } from './nats-library.ts';

// Of type string, so that the compiler does not look for the package. Nor should webpack, which would not find it.
const PACKAGE: string = '@nats-io/nats-core';

/** Loads the client for NATS over WebSockets, where it can be found by its name. @throws MissingLibraryError */
export async function loadNatsCore(): Promise<NatsCore> {
  try {
    return (await import(/* webpackIgnore: true */ PACKAGE)) as NatsCore;
  } catch (cause) {
    throw explainLibrary('nats+ws:// and nats+wss:// addresses need', PACKAGE, cause);
  }
}
