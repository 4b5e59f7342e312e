import { connect } from 'node:net';
import type * as Ws from 'ws';
import type { MakeWebSocket, WebSocketLike } from './find-websocket.ts';
import { explainLibrary } from './library.ts';

/** Loads the library for WebSockets: for doors, and for peers where it is installed. */
export async function loadWs(): Promise<typeof Ws> {
  try {
    return await import('ws');
  } catch (cause) {
    throw explainLibrary('this needs', 'ws', cause);
  }
}

/** Returns what makes the library's WebSockets. The runtime gets its turn after each message, as in pages. */
export async function libraryWebSocket(): Promise<MakeWebSocket> {
  const { WebSocket } = await loadWs();
  // A broker sends nothing larger than publishers may send, and they are told when something is too large.
  const options = { perMessageDeflate: false, allowSynchronousEvents: false, maxPayload: 0 };
  return (url) => {
    const [, path] = /^ws\+unix:\/\/([^:]*)/.exec(url) ?? [];
    // The library would take the path as it is in the URL, where a blank is %20, and what follows # as a fragment.
    const made =
      path === undefined
        ? new WebSocket(url, options)
        : new WebSocket(url.replaceAll('#', '%23'), { ...options, createConnection: () => connect({ path }) });
    return made as unknown as WebSocketLike;
  };
}
