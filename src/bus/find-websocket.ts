/** The used part of a `WebSocket`, whichever implementation it is of. */
export interface WebSocketLike {
  onerror: ((event: { readonly message: string }) => void) | null;
  onclose: ((event: { readonly wasClean: boolean; readonly reason: string }) => void) | null;
  addEventListener(type: 'open' | 'message' | 'close' | 'error', listener: (event: never) => void): void;
  send(text: string): void;
  close(code?: number): void;
  /** Ends the connection without waiting for the other side. Absent from the runtime's own `WebSocket`. */
  terminate?(): void;
}

export type MakeWebSocket = (address: string) => WebSocketLike;

/**
 * Returns what makes WebSockets: the library, if it is installed, and otherwise the runtime's own class, as in pages.
 * Node's own WebSocket cannot be ended while a broker hangs, and keeps the program from ending.
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

/** Ends a WebSocket, without waiting for the other side where that is possible. */
export function endWebSocket(socket: WebSocketLike): void {
  if (socket.terminate === undefined) socket.close();
  else socket.terminate();
}

/**
 * Returns what makes the library's WebSockets. They can do more than the runtime's own: they reach Unix sockets, and
 * can be terminated.
 * @throws MissingLibraryError; AddressError in a page
 */
export async function libraryWebSocket(): Promise<MakeWebSocket> {
  return (await import('./websocket-library.ts')).libraryWebSocket();
}
