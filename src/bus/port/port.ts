import { AddressError } from '../../errors.ts';
import type { Bus, BusListener, Frame, Topic } from '../bus.ts';
import { Line, type Port, type Word } from './port-line.ts';
import { decodeUtf8 } from '../utf8.ts';
import { TICKS_A_HEARTBEAT } from '../heartbeat.ts';

/** A peer's end of a port, whose other end was given to a broker. */
export class PortBus implements Bus {
  readonly #port: Port;
  readonly #prefixes: string[] = [];
  #listener: BusListener | undefined;
  #line: Line | undefined;
  #up = false;
  // The number of the last join. An answer to an earlier one is out of date.
  #joins = 0;
  #waiting: string[] = [];
  #ticking: ReturnType<typeof setInterval> | undefined;

  /** @throws AddressError for a window, which receives from everybody; windows of other origins have `frames`, too */
  constructor(port: Port) {
    if ('frames' in port)
      throw new AddressError('a window is no port: pass a MessagePort, and post its other end there');
    this.#port = port;
  }

  open(listener: BusListener): Promise<void> {
    this.#listener = listener;
    this.#line = new Line(
      this.#port,
      (word) => this.#hear(word),
      () => this.#down(),
    );
    this.#join();
    return Promise.resolve();
  }

  subscribe({ prefixes }: Topic): void {
    this.#prefixes.push(...prefixes);
    if (this.#up) this.#line?.say('subscribe', prefixes);
  }

  send(_topic: string, frame: string): void {
    if (!this.#up) return;
    this.#waiting.push(frame);
    if (this.#waiting.length === 1) queueMicrotask(() => this.#flush());
  }

  close(): Promise<void> {
    this.#flush();
    this.#listener = undefined;
    this.#up = false;
    clearInterval(this.#ticking);
    this.#line?.say('leave');
    this.#line?.close();
    this.#line = undefined;
    return Promise.resolve();
  }

  #join(): void {
    this.#joins += 1;
    this.#line?.say('join', this.#joins);
  }

  #hear(word: Word): void {
    switch (word[0]) {
      case 'up':
        if (word[1] === this.#joins) this.#enter(word[2]);
        break;
      case 'frames':
        if (this.#up) for (const frame of word[1]) this.#take(frame);
        break;
      case 'beat':
        this.#line?.say('beat');
        break;
      case 'ask':
        this.#down();
        this.#join();
        break;
      case 'down':
        this.#down();
        break;
      // Only peers send these.
      case 'join':
      case 'subscribe':
      case 'leave':
    }
  }

  #take(frame: Frame): void {
    const text = typeof frame === 'string' ? frame : decodeUtf8(frame);
    if (text === undefined) this.#listener?.unreadable();
    else this.#listener?.frame(text);
  }

  #enter(heartbeat: number): void {
    this.#up = true;
    this.#line?.say('subscribe', this.#prefixes);
    clearInterval(this.#ticking);
    this.#ticking = setInterval(() => {
      if (this.#line?.tick() === true) return;
      // The other end does not run, or runs something long. It may come back.
      this.#down();
      this.#join();
    }, heartbeat / TICKS_A_HEARTBEAT);
  }

  #down(): void {
    const wasUp = this.#up;
    this.#up = false;
    this.#waiting = [];
    if (wasUp) this.#listener?.down();
  }

  #flush(): void {
    if (!this.#up || this.#waiting.length === 0) return;
    this.#line?.sendFrames(this.#waiting);
    this.#waiting = [];
  }
}
