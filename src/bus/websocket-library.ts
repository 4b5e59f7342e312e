import type * as Ws from 'ws';
import { MissingLibraryError } from '../errors.ts';

/** The library for WebSockets, where the runtime has none of its own, and for doors. */
export async function loadWs(): Promise<typeof Ws> {
  try {
    return await import('ws');
  } catch (cause) {
    throw new MissingLibraryError("this needs the package 'ws': npm install ws", { cause });
  }
}
