import type { Violation } from '../contract/validate.ts';
import type { AnyEvent } from '../events/event.ts';
import { type Direct, isQuestion } from '../wire/direct.ts';
import { Calls } from './calls.ts';
import type { LeaveReason } from './presence.ts';
import type { Services } from './services.ts';
import type { Setup } from './setup.ts';

/** What a dialogue uses to send messages and to report. */
export interface DialoguePort {
  /** The ids of the peers that serve a request and may be asked. */
  servers(request: string): readonly string[];
  /** The event that the handler of a request is connected to. */
  served(request: string): AnyEvent;
  /** @throws OverflowError, PayloadError */
  send(peer: string, message: Direct, trace?: string): void;
  /**
   * Sends a message as soon as there is room for it.
   * @param peer - undefined if there is no peer to send it to
   */
  tell(peer: string | undefined, message: Direct): Promise<void>;
  /** If there is no room for more messages to a peer, returns a promise that fulfils when there is. */
  room(peer: string): Promise<void> | undefined;
  /** Something does not fit the contract: arguments, or an answer. */
  invalid(request: string, violation: Violation): void;
  failed(request: string, peer: string, error: unknown): void;
  /** Whether a request from a peer is refused, because its contract is different. */
  isRefused(peer: string, request: string): boolean;
}

/** The requests that a peer sends and answers, from one start to the next stop. */
export class Dialogue {
  readonly calls: Calls;
  readonly #setup: Setup;
  readonly #port: DialoguePort;
  /** Undefined if the peer answers no requests. */
  #services: Services | undefined;

  constructor(setup: Setup, port: DialoguePort) {
    const { clock, validates, serve } = setup;
    this.#setup = setup;
    this.#port = port;
    this.calls = new Calls(clock, validates, serve, port);
  }

  /** Loads the code that answers requests, if the peer answers any. To be called before anything may be received. */
  async load(): Promise<void> {
    const { clock, validates, serve } = this.#setup;
    if (serve.size === 0) return;
    const { Services } = await import('./services.ts');
    this.#services = new Services(serve, validates, clock, this.#port);
  }

  /** How many requests of other peers are being answered. */
  get serving(): number {
    return this.#services?.running ?? 0;
  }

  received(peer: string, message: Direct, trace?: string): void {
    if (!isQuestion(message)) {
      this.calls.received(peer, message);
    } else if (this.#services === undefined || ('request' in message && this.#port.isRefused(peer, message.request))) {
      void this.#port.tell(peer, { kind: 'nobody', id: message.id });
    } else {
      this.#services.received(peer, message, trace);
    }
  }

  /** Messages of a peer are lost for good. */
  lost(peer: string): void {
    this.calls.lost(peer);
    this.#services?.lost(peer);
  }

  left(peer: string, reason: LeaveReason): void {
    this.calls.left(peer, reason);
    this.#services?.left(peer, reason);
  }

  /** Takes no more requests, and fulfils when none is being answered any more. */
  drain(): Promise<void> {
    return this.#services?.drain() ?? Promise.resolve();
  }

  /** No more requests are sent or answered. */
  close(): void {
    this.calls.close();
    this.#services?.close();
  }
}
