/**
 * Frames that are larger than the messages of a bus are sent in parts. A part begins with a line that names the sender
 * of the frame, the index of the part and the number of parts. A piece of the frame's bytes follows. Frames begin
 * differently: they are JSON.
 */

const MARK = 'part ';
const MARK_BYTES = /* @__PURE__ */ new TextEncoder().encode(MARK);
const NEWLINE = 10;
/** How many bytes this line takes at most. */
const LINE = 100;
/** How many senders may be in the middle of a frame. A sender that died there is pushed out by others. */
const MOST_SENDERS = 100;

/**
 * Cuts a frame into messages, to be sent in this order.
 * @param most - how many bytes a message may have
 * @param sender - identifies the sender: a text without blanks that no other sender has
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

/** Reassembles frames. The parts of a frame must come in order; if one is missing, the frame is dropped. */
export class Parts {
  readonly #frames = new Map<string, Uint8Array[]>();

  /** @returns the frame that this message completes: the message itself if it is a whole frame */
  add(message: Uint8Array): Uint8Array | undefined {
    if (!MARK_BYTES.every((byte, i) => message[i] === byte)) return message;
    const end = message.indexOf(NEWLINE);
    const [sender, index, count] = new TextDecoder().decode(message.subarray(MARK.length, end)).split(' ');
    if (end < 0 || sender === undefined) return undefined;
    const pieces = Number(index) === 0 ? [] : this.#frames.get(sender);
    this.#frames.delete(sender);
    if (pieces?.length !== Number(index)) return undefined;
    // A copy, because a library may reuse the bytes that it hands over.
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
