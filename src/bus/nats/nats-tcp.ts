import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { explainHangUp } from '../keep-trying.ts';
import { loadNats, type NatsConnection } from './nats-library.ts';
import type { NatsDialer } from './nats-link.ts';
import { inTurn } from './nats-turns.ts';

/** Loads a dialer for TCP, or TLS where the server asks for it. @throws MissingLibraryError */
export async function loadTcpDialer(): Promise<NatsDialer> {
  const library = await loadNats();
  return {
    errors: library,
    async dial(options, signal) {
      const connection = await inTurn('tcp', signal, () => dial(() => library.connect(options), signal));
      return { connection, drop: () => void connection.close() };
    },
  };
}

const dialing = new AsyncLocalStorage<object>();

/**
 * Connects, and leaves nothing open where that fails. When an attempt times out, the library keeps its socket, which
 * keeps the program from ending. The library cannot be told to give up.
 */
async function dial(connect: () => Promise<NatsConnection>, signal: AbortSignal): Promise<NatsConnection> {
  const sockets = new Set<Socket>();
  const note = (message: unknown): void => {
    if (dialing.getStore() === sockets) sockets.add((message as { socket: Socket }).socket);
  };
  const giveUp = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  subscribe('net.client.socket', note);
  signal.addEventListener('abort', giveUp);
  try {
    return await dialing.run(sockets, connect);
  } catch (error) {
    giveUp();
    throw explainHangUp(error);
  } finally {
    unsubscribe('net.client.socket', note);
    signal.removeEventListener('abort', giveUp);
  }
}
