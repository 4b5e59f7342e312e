import { LONGEST_TIMER } from '../../timers.ts';
import type { Frame } from '../bus.ts';
import { MOST_SILENT_TICKS } from '../heartbeat.ts';
import { listenToPort, whenGone } from './listen-to-port.ts';

/** A port of the web: a `MessagePort`, a `Worker`, or, within a worker, `self`. */
export interface WebPort {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  addEventListener(type: string, listener: (event: unknown) => void): void;
  removeEventListener(type: string, listener: (event: unknown) => void): void;
  start?(): void;
}

/** A `Worker` of `node:worker_threads`. */
export interface NodeWorker {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  on(event: string, listener: (value: unknown) => void): unknown;
  off(event: string, listener: (value: unknown) => void): unknown;
}

/**
 * A port to another thread, or to a frame of a page: a `MessagePort`, a `Worker` or, within a worker, `self` or
 * `parentPort`; for peers, also a `BroadcastChannel`. Messages of others over the same port are left alone.
 */
export type Port = WebPort | NodeWorker;

/**
 * A word that one end of a port sends to the other.
 *
 * The peer sends `join` (with a new number each time), `subscribe` (with the beginnings of frames), `frames`, `leave`
 * and `beat`. The door sends `ask` (who is there? it serves anew), `up` (with the number of a join, and the heartbeat
 * in milliseconds), `frames`, `down` and `beat` (to be answered by another `beat`).
 */
export type Word =
  | readonly ['ask' | 'leave' | 'down' | 'beat']
  | readonly ['join', count: number]
  | readonly ['up', count: number, heartbeat: number]
  | readonly ['subscribe', prefixes: readonly string[]]
  | readonly ['frames', frames: readonly Frame[]];

/** The name under which a message holds its word. */
const KEY = 'mreventloop';

/**
 * From this many characters, or bytes, on, a frame is sent as bytes whose memory is transferred. A text is copied on
 * both sides.
 */
export const LARGE = 65_536;

const ENCODER = /* @__PURE__ */ new TextEncoder();

/** One end of a port. It does not close the port, which belongs to the user. */
export class Line {
  readonly #port: Port;
  readonly #stop: () => void;
  #silentTicks = 0;

  /** @param closed - called when the other end is gone for good, where the runtime reports that */
  constructor(port: Port, hear: (word: Word) => void, closed: () => void) {
    this.#port = port;
    const isWeb = 'addEventListener' in port;
    const onMessage = (message: unknown): void => {
      const word = readWord(isWeb ? (message as { data: unknown }).data : message);
      if (word === undefined) return;
      this.#silentTicks = 0;
      hear(word);
    };
    const stops = [listenToPort(port, 'message', 'message', onMessage), whenGone(port, closed)];
    if (isWeb) port.start?.();
    this.#stop = () => {
      for (const stop of stops) stop();
    };
  }

  say(...word: Exclude<Word, readonly ['frames', ...unknown[]]>): void {
    this.#post(word, []);
  }

  /** @param frames - those that are bytes may be for others, too, so a copy is sent */
  sendFrames(frames: readonly Frame[]): void {
    const transfer: ArrayBuffer[] = [];
    const crossing = frames.map((frame) => {
      if (frame.length < LARGE) return frame;
      const bytes = typeof frame === 'string' ? ENCODER.encode(frame) : new Uint8Array(frame);
      transfer.push(bytes.buffer);
      return bytes;
    });
    this.#post(['frames', crossing], transfer);
  }

  #post(word: Word, transfer: ArrayBuffer[]): void {
    // The port is not a window, which would need the origin of the other side.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    this.#port.postMessage({ [KEY]: word }, transfer);
  }

  /** Returns whether the other end was heard within a heartbeat. To be called three times in a heartbeat. */
  tick(): boolean {
    this.#silentTicks += 1;
    return this.#silentTicks <= MOST_SILENT_TICKS;
  }

  close(): void {
    this.#stop();
  }
}

/** Returns the word in a message; undefined for messages of others and invalid words: any sender may send anything. */
function readWord(message: unknown): Word | undefined {
  const word = (message as { [KEY]?: unknown } | null | undefined)?.[KEY];
  return Array.isArray(word) && isWord(word) ? word : undefined;
}

function isWord(word: readonly unknown[]): word is Word {
  const [kind, first, second] = word;
  switch (kind) {
    case 'ask':
    case 'leave':
    case 'down':
    case 'beat':
      return true;
    case 'join':
      return typeof first === 'number';
    case 'up':
      return typeof first === 'number' && typeof second === 'number' && second >= 1 && second <= LONGEST_TIMER;
    case 'subscribe':
      return isListOf(first, (prefix) => typeof prefix === 'string');
    case 'frames':
      return isListOf(first, (frame) => typeof frame === 'string' || frame instanceof Uint8Array);
    default:
      return false;
  }
}

function isListOf(value: unknown, isItem: (item: unknown) => boolean): boolean {
  // Not every(), which skips holes.
  return Array.isArray(value) && value.findIndex((item) => !isItem(item)) === -1;
}
