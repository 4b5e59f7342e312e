import type { Door, DoorListener, Endpoints, Frame } from '../bus.ts';
import { LARGE, Line, type Port, type Word } from './port-line.ts';
import { PrefixIndex } from '../prefix-index.ts';
import { decodeUtf8 } from '../utf8.ts';
import { TICKS_A_HEARTBEAT } from '../heartbeat.ts';

/** The peer at the other end of a port. */
interface Guest {
  readonly line: Line;
  readonly prefixes: string[];
  /** The frames that have not been sent to it yet. */
  waiting: Frame[];
  here: boolean;
  /** Whether it was asked to join, and has not answered. */
  asked: boolean;
}

/**
 * A broker's end of ports to other threads. A thread that does not answer for a heartbeat, because it was terminated or
 * is computing, is sent nothing more. When it is heard again, it is asked to join again.
 */
export class PortDoor implements Door {
  /** Python peers do not come in here. */
  readonly hasPlainListeners = false;
  readonly #heartbeat: number;
  readonly #guests = new Map<Port, Guest>();
  readonly #wanted = new PrefixIndex<Guest>();
  #listener: DoorListener | undefined;
  #ticking: ReturnType<typeof setInterval> | undefined;

  /** @param heartbeat - milliseconds */
  constructor(heartbeat: number) {
    this.#heartbeat = heartbeat;
  }

  open(listener: DoorListener): Promise<Endpoints> {
    this.#listener = listener;
    this.#ticking = setInterval(() => this.#tick(), this.#heartbeat / TICKS_A_HEARTBEAT);
    // In Node, the ports decide whether the program keeps running.
    (this.#ticking as { unref?(): void }).unref?.();
    return Promise.resolve({ in: '', out: '' });
  }

  attach(port: Port): void {
    if (this.#guests.has(port)) return;
    const line = new Line(
      port,
      (word) => this.#hear(guest, word),
      () => this.detach(port),
    );
    const guest: Guest = { line, prefixes: [], waiting: [], here: false, asked: false };
    this.#guests.set(port, guest);
    this.#ask(guest);
  }

  detach(port: Port): void {
    const guest = this.#guests.get(port);
    if (guest === undefined) return;
    this.#guests.delete(port);
    this.#leave(guest);
    guest.line.say('down');
    guest.line.close();
  }

  hears(prefix: string): boolean {
    return this.#wanted.has(prefix);
  }

  send(frame: Frame): void {
    const guests = this.#wanted.match(frame);
    if (guests.size === 0) return;
    const crossing = typeof frame === 'string' || frame.length >= LARGE ? frame : DECODER.decode(frame);
    for (const guest of guests) {
      guest.waiting.push(crossing);
      if (guest.waiting.length === 1) queueMicrotask(() => flush(guest));
    }
  }

  close(): Promise<void> {
    this.#listener = undefined;
    clearInterval(this.#ticking);
    for (const port of this.#guests.keys()) this.detach(port);
    return Promise.resolve();
  }

  #hear(guest: Guest, word: Word): void {
    switch (word[0]) {
      case 'join':
        this.#leave(guest);
        guest.here = true;
        guest.line.say('up', word[1], this.#heartbeat);
        break;
      case 'leave':
        this.#leave(guest);
        break;
      case 'subscribe':
        for (const prefix of guest.here ? word[1] : []) {
          guest.prefixes.push(prefix);
          this.#wanted.add(prefix, guest);
        }
        break;
      case 'frames':
        if (guest.here) for (const frame of word[1]) this.#take(frame);
        else this.#ask(guest);
        break;
      case 'beat':
        if (!guest.here) this.#ask(guest);
        break;
      // Only doors send these.
      case 'ask':
      case 'up':
      case 'down':
    }
  }

  #take(frame: Frame): void {
    // Bytes that are not text would end the links of the peers that they are passed on to.
    if (typeof frame === 'string' || isUtf8(frame)) this.#listener?.frame(frame);
    else this.#listener?.unreadable();
  }

  #ask(guest: Guest): void {
    if (guest.asked) return;
    guest.asked = true;
    guest.line.say('ask');
  }

  #leave(guest: Guest): void {
    guest.here = false;
    guest.asked = false;
    guest.waiting = [];
    for (const prefix of guest.prefixes.splice(0)) this.#wanted.delete(prefix, guest);
  }

  #tick(): void {
    for (const guest of this.#guests.values()) {
      if (!guest.here) continue;
      if (guest.line.tick()) guest.line.say('beat');
      else this.#leave(guest);
    }
  }
}

const DECODER = /* @__PURE__ */ new TextDecoder();

function flush(guest: Guest): void {
  if (guest.waiting.length === 0) return;
  guest.line.sendFrames(guest.waiting);
  guest.waiting = [];
}

/** Whether bytes are text in UTF-8. Runtimes with Node's modules check this in a tenth of the time. */
const isUtf8 = /* @__PURE__ */ findIsUtf8();

function findIsUtf8(): (bytes: Uint8Array) => boolean {
  const runtime = (globalThis as { process?: { getBuiltinModule?: NodeJS.Process['getBuiltinModule'] } }).process;
  return runtime?.getBuiltinModule?.('buffer')?.isUtf8 ?? ((bytes) => decodeUtf8(bytes) !== undefined);
}
