import { AddressError, PayloadError, RefusedError } from '../../errors.ts';
import { isLonger } from '../../size.ts';
import { LONGEST_TIMER } from '../../timers.ts';
import { delayBefore, REFUSED_DELAY } from '../backoff.ts';
import { type Bus, type BusListener, FRAME_OVERHEAD, type Token, TOKEN_WITHIN, type Topic } from '../bus.ts';
import {
  endWebSocket,
  findWebSocket,
  libraryWebSocket,
  type MakeWebSocket,
  type WebSocketLike,
} from '../find-websocket.ts';
import { MOST_SILENT_TICKS, TICKS_A_HEARTBEAT } from '../heartbeat.ts';
import { isFrames, isRefusal, JOIN, JOINED, MESSAGE_SIZE, SUBSCRIBE, VERSION } from './websocket-messages.ts';

/** How long, in milliseconds, joining may take, and closing. */
const JOIN_WITHIN = 10_000;
const CLOSE_WITHIN = 1_000;
/**
 * How long, in milliseconds, a link may take to open again if it opened within a third of this time before. Where
 * there is a server without a broker, nobody may answer, and publishers wait at least 4 s for an absent peer.
 */
const OPEN_WITHIN = 3_000;

/**
 * A peer's end of a WebSocket. It translates topics to `subscribe`, the frames of a job to one message, and back. It
 * goes on connecting until it is closed. After the link broke, it reconnects, later each time.
 */
