import { AddressError } from '../../errors.ts';
import type { Bus, Token } from '../bus.ts';
import { endWebSocket, findWebSocket, type WebSocketLike } from '../find-websocket.ts';
import { NatsBus } from './nats-bus.ts';
import type { LoadNatsCore, NatsCore, NatsOptions } from './nats-library.ts';
import { type Dialed, type NatsDialer, NatsLink } from './nats-link.ts';
import { inTurn } from './nats-turns.ts';

/**
 * A peer's end of NATS over WebSockets, in pages, too.
 * @param load - loads the client; undefined where it is to be found by its name, which is not possible in a page
 */
export function makeNatsWebSocketBus(address: string, token: Token, load: LoadNatsCore | undefined): Promise<Bus> {
  const loadDialer = (): Promise<NatsDialer> => loadWebSocketDialer(address, load ?? loadInstalled);
  return Promise.resolve(new NatsBus(new NatsLink({ address, token, echo: true, loadDialer })));
}

/** @throws MissingLibraryError */
async function loadInstalled(): Promise<NatsCore> {
  return (await import('./nats-core-library.ts')).loadNatsCore();
}

/** @throws MissingLibraryError, and what `load` throws */
async function loadWebSocketDialer(address: string, load: LoadNatsCore): Promise<NatsDialer> {
  const isSecure = address.startsWith('nats+wss:');
  const [library, makeSocket] = await Promise.all([load(), findWebSocket()]);

  async function dial(options: NatsOptions, signal: AbortSignal): Promise<Dialed> {
    let socket: WebSocketLike | undefined;
    let unusable: AddressError | undefined;
    const open = (url: string): WebSocketLike => {
      try {
        const made = makeSocket(url);
        // An error may occur before the library listens, which it does a little later.
        made.addEventListener('error', () => setTimeout(dropSocket, 0, made));
        return made;
      } catch (cause) {
        // Browsers throw here: they let no page from https:// connect to ws://.
        unusable = new AddressError(`'${address}' cannot be used: ${(cause as Error).message}`, { cause });
        return brokenSocket();
      }
    };
    const wsFactory = async (url: string) => {
      socket = signal.aborted ? brokenSocket() : open(url);
      return { socket: socket as never, encrypted: isSecure };
    };
    const drop = (): void => {
      if (socket !== undefined) dropSocket(socket);
    };
    const servers = options.servers.map((host) => `${isSecure ? 'wss' : 'ws'}://${host}`);
    signal.addEventListener('abort', drop);
    try {
      const connect = () => library.wsconnect({ ...options, servers, wsFactory });
      return { connection: await inTurn('websocket', signal, connect), drop };
    } catch (error) {
      drop();
      throw unusable ?? error;
    } finally {
      signal.removeEventListener('abort', drop);
    }
  }

  return { errors: library, dial };
}

/** Ends a socket at once. The library would wait until everything was sent, and then for the other side to close. */
function dropSocket(socket: WebSocketLike): void {
  // The library heeds the first while it connects and the second while it closes, and neither of them twice.
  socket.onerror?.({ message: 'it was given up' });
  socket.onclose?.({ wasClean: false, reason: 'it was given up' });
  endWebSocket(socket);
}

/** Takes the place of a socket that cannot be made. If making one threw, the library would wait for ever. */
function brokenSocket(): WebSocketLike {
  const socket: WebSocketLike = { onerror: null, onclose: null, addEventListener() {}, send() {}, close() {} };
  setTimeout(dropSocket, 0, socket);
  return socket;
}
