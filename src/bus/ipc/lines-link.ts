import { connect, type Socket } from 'node:net';
import { AddressError } from '../../errors.ts';
import type { Topic } from '../bus.ts';
import { LONGEST_TIMER, nextTurn, SLICE } from '../../timers.ts';
import { MOST_SILENT_TICKS, TICKS_A_HEARTBEAT } from '../heartbeat.ts';
import { isWord, LineReader, parse, REFUSED, SUBSCRIBE, toBytes, VERSION, WELCOME } from './lines.ts';

/** How long, in milliseconds, a broker may take to say who it is, and closing may take. */
const WELCOME_WITHIN = 5_000;
const CLOSE_WITHIN = 1_000;

/** The most characters that are handed over at once. */
const MESSAGE_SIZE = 65_536;
/** From this many characters on, they are handed over as bytes. */
const LARGE = 16_384;

/**
 * Connects to a broker at the path of a plain socket.
 * @returns undefined where nobody serves, or nobody that speaks this version
 * @throws the reason why it is unknown whether somebody serves; the signal's reason
 */
export async function joinLines(
  path: string,
  onFrame: (text: string) => void,
  signal: AbortSignal,
): Promise<LinesLink | undefined> {
  signal.throwIfAborted();
  const socket = connect(path);
  const giveUp = (): void => void socket.destroy(signal.reason as Error);
  signal.addEventListener('abort', giveUp);
  const timer = setTimeout(() => socket.destroy(new Error(`nobody said anything at '${path}'`)), WELCOME_WITHIN);
  try {
    return await new Promise<LinesLink | undefined>((resolve, reject) => {
      const link = new LinesLink(socket, onFrame, (isUnderstood) => resolve(isUnderstood ? link : undefined));
      socket.once('error', reject);
      socket.once('close', () => reject(new Error(`who serves at '${path}' is no broker, or is about to stop`)));
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ECONNREFUSED') return undefined;
    if (code === 'EACCES') throw new AddressError(`'${path}' cannot be used: permission denied`, { cause: error });
    throw error;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', giveUp);
  }
}

/** A peer's end of a plain socket, from when it is connected until it breaks. */
export class LinesLink {
  readonly #socket: Socket;
  readonly #reader: LineReader = new LineReader();
  readonly #onFrame: (text: string) => void;
  readonly #onWelcome: (isUnderstood: boolean) => void;
  /** Fulfils when the link has broken or was closed. */
  readonly ended: Promise<void>;
  /** Why it ended, where the broker gave a reason. */
  refusal: string | undefined;
  #waiting = '';
  #watch: ReturnType<typeof setInterval> | undefined;
  #silentTicks = 0;

  constructor(socket: Socket, onFrame: (text: string) => void, onWelcome: (isUnderstood: boolean) => void) {
    this.#socket = socket;
    this.#onFrame = onFrame;
    this.#onWelcome = onWelcome;
    socket.on('data', (chunk) => void this.#read(chunk));
    // A close follows an error.
    socket.on('error', () => {});
    this.ended = new Promise((resolve) => {
      socket.once('close', () => {
        clearInterval(this.#watch);
        resolve();
      });
    });
  }

  subscribe({ prefixes }: Topic): void {
    this.#say(SUBSCRIBE + JSON.stringify(prefixes));
  }

  send(_topic: string, frame: string): void {
    this.#say(frame);
  }

  /** Sends a line together with others of this job. */
  #say(line: string): void {
    if (this.#waiting === '') queueMicrotask(() => this.#flush());
    this.#waiting += `${line}\n`;
    if (this.#waiting.length >= MESSAGE_SIZE) this.#flush();
  }

  /** Hands over what was sent. */
  async close(): Promise<void> {
    this.#flush();
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), CLOSE_WITHIN);
    await this.ended;
    clearTimeout(timer);
  }

  #flush(): void {
    if (this.#waiting === '') return;
    // For a text, Node takes three times as many bytes as it has characters, until they have been sent.
    this.#socket.write(this.#waiting.length < LARGE ? this.#waiting : toBytes(this.#waiting));
    this.#waiting = '';
  }

  /** Between lines, the runtime gets its turn now and then. Nothing more is read meanwhile. */
  async #read(chunk: Buffer): Promise<void> {
    this.#silentTicks = 0;
    let begin = performance.now();
    for (const line of this.#reader.read(chunk)) {
      this.#take(line);
      if (performance.now() - begin < SLICE) continue;
      this.#socket.pause();
      await new Promise<void>(nextTurn);
      // What came over a link that has broken is lost with it.
      if (this.#socket.destroyed) return;
      // The socket was not read meanwhile.
      this.#silentTicks = 0;
      begin = performance.now();
    }
    if (this.#reader.isTooLong) this.#socket.destroy();
    this.#socket.resume();
  }

  #take(line: Buffer): void {
    // Brokers pass on nothing that is not UTF-8.
    if (!isWord(line)) this.#onFrame(line.toString());
    else this.#hear(line.toString());
  }

  #hear(word: string): void {
    if (word.startsWith(WELCOME)) {
      this.#enter(word.slice(WELCOME.length));
    } else if (word.startsWith(REFUSED)) {
      this.refusal = String(parse(word.slice(REFUSED.length)));
      this.#socket.destroy();
    }
    // `beat`, and what later versions may say, only shows that the link is alive.
  }

  #enter(welcome: string): void {
    const heartbeat = readWelcome(welcome);
    this.#onWelcome(heartbeat !== undefined);
    if (heartbeat === undefined) {
      this.#socket.destroy();
      return;
    }
    clearInterval(this.#watch);
    // Ticks are counted, not time: a process that was busy has not listened.
    this.#watch = setInterval(() => {
      this.#silentTicks += 1;
      if (this.#silentTicks > MOST_SILENT_TICKS) this.#socket.destroy();
    }, heartbeat / TICKS_A_HEARTBEAT);
  }
}

/** Returns the heartbeat; undefined where the broker speaks another version, or makes no sense. */
function readWelcome(json: string): number | undefined {
  const { version, heartbeat = 0 } = (parse(json) ?? {}) as { version?: number; heartbeat?: number };
  return version === VERSION && heartbeat >= 1 && heartbeat <= LONGEST_TIMER ? heartbeat : undefined;
}
