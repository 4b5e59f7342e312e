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
 * The runtime's own WebSocket; that of the library where there is none, as in Node 20.
 * @throws MissingLibraryError
 */
export async function findWebSocket(): Promise<MakeWebSocket> {
  const { WebSocket: Own } = globalThis as { WebSocket?: new (address: string) => WebSocketLike };
  return Own === undefined ? libraryWebSocket() : (url) => new Own(url);
}

/**
 * That of the library, which can do more than the runtime's own: it reaches Unix sockets, and can be terminated.
 * @throws MissingLibraryError; AddressError in a page
 */
export async function libraryWebSocket(): Promise<MakeWebSocket> {
  const { loadWs } = await import('./websocket-library.ts');
  const { WebSocket } = await loadWs();
  return (url) => new WebSocket(url, { perMessageDeflate: false }) as unknown as WebSocketLike;
}
