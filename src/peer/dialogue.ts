import { type Direct, isQuestion } from '../wire/direct.ts';
import { Calls, type CallsPort } from './calls.ts';
import type { LeaveReason } from './presence.ts';
import type { Services, ServicesPort } from './services.ts';
import type { Setup } from './setup.ts';

/** What a dialogue uses to send messages and to report. */
export type DialoguePort = CallsPort &
  ServicesPort & {
    /** Whether a request from a peer is refused, because its contract is different. */
    isRefused(peer: string, request: string): boolean;
  };

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

  /** A peer has forgotten this one: it does not wait for answers any more, and does not answer what it was asked. */
  forgotten(peer: string): void {
    this.calls.check(peer);
    this.#services?.left(peer, 'bye');
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
