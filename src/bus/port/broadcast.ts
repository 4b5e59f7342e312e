import { StateError } from '../../errors.ts';
import type { Bus, BusListener, Topic } from '../bus.ts';
import type { Channel } from './channel.ts';

/** A message on a channel. Messages of others are left alone. */
interface Message {
  /** Topics and frames in turn: each frame follows its topic. */
  readonly mreventloop?: readonly string[];
}

/** A peer's end of a channel. Every peer on it gets everything, and drops what it did not subscribe to. */
export class BroadcastBus implements Bus {
  /** No peer on a channel knows only JSON-RPC. */
  readonly takesPacks = true;
  readonly #channel: Channel;
  readonly #topics = new Set<string>();
  #listener: BusListener | undefined;
  #waiting: string[] = [];

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  open(listener: BusListener): Promise<void> {
    const reason = this.#post([]);
    if (reason !== undefined)
      return Promise.reject(new StateError('the BroadcastChannel is closed', { cause: reason }));
    this.#listener = listener;
    this.#channel.addEventListener('message', this.#hear);
    // In Node, the peer keeps the program running, not the channel, which is the user's to close.
    this.#channel.unref?.();
    return Promise.resolve();
  }

  subscribe({ name }: Topic): void {
    this.#topics.add(name);
  }

  send(topic: string, frame: string): void {
    if (this.#listener === undefined) return;
    this.#waiting.push(topic, frame);
    if (this.#waiting.length === 2) queueMicrotask(() => this.#flush());
  }

  close(): Promise<void> {
    // Comes first, so that what is still sent does not come back.
    this.#listener = undefined;
    this.#flush();
    this.#channel.removeEventListener('message', this.#hear);
    return Promise.resolve();
  }

  #flush(): void {
    const said = this.#waiting;
    if (said.length === 0) return;
    this.#waiting = [];
    if (this.#post(said) !== undefined) this.#listener?.down('the BroadcastChannel is closed');
    // A channel delivers nothing to the object that posted it, and that object may have other peers besides this one.
    else this.#channel.dispatchEvent(new MessageEvent('message', { data: { mreventloop: said } satisfies Message }));
  }

  /** @returns the error, if there is one */
  #post(said: readonly string[]): unknown {
    try {
      // The channel is not a window, which would need the origin of the other side.
      // oxlint-disable-next-line unicorn/require-post-message-target-origin
      this.#channel.postMessage({ mreventloop: said } satisfies Message);
      return undefined;
    } catch (error) {
      return error;
    }
  }

  readonly #hear = (event: unknown): void => {
    const said = (event as { data?: Message | null }).data?.mreventloop;
    // Any code of the same origin can send anything.
    if (!Array.isArray(said)) return;
    for (let i = 1; i < said.length; i += 2) {
      const frame: unknown = said[i];
      if (typeof frame === 'string' && this.#topics.has(said[i - 1])) this.#listener?.frame(frame);
    }
  };
}
