import { connect } from 'node:net';
import type * as Ws from 'ws';
import type { MakeWebSocket, WebSocketLike } from './find-websocket.ts';
import { explainLibrary } from './library.ts';

/** The library for WebSockets, where the runtime has none of its own, and for doors. */
export async function loadWs(): Promise<typeof Ws> {
  try {
    return await import('ws');
  } catch (cause) {
    throw explainLibrary('this needs', 'ws', cause);
  }
}

/** What makes its WebSockets. The runtime has its turn after each message, as pages have. */
export async function libraryWebSocket(): Promise<MakeWebSocket> {
  const { WebSocket } = await loadWs();
  // What a broker sends is as large as what publishers may send: they are told where it is too much.
  const options = { perMessageDeflate: false, allowSynchronousEvents: false, maxPayload: 0 };
  return (url) => {
    const [, path] = /^ws\+unix:\/\/([^:]*)/.exec(url) ?? [];
    // The library takes the path as it is in a URL, in which a blank is %20, and the rest after # is for nobody else.
    const made =
      path === undefined
        ? new WebSocket(url, options)
        : new WebSocket(url.replaceAll('#', '%23'), { ...options, createConnection: () => connect({ path }) });
    return made as unknown as WebSocketLike;
  };
}
