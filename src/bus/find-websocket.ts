/** As much of a `WebSocket` as is used, whoever made it. */
export interface WebSocketLike {
  onerror: ((event: { readonly message: string }) => void) | null;
  onclose: ((event: { readonly wasClean: boolean; readonly reason: string }) => void) | null;
  addEventListener(type: 'open' | 'message' | 'close' | 'error', listener: (event: never) => void): void;
  send(text: string): void;
  close(code?: number): void;
}

/**
 * The runtime's own WebSocket, or that of the library: in Node 20, and for Unix sockets.
 * @throws MissingLibraryError
 */
export async function findWebSocket(isForUnixSockets = false): Promise<(address: string) => WebSocketLike> {
  const { WebSocket: Own } = globalThis as { WebSocket?: new (address: string) => WebSocketLike };
  if (Own !== undefined && !isForUnixSockets) return (url) => new Own(url);
  const { loadWs } = await import('./websocket-library.ts');
  const { WebSocket } = await loadWs();
  return (url) => new WebSocket(url, { perMessageDeflate: false }) as unknown as WebSocketLike;
}
