import type { WebSocket } from 'ws';
import { LONGEST_TIMER } from '../../timers.ts';
import type { Gate } from '../bus.ts';
import { LengthLimit } from '../prefix-index.ts';
import { MOST_SILENT_TICKS } from '../heartbeat.ts';
import type { HouseRules } from './house-rules.ts';
import { BEAT, CLOSE, isFrames, JOIN, JOINED, MESSAGE_SIZE, SUBSCRIBE, VERSION } from './websocket-messages.ts';

/** The services of a door for its guests. */
export interface Host {
  /** Decides whether to let a guest in. May reject with the reason why not. */
  authorize(token: string | undefined): Promise<Gate | boolean>;
  /** A guest came back over another connection. Its earlier one, with this key, may be dead. */
  replaces(key: string): void;
  wants(guest: Guest, prefix: string): void;
  /**
   * A frame came in that may be passed on.
   * @returns whether it is a valid frame
   */
  frame(frame: Uint8Array): boolean;
  left(guest: Guest): void;
  /** A guest was cut off for what it did. */
  refused(reason: string, error: unknown): void;
}

/** How many characters a token may have, and how much a peer may subscribe to. */
const MOST_OF_A_TOKEN = 16_384;
const MOST_PREFIXES = 100_000;
const MOST_PREFIX_CHARACTERS = 8 * 1024 * 1024;
/** How long, in milliseconds, a peer that was told to leave has to close the connection. */
const LEAVE_WITHIN = 5_000;

const NEWLINE = 10;

/**
 * One connection at a door. It lets the peer join, takes its subscriptions, passes on what it sends, and cuts it off
 * when it breaks a rule. Its states: new, asking (whether it may come in), joined, gone.
 */
export class Guest {
  /** A secret that only this peer is told. The peer shows it when it comes back. */
  readonly key: string = crypto.randomUUID();
  readonly #socket: WebSocket;
  readonly #host: Host;
  readonly #rules: HouseRules;
  readonly #deadline: ReturnType<typeof setTimeout>;
  readonly #prefixes = new Set<string>();
  readonly #lengths = new LengthLimit();
  #state: 'new' | 'asking' | 'joined' | 'gone' = 'new';
  #gate: Gate | undefined;
  #prefixCharacters = 0;
  #waiting: Uint8Array[] = [];
  #waitingSize = 0;
  // Too much waits for the peer: it misses all frames until half of that is gone, so that it misses little else.
  #full = false;
  #fullTicks = 0;
  #silentTicks = 0;
  // How far, in seconds, the peer was ahead of its permitted rate, and when that was measured.
  #ahead = 0;
  #aheadAt = 0;

