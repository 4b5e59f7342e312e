/**
 * What peers and brokers of this package say to each other over a plain socket: lines of text in UTF-8. One that
 * begins with a small letter is a word and its JSON; all others are frames.
 */

/** From the broker, first of all: `welcome {"version": 1, "heartbeat": 6000}`. */
export const WELCOME = 'welcome ';
/** From the peer: `subscribe ["…", …]`, how the frames begin that it wants. */
export const SUBSCRIBE = 'subscribe ';
/** From the broker, now and then: the link is alive. */
export const BEAT = 'beat';
/** From the broker, last of all: `refused "subscribes to names of too many lengths"`. */
export const REFUSED = 'refused ';

export const VERSION = 1;

/** In how many ticks of silence, each a third of the heartbeat, a link counts as dead. */
export const TICKS_A_HEARTBEAT = 3;
export const MOST_SILENT_TICKS = 2;

/** How long a line may be, in bytes: what fits into a string. */
const LONGEST = 2 ** 29 - 25;

const NEWLINE = 10;
const [SMALL_A, SMALL_Z] = [97, 122];

export function isWord(line: Uint8Array): boolean {
  const first = line[0] ?? 0;
  return first >= SMALL_A && first <= SMALL_Z;
}

/** What the JSON behind a word says; undefined where it is none. */
export function parse(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}

/** How many bytes a character takes at most. */
const WIDEST = 4;

/** The bytes of a text that is large: of ASCII, as most are, in a third of the time that `Buffer.from` takes. */
export function toBytes(text: string): Buffer {
  const bytes = Buffer.allocUnsafe(text.length + WIDEST);
  const size = bytes.write(text);
  // With a character that takes more than a byte, more would be written, even where not all fits.
  return size === text.length ? bytes.subarray(0, size) : Buffer.from(text);
}

/** Makes lines of what comes in pieces. */
export class LineReader {
  // What came of a line whose end did not.
  #parts: Buffer[] = [];
  #size = 0;

  /** Whether a line has come that is too long for anybody. */
  get isTooLong(): boolean {
    return this.#size > LONGEST;
  }

  /** The lines that end in a piece, without their ends. Their bytes are shared with others. */
  *read(chunk: Buffer): Generator<Buffer, void> {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      yield this.#complete(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start === chunk.length) return;
    this.#parts.push(chunk.subarray(start));
    this.#size += chunk.length - start;
  }

  #complete(last: Buffer): Buffer {
    if (this.#size === 0) return last;
    const line = Buffer.concat([...this.#parts, last]);
    this.#parts = [];
    this.#size = 0;
    return line;
  }
}
