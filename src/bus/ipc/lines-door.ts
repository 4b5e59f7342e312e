import { isUtf8 } from 'node:buffer';
import { createServer, type Socket } from 'node:net';
import type { Door, DoorListener, Endpoints, Frame } from '../bus.ts';
import { BEAT, isWord, LineReader, parse, REFUSED, SUBSCRIBE, VERSION, WELCOME } from './lines.ts';
import { LengthLimit, PrefixIndex } from '../prefix-index.ts';
import { listenAt } from '../served.ts';
import { MOST_SILENT_TICKS, TICKS_A_HEARTBEAT } from '../heartbeat.ts';

/** The limits for guests. */
interface HouseRules {
  /** The time, in milliseconds, within which a dead link is detected. */
  readonly heartbeat: number;
  /**
   * How many bytes may wait for a peer that does not keep up. It misses any more until half of them are gone; what it
   * missed is repaired later. When this lasts for a heartbeat, the peer is cut off, and reconnects by itself.
   */
  readonly mostWaiting: number;
}

/** The heartbeat is that of ZeroMQ. The bytes are twice as many as a publisher sends without an acknowledgement. */
const RULES: HouseRules = { heartbeat: 6_000, mostWaiting: 128 * 1024 * 1024 };
/** How long, in milliseconds, what was sent before a stop may take to leave. */
const LINGER = 400;
/** Frames of up to this many bytes are joined with others rather than handed over as they are. */
const MOST_COPIED = 16_384;

/** A broker's end of a plain socket, for peers of this package on the same machine. */
export class LinesDoor implements Door {
  /** Python peers do not come in here. */
  readonly hasPlainListeners = false;
  readonly #path: string;
  readonly #rules: HouseRules;
  readonly #guests = new Set<Guest>();
  readonly #wanted = new PrefixIndex<Guest>();
  // The guests for which something waits.
  #due: Guest[] = [];
  #listener: DoorListener | undefined;
  #closeServer: (() => Promise<void>) | undefined;
  #ticking: ReturnType<typeof setInterval> | undefined;

  constructor(path: string, rules: HouseRules = RULES) {
    this.#path = path;
    this.#rules = rules;
  }

