/**
 * Frames that are larger than the messages of a bus, in parts. A part begins with a line that says whose frame it is
 * of, which part of how many; what follows is a piece of the frame's bytes. Frames begin otherwise: they are JSON.
 */

const MARK = 'part ';
const MARK_BYTES = /* @__PURE__ */ new TextEncoder().encode(MARK);
const NEWLINE = 10;
/** How many bytes the line takes at most. */
const LINE = 100;
/** How many senders may be in the middle of a frame. Who died there is pushed out by others. */
const MOST_SENDERS = 100;

/**
 * Cuts a frame into messages, to be sent in this order.
 * @param most - how many bytes a message may have
 * @param sender - who sends it: a text without blanks that nobody else has
 */
export function cut(frame: Uint8Array, most: number, sender: string): Uint8Array[] {
  const size = most - LINE;
  const count = Math.ceil(frame.length / size);
  return Array.from({ length: count }, (_, index) => {
    const line = new TextEncoder().encode(`${MARK}${sender} ${index} ${count}\n`);
    const piece = frame.subarray(index * size, (index + 1) * size);
    const part = new Uint8Array(line.length + piece.length);
    part.set(line);
    part.set(piece, line.length);
    return part;
  });
}

/** Puts frames together again. The parts of a frame have to come in order; where one is missing, the frame is dropped. */
export class Parts {
  readonly #frames = new Map<string, Uint8Array[]>();

  /** @returns the frame that is complete with this message: the message itself, where that is a whole one */
  add(message: Uint8Array): Uint8Array | undefined {
    if (!MARK_BYTES.every((byte, i) => message[i] === byte)) return message;
    const end = message.indexOf(NEWLINE);
    const [sender, index, count] = new TextDecoder().decode(message.subarray(MARK.length, end)).split(' ');
    if (end < 0 || sender === undefined) return undefined;
    const pieces = Number(index) === 0 ? [] : this.#frames.get(sender);
    this.#frames.delete(sender);
    if (pieces?.length !== Number(index)) return undefined;
    // A copy: what a library hands over it may use again.
    pieces.push(message.slice(end + 1));
    if (pieces.length === Number(count)) return joined(pieces);
    this.#frames.set(sender, pieces);
    for (const oldest of this.#frames.keys()) {
      if (this.#frames.size <= MOST_SENDERS) break;
      this.#frames.delete(oldest);
    }
    return undefined;
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let position = 0;
  for (const piece of pieces) {
    whole.set(piece, position);
    position += piece.length;
  }
  return whole;
}