export class WebSocketBus implements Bus {
  readonly #address: string;
  readonly #token: Token;
  readonly #prefixes: string[] = [];
  trouble: Error | undefined;
  #make: MakeWebSocket | undefined;
  #listener: BusListener | undefined;
  #socket: WebSocketLike | undefined;
  #joined = false;
  #attempts = 0;
  // Depends on how long the last link took to open: those of some telephones take seconds.
  #openWithin = JOIN_WITHIN;
  #largestMessage = 0;
  // Identifies the last link to the broker, which may not have noticed that it is dead.
  #key: string | undefined;
  #waiting: string[] = [];
  // One timer at a time: to reconnect, to give up joining, or to check whether the link is alive.
  #timer: ReturnType<typeof setTimeout> | undefined;
  #silentTicks = 0;
  #onClosed: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor(address: string, token?: Token) {
    this.#address = address;
    this.#token = token;
  }

  get largest(): number | undefined {
    return this.#largestMessage === 0 ? undefined : this.#largestMessage - FRAME_OVERHEAD;
  }

  async open(listener: BusListener): Promise<void> {
    this.#make = await (this.#address.startsWith('ws+unix:') ? libraryWebSocket() : findWebSocket());
    // A close in the meantime found nothing to close.
    if (this.#closing !== undefined) return;
    this.#listener = listener;
    try {
      this.#connect();
    } catch (cause) {
      // Browsers throw here: they let no page from https:// connect to ws://.
      throw new AddressError(`'${this.#address}' cannot be used: ${(cause as Error).message}`, { cause });
    }
  }

  subscribe({ prefixes }: Topic): void {
    this.#prefixes.push(...prefixes);
    if (this.#joined) this.#say(SUBSCRIBE + JSON.stringify(prefixes));
  }

  send(_topic: string, frame: string): void {
    if (!this.#joined) return;
    if (isLonger(frame, this.#largestMessage)) {
      this.#listener?.refused(new PayloadError(`the broker at '${this.#address}' takes no frame of that size`));
      return;
    }
    this.#waiting.push(frame);
    if (this.#waiting.length === 1) queueMicrotask(() => this.#flush());
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#listener = undefined;
    clearTimeout(this.#timer);
    const socket = this.#socket;
    if (socket === undefined) return;
    this.#flush();
    this.#joined = false;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        endWebSocket(socket);
        resolve();
      }, CLOSE_WITHIN);
      this.#onClosed = () => {
        clearTimeout(timer);
        resolve();
      };
      socket.close(1_000);
    });
  }

  #connect(): void {
    const socket = this.#make?.(this.#address);
    if (socket === undefined) return;
    this.#socket = socket;
    const began = performance.now();
    const within = Math.min(this.#openWithin, JOIN_WITHIN);
    this.#wait(within, () => {
      // The network may have become slower since.
      this.#openWithin = within * 1.25;
      // That wait was pause enough.
      this.#attempts = 0;
      this.#abandon(socket);
    });
    socket.addEventListener('open', () => {
      this.#openWithin = Math.max(3 * (performance.now() - began), OPEN_WITHIN);
      void this.#join(socket);
    });
    socket.addEventListener('message', ({ data }: { data: unknown }) => {
      if (socket === this.#socket) this.#receive(socket, data);
    });
    socket.addEventListener('close', ({ code, reason }: { code: number; reason: string }) => {
      if (socket === this.#socket) this.#closed(code, reason);
    });
    // A close follows. Pages do not learn what went wrong. The library also reports that this bus gave up.
    socket.addEventListener('error', ({ error }: { error?: Error }) => {
      if (socket === this.#socket) this.trouble = error;
    });
  }

  async #join(socket: WebSocketLike): Promise<void> {
    const refuse = (cause: unknown): void => {
      if (socket !== this.#socket) return;
      this.#abandon(socket, REFUSED_DELAY);
      this.#listener?.refused(new RefusedError('there is no token to show to the broker', { cause }));
    };
    this.#wait(TOKEN_WITHIN, () => refuse(new Error('it did not come in time')));
    try {
      const token = typeof this.#token === 'function' ? await this.#token() : this.#token;
      if (socket !== this.#socket) return;
      socket.send(JOIN + JSON.stringify({ version: VERSION, token, instead: this.#key }));
      this.#wait(JOIN_WITHIN, () => this.#abandon(socket));
    } catch (cause) {
      refuse(cause);
    }
  }

  #receive(socket: WebSocketLike, data: unknown): void {
    this.#silentTicks = 0;
    if (typeof data !== 'string') this.#listener?.unreadable();
    else if (isFrames(data)) for (const frame of data.split('\n')) this.#listener?.frame(frame);
    else if (data.startsWith(JOINED)) this.#enter(socket, data.slice(JOINED.length));
    // `beat`, and what later versions may say, only shows that the link is alive.
  }

  #enter(socket: WebSocketLike, terms: string): void {
    const { maxPayload = 0, heartbeat = 0, key } = parse(terms);
    if (!(maxPayload > 0 && heartbeat >= 1 && heartbeat <= LONGEST_TIMER)) {
      this.#listener?.unreadable();
      return;
    }
    this.#largestMessage = maxPayload;
    this.#key = key;
    this.#attempts = 0;
    this.#joined = true;
    for (let i = 0; i < this.#prefixes.length; i += PREFIXES_A_MESSAGE) {
      this.#say(SUBSCRIBE + JSON.stringify(this.#prefixes.slice(i, i + PREFIXES_A_MESSAGE)));
    }
    this.#watch(socket, heartbeat / TICKS_A_HEARTBEAT);
  }

  /** The broker sends a `beat` every tick. Ticks are counted, not time: a page that was frozen has missed none. */
  #watch(socket: WebSocketLike, tick: number): void {
    this.#wait(tick, () => {
      this.#silentTicks += 1;
      if (this.#silentTicks > MOST_SILENT_TICKS) this.#abandon(socket);
      else this.#watch(socket, tick);
    });
  }

  #wait(milliseconds: number, then: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, milliseconds);
  }

  /** Gives up the link without waiting for the other side, which may be gone. */
  #abandon(socket: WebSocketLike, delay = 0): void {
    this.#closed(0, '', delay);
    endWebSocket(socket);
  }

  #closed(code: number, reason: string, least = 0): void {
    const wasJoined = this.#joined;
    this.#socket = undefined;
    this.#joined = false;
    this.#waiting = [];
    clearTimeout(this.#timer);
    this.#onClosed?.();
    if (this.#listener === undefined) return;
    const isRefused = isRefusal(code);
    const delay = delayBefore(this.#attempts);
    this.#attempts += 1;
    this.#wait(Math.max(delay, isRefused ? REFUSED_DELAY : least), () => this.#connect());
    if (wasJoined) this.#listener.down(reason === '' ? undefined : reason);
    if (isRefused) {
      const message = `the broker at '${this.#address}' refused this peer: ${reason}`;
      this.#listener?.refused(new RefusedError(message));
    }
  }

  #flush(): void {
    if (!this.#joined) return;
    let message = '';
    for (const frame of this.#waiting) {
      if (message !== '' && message.length + frame.length >= MESSAGE_SIZE) {
        this.#say(message);
        message = '';
      }
      message = message === '' ? frame : `${message}\n${frame}`;
    }
    if (message !== '') this.#say(message);
    this.#waiting = [];
  }

  #say(message: string): void {
    this.#socket?.send(message);
  }
}

/** What the broker says when it lets a peer in. It may come from somebody other than a broker. */
interface Terms {
  readonly maxPayload?: number;
  readonly heartbeat?: number;
  readonly key?: string;
}

function parse(terms: string): Terms {
  try {
    return (JSON.parse(terms) ?? {}) as Terms;
  } catch {
    return {};
  }
}

/** How many prefixes to send at once: a broker does not accept messages of just any size. */
const PREFIXES_A_MESSAGE = 500;