  /**
   * Begins to listen. Peers that come in wait until the door opens.
   * @throws AddressError, AddressInUseError
   */
  async claim(): Promise<void> {
    const server = createServer((socket) => this.#welcome(socket));
    this.#closeServer = await listenAt(server, { path: this.#path }, `ipc://${this.#path}`);
  }

  async open(listener: DoorListener): Promise<Endpoints> {
    if (this.#closeServer === undefined) await this.claim();
    this.#listener = listener;
    for (const guest of this.#guests) guest.welcome();
    this.#ticking = setInterval(() => {
      for (const guest of this.#guests) {
        if (guest.tick()) continue;
        this.#tell('too slow: it does not take what is sent to it');
        guest.leave();
      }
    }, this.#rules.heartbeat / TICKS_A_HEARTBEAT);
    this.#ticking.unref();
    return { in: this.#path, out: this.#path };
  }

  hears(prefix: string): boolean {
    return this.#wanted.has(prefix);
  }

  send(frame: Frame): void {
    const guests = this.#wanted.match(frame);
    if (guests.size === 0) return;
    const line = toLine(frame);
    for (const guest of guests) {
      if (!guest.send(line)) continue;
      if (this.#due.length === 0) setImmediate(() => this.#flush());
      this.#due.push(guest);
    }
  }

  async close(): Promise<void> {
    this.#flush();
    this.#listener = undefined;
    clearInterval(this.#ticking);
    const closed = this.#closeServer?.();
    this.#closeServer = undefined;
    for (const guest of this.#guests) guest.leave();
    await closed;
  }

  #flush(): void {
    const due = this.#due;
    this.#due = [];
    for (const guest of due) guest.flush();
  }

  #welcome(socket: Socket): void {
    const guest = new Guest(socket, this.#rules);
    this.#guests.add(guest);
    if (this.#listener !== undefined) guest.welcome();
    const reader = new LineReader();
    socket.on('data', (chunk) => {
      for (const line of reader.read(chunk)) {
        // The guest may have been cut off meanwhile.
        if (guest.isGone) return;
        if (isWord(line)) this.#hear(guest, line.toString());
        else if (isUtf8(line)) this.#listener?.frame(line);
        else this.#listener?.unreadable();
      }
      if (reader.isTooLong && !guest.isGone) this.#refuse(guest, 'a line that is too long for anybody');
    });
    socket.on('close', () => {
      this.#guests.delete(guest);
      for (const prefix of guest.prefixes) this.#wanted.delete(prefix, guest);
    });
  }

  #hear(guest: Guest, word: string): void {
    const prefixes = word.startsWith(SUBSCRIBE) ? parse(word.slice(SUBSCRIBE.length)) : undefined;
    if (!Array.isArray(prefixes) || !prefixes.every((prefix) => typeof prefix === 'string')) {
      this.#refuse(guest, 'a message that makes no sense here');
      return;
    }
    for (const prefix of prefixes) {
      if (!guest.lengths.takes(prefix)) {
        this.#refuse(guest, 'subscribes to names of too many lengths');
        return;
      }
      guest.prefixes.add(prefix);
      this.#wanted.add(prefix, guest);
    }
  }

  #refuse(guest: Guest, reason: string): void {
    this.#tell(reason);
    guest.refuse(reason);
  }

  #tell(reason: string): void {
    this.#listener?.refused({ reason, remoteAddress: undefined, error: undefined });
  }
}

/** The connection of a peer. */
class Guest {
  readonly #socket: Socket;
  readonly #rules: HouseRules;
  /** The prefixes that it has subscribed to. */
  readonly prefixes = new Set<string>();
  readonly lengths = new LengthLimit();
  // Bytes: each character is one.
  #waiting = '';
  #full = false;
  #fullTicks = 0;
  #isGone = false;

  constructor(socket: Socket, rules: HouseRules) {
    this.#socket = socket;
    this.#rules = rules;
    // A close follows an error.
    socket.on('error', () => {});
  }

  /** Whether it has been cut off. */
  get isGone(): boolean {
    return this.#isGone;
  }

  welcome(): void {
    this.#socket.write(`${WELCOME}${JSON.stringify({ version: VERSION, heartbeat: this.#rules.heartbeat })}\n`);
  }

  /** @returns whether the line is the first that waits to be flushed */
  send(line: string | Uint8Array): boolean {
    if (this.#isGone || this.#isFull()) return false;
    if (typeof line === 'string') {
      this.#waiting += line;
      return this.#waiting.length === line.length;
    }
    this.flush();
    this.#socket.write(line);
    return false;
  }

  flush(): void {
    if (this.#waiting === '') return;
    this.#socket.write(this.#waiting, 'latin1');
    this.#waiting = '';
  }

  /** Returns whether the peer takes what is sent to it. To be called three times in a heartbeat. */
  tick(): boolean {
    if (this.#isGone) return true;
    this.#fullTicks = this.#isFull() ? this.#fullTicks + 1 : 0;
    if (this.#fullTicks > MOST_SILENT_TICKS) return false;
    this.#socket.write(`${BEAT}\n`);
    return true;
  }

  /** Ends the connection when the peer has taken what waits, after a limited time at the latest. */
  leave(): void {
    if (this.#isGone) return;
    this.#part();
    this.#socket.destroySoon();
  }

  /**
   * Says why, and leaves closing to the peer. If the socket were closed while the peer sends something, the peer would
   * read no more.
   */
  refuse(reason: string): void {
    this.#part();
    this.#socket.end(`${REFUSED}${JSON.stringify(reason)}\n`);
  }

  #part(): void {
    this.flush();
    this.#isGone = true;
    const timer = setTimeout(() => this.#socket.destroy(), LINGER);
    this.#socket.once('close', () => clearTimeout(timer));
  }

  #isFull(): boolean {
    const { mostWaiting } = this.#rules;
    const size = this.#socket.writableLength + this.#waiting.length;
    this.#full = size > (this.#full ? mostWaiting / 2 : mostWaiting);
    return this.#full;
  }
}

const NEWLINE = 10;
const SPACE = 32;

/**
 * Returns a frame with its only line break at the end; in JSON, line breaks are blanks. Small frames are returned as
 * texts of bytes, which are faster to join.
 */
function toLine(frame: Frame): string | Uint8Array {
  const bytes =
    typeof frame === 'string' ? Buffer.from(frame) : Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength);
  const isOneLine = !bytes.includes(NEWLINE);
  if (bytes.length <= MOST_COPIED) {
    const text = bytes.toString('latin1');
    return `${isOneLine ? text : text.replaceAll('\n', ' ')}\n`;
  }
  const line = Buffer.allocUnsafe(bytes.length + 1);
  line.set(isOneLine ? bytes : bytes.map((byte) => (byte === NEWLINE ? SPACE : byte)));
  line[bytes.length] = NEWLINE;
  return line;
}