  constructor(socket: WebSocket, host: Host, rules: HouseRules) {
    this.#socket = socket;
    this.#host = host;
    this.#rules = rules;
    this.#deadline = setTimeout(() => this.#refuse(CLOSE.LATE, 'did not join in time'), rules.joinWithin);
    socket.on('message', (data, isBinary) => this.#receive(data as Buffer, isBinary));
    socket.on('pong', (data) => {
      this.#silentTicks = 0;
      this.#slowDown(1, data.length);
    });
    socket.on('ping', (data) => this.#slowDown(1, data.length));
    socket.on('close', () => this.#leave());
    socket.on('error', (error) => {
      // The library itself closes connections that break the protocol or its limits. Other errors are followed by a
      // close.
      if (isOfProtocol(error)) this.#refuse(CLOSE.MALFORMED, `what it sent cannot be taken: ${error.message}`);
    });
  }

  /** The prefixes that it has subscribed to. */
  get prefixes(): ReadonlySet<string> {
    return this.#prefixes;
  }

  /** Sends a frame, which has no line break, together with others of this turn. */
  send(frame: Uint8Array): void {
    if (this.#state !== 'joined' || this.#gate?.mayReceive(frame) === false) return;
    if (this.#isFull()) return;
    this.#waiting.push(frame);
    this.#waitingSize += frame.length;
    if (this.#waitingSize >= MESSAGE_SIZE) this.#flush();
    else if (this.#waiting.length === 1) setImmediate(() => this.#flush());
  }

  /** To be called three times in a heartbeat. */
  tick(): void {
    // While the peer is read slowly, what it sends is read later.
    if (!this.#socket.isPaused) this.#silentTicks += 1;
    this.#fullTicks = this.#isFull() ? this.#fullTicks + 1 : 0;
    if (Math.max(this.#silentTicks, this.#fullTicks) > MOST_SILENT_TICKS) {
      if (this.#fullTicks > 0) this.#refuse(CLOSE.SLOW, 'too slow: it does not take what is sent to it');
      else this.#socket.terminate();
      return;
    }
    // Browsers answer a ping without telling the page, so the page needs a message as well.
    this.#socket.ping();
    if (this.#state === 'joined') this.#socket.send(BEAT);
  }

  /**
   * Ends the connection and says why.
   * @param within - how long, in milliseconds, the peer has to take note of it
   */
  cutOff(code: number, reason: string, within: number = LEAVE_WITHIN): void {
    if (this.#state === 'gone') return;
    this.#leave();
    this.#socket.close(code, reason);
    const timer = setTimeout(() => this.#socket.terminate(), within).unref();
    this.#socket.once('close', () => clearTimeout(timer));
  }

  #refuse(code: number, reason: string, error?: unknown): void {
    if (this.#state === 'gone') return;
    this.cutOff(code, reason);
    this.#host.refused(reason, error);
  }

  #isGone(): boolean {
    return this.#state === 'gone';
  }

  #leave(): void {
    if (this.#state === 'gone') return;
    this.#state = 'gone';
    clearTimeout(this.#deadline);
    this.#waiting = [];
    this.#host.left(this);
  }

  #isFull(): boolean {
    const { maxBuffered } = this.#rules;
    const size = this.#socket.bufferedAmount + this.#waitingSize;
    this.#full = size > (this.#full ? maxBuffered / 2 : maxBuffered);
    return this.#full;
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.#state === 'gone') return;
    this.#silentTicks = 0;
    let count = 1;
    const first = String.fromCharCode(data[0] ?? 0);
    if (isBinary || data.length === 0 || data.length > this.#rules.maxPayload) this.#complain();
    else if (this.#state === 'new') void this.#join(data.toString());
    else if (this.#state === 'asking') this.#complain();
    else if (isFrames(first)) count = this.#pass(data);
    else this.#subscribe(data.toString());
    this.#slowDown(count, data.length);
  }

  async #join(message: string): Promise<void> {
    const wish = message.startsWith(JOIN) ? parse(message.slice(JOIN.length)) : undefined;
    const { version, token, instead } = (wish ?? {}) as { version?: unknown; token?: unknown; instead?: unknown };
    if (version !== VERSION) {
      this.#complain();
      return;
    }
    if (token !== undefined && typeof token !== 'string') {
      this.#refuse(CLOSE.MALFORMED, 'its token is no text');
      return;
    }
    if (token !== undefined && token.length > MOST_OF_A_TOKEN) {
      this.#refuse(CLOSE.MALFORMED, `its token has more than ${MOST_OF_A_TOKEN} characters`);
      return;
    }
    this.#state = 'asking';
    let error: unknown;
    const gate = await this.#host.authorize(token).catch((reason: unknown) => {
      error = reason;
      return false as const;
    });
    if (this.#state !== 'asking') return;
    if (gate === false) {
      this.#refuse(CLOSE.REFUSED, 'not authorized', error);
      return;
    }
    clearTimeout(this.#deadline);
    if (typeof instead === 'string') this.#host.replaces(instead);
    if (gate !== true) this.#gate = gate;
    this.#state = 'joined';
    const { maxPayload, heartbeat } = this.#rules;
    this.#socket.send(JOINED + JSON.stringify({ maxPayload, heartbeat, key: this.key }));
  }

  #subscribe(message: string): void {
    const prefixes = message.startsWith(SUBSCRIBE) ? parse(message.slice(SUBSCRIBE.length)) : undefined;
    if (!Array.isArray(prefixes) || !prefixes.every((prefix) => typeof prefix === 'string')) {
      this.#complain();
      return;
    }
    for (const prefix of prefixes) {
      this.#prefixCharacters += prefix.length;
      const isTooMuch = this.#prefixes.size >= MOST_PREFIXES || this.#prefixCharacters > MOST_PREFIX_CHARACTERS;
      if (isTooMuch || !this.#lengths.takes(prefix)) {
        this.#refuse(CLOSE.FORBIDDEN, 'subscribes to too much, or to names of too many lengths');
        return;
      }
      if (this.#gate?.isTaken(prefix) === true) {
        this.#refuse(CLOSE.TAKEN, 'its id is in use: another peer is here that has it');
        return;
      }
      if (this.#gate?.maySubscribe(prefix) === false) {
        this.#refuse(CLOSE.FORBIDDEN, 'may not subscribe to an event that it asked for');
        return;
      }
      this.#prefixes.add(prefix);
      this.#host.wants(this, prefix);
    }
  }

  /** @returns the number of frames, as far as they were read */
  #pass(data: Buffer): number {
    let count = 0;
    for (let start = 0, end = 0; start < data.length; start = end + 1) {
      count += 1;
      end = data.indexOf(NEWLINE, start);
      if (end < 0) end = data.length;
      const frame = data.subarray(start, end);
      if (this.#gate?.maySend(frame) === false) {
        this.#refuse(CLOSE.FORBIDDEN, 'may not publish, or say, what it did');
        break;
      }
      // Peers send only valid frames. Reading on could take as long as anybody else likes.
      if (!this.#host.frame(frame)) {
        this.#complain();
        break;
      }
    }
    return count;
  }

  /** A peer that sends faster than it may is read more slowly. What it has sent waits in its own process. */
  #slowDown(frames: number, bytes: number): void {
    const { messagesPerSecond, bytesPerSecond } = this.#rules;
    const now = performance.now() / 1_000;
    this.#ahead = Math.max(0, this.#ahead - (now - this.#aheadAt));
    this.#aheadAt = now;
    this.#ahead += Math.max(frames / messagesPerSecond, bytes / bytesPerSecond);
    // A second's worth may come at once.
    if (this.#ahead <= 1 || this.#socket.isPaused || this.#isGone()) return;
    this.#socket.pause();
    // What was already in flight still comes in.
    setImmediate(() => {
      const wait = Math.min((this.#ahead - 1) * 1_000, LONGEST_TIMER);
      setTimeout(() => this.#socket.resume(), wait).unref();
    });
  }

  #complain(): void {
    this.#refuse(CLOSE.MALFORMED, 'a message that makes no sense here');
  }

  #flush(): void {
    if (this.#waiting.length === 0) return;
    const parts = this.#waiting.flatMap((frame, i) => (i === 0 ? [frame] : [LINE_BREAK, frame]));
    this.#socket.send(parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts), { binary: false });
    this.#waiting = [];
    this.#waitingSize = 0;
  }
}

const LINE_BREAK = Uint8Array.of(NEWLINE);

function parse(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}

function isOfProtocol(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code?.startsWith('WS_ERR_') === true;
}
