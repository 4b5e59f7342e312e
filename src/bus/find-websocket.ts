/** As much of a `WebSocket` as is used, whoever made it. */
export interface WebSocketLike {
  onerror: ((event: { readonly message: string }) => void) | null;
  onclose: ((event: { readonly wasClean: boolean; readonly reason: string }) => void) | null;
  addEventListener(type: 'open' | 'message' | 'close' | 'error', listener: (event: never) => void): void;
  send(text: string): void;
  close(code?: number): void;
  /** Where it is not the runtime's own: ends it without waiting for the other side. */
  terminate?(): void;
}

export type MakeWebSocket = (address: string) => WebSocketLike;

/**
 * The WebSocket of the library, if it is there, and otherwise the runtime's own, as in pages: that of Node cannot be ended
 * while a broker stands still, and keeps the program from ending.
 * @throws MissingLibraryError
 */
export async function findWebSocket(): Promise<MakeWebSocket> {
  const { WebSocket: Own } = globalThis as { WebSocket?: new (address: string) => WebSocketLike };
  try {
    return await libraryWebSocket();
  } catch (error) {
    if (Own === undefined) throw error;
    return (url) => new Own(url);
  }
}

/** Ends a WebSocket, without waiting for the other side where that can be. */
export function endWebSocket(socket: WebSocketLike): void {
  if (socket.terminate === undefined) socket.close();
  else socket.terminate();
}

/**
 * That of the library, which can do more than the runtime's own: it reaches Unix sockets, and can be terminated.
 * @throws MissingLibraryError; AddressError in a page
 */
export async function libraryWebSocket(): Promise<MakeWebSocket> {
  return (await import('./websocket-library.ts')).libraryWebSocket();
}
