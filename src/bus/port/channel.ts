import type { Port } from './port-line.ts';

/** The used part of a `BroadcastChannel`, of the web or of Node. */
export interface Channel {
  postMessage(message: unknown): void;
  addEventListener(type: string, listener: (event: unknown) => void): void;
  removeEventListener(type: string, listener: (event: unknown) => void): void;
  dispatchEvent(event: Event): unknown;
  unref?(): void;
}

/** Whether a port is a `BroadcastChannel`, on which peers meet without a broker. */
export function isChannel(port: Port): port is Port & Channel {
  return typeof BroadcastChannel === 'function' && port instanceof BroadcastChannel;
}
