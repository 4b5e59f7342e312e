import { LONGEST } from '../../size.ts';

/**
 * The messages between peers and brokers of this package over a plain socket: lines of text in UTF-8. A line that
 * begins with a small letter is a word and its JSON. All others are frames.
 */

/** The first line from the broker: `welcome {"version": 1, "heartbeat": 6000}`. */
export const WELCOME = 'welcome ';
/** From the peer: `subscribe ["…", …]`, with the beginnings of the frames that it wants. */
export const SUBSCRIBE = 'subscribe ';
/** From the broker, now and then: the link is alive. */
export const BEAT = 'beat';
/** The last line from the broker: `refused "subscribes to names of too many lengths"`. */
export const REFUSED = 'refused ';

export const VERSION = 1;

const NEWLINE = 10;
const [SMALL_A, SMALL_Z] = [97, 122];

export function isWord(line: Uint8Array): boolean {
  const first = line[0] ?? 0;
  return first >= SMALL_A && first <= SMALL_Z;
}

/** Parses the JSON after a word; returns undefined for invalid JSON. */
export function parse(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    return undefined;
  }
}

/** How many bytes a character takes at most. */
const WIDEST = 4;

/** Returns the bytes of a large text. For ASCII, which most are, this takes a third of the time of `Buffer.from`. */
export function toBytes(text: string): Buffer {
  const bytes = Buffer.allocUnsafe(text.length + WIDEST);
  const size = bytes.write(text);
  // With a character of more than one byte, more would be written, even if not all of it fits.
  return size === text.length ? bytes.subarray(0, size) : Buffer.from(text);
}

/** Assembles lines from what comes in pieces. */
export class LineReader {
  // What has come of a line whose end has not come yet.
  #parts: Buffer[] = [];
  #size = 0;

  /** Whether a line that is too long for anybody has come. */
  get isTooLong(): boolean {
    return this.#size > LONGEST;
  }

  /** Yields the lines that end in a piece, without their line breaks. Their bytes are shared with others. */
  *read(chunk: Buffer): Generator<Buffer, void> {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      // It stays unfinished, and so too long.
      if (this.#size + end - start > LONGEST) break;
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
