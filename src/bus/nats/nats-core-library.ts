import { explainLibrary } from '../library.ts';
import type { NatsCore } from './nats-library.ts';

// A text, so that the compiler does not look for it. Nor is webpack to, which would find it nowhere.
const PACKAGE: string = '@nats-io/nats-core';

/** The client for NATS over WebSockets, where it can be found by its name. @throws MissingLibraryError */
export async function loadNatsCore(): Promise<NatsCore> {
  try {
    return (await import(/* webpackIgnore: true */ PACKAGE)) as NatsCore;
  } catch (cause) {
    throw explainLibrary('nats+ws:// and nats+wss:// addresses need', PACKAGE, cause);
  }
}
