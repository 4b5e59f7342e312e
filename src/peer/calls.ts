import { isViolation, type Violation } from '../contract/validate.ts';
import {
  type MrEventLoopError,
  NoHandlerError,
  OverflowError,
  PayloadError,
  PeerGoneError,
  RemoteError,
  StateError,
  TimeoutError,
  ValidationError,
} from '../errors.ts';
import type { Clock } from '../stream/clock.ts';
import { probe, type ProbedRequest } from '../trace/probe.ts';
import type { Question, Reply } from '../wire/direct.ts';
import { explain } from './outgoing.ts';
import { payloadOf } from './payload.ts';
import { ReplyStream } from './reply-stream.ts';
import type { RequestOptions, RequestSpec } from './requests.ts';
import { chooseServer } from './choose.ts';
import { within } from './within.ts';

/** What calls go out through. */
export interface CallsPort {
  /** The ids of the peers that serve a request. */
  servers(request: string): readonly string[];
  /** @throws OverflowError, PayloadError */
  send(peer: string, message: Question, trace: string | undefined): void;
  /** An answer does not fit the contract. */
  invalid(request: string, violation: Violation): void;
}

/** A call that is under way, or a stream. */
interface Pending {
  readonly spec: RequestSpec;
  readonly peer: string;
  /** Something came; answers that end it are told by `isLast`. */
  answer(value: unknown, isLast: boolean): void;
  fail(error: unknown): void;
}

/** How long, in milliseconds, after it got ready a peer may not know yet who serves what. */
const GRACE = 500;
const DEFAULT_TIMEOUT = 30_000;

/** What a peer asks of others, from a start to a stop. Every call settles. */
export class Calls {
  readonly #clock: Clock;
  readonly #port: CallsPort;
  readonly #pending = new Map<number, Pending>();
  readonly #turns = new Map<string, number>();
  readonly #onNews = new Set<() => void>();
  /** Whether everybody who was there at the start has been heard of. */
  #knowsAll = false;
  #cancelGrace: (() => void) | undefined;
  #closed = false;
  #count = 0;
  readonly #validate: boolean;

  /** @param validate - whether arguments are checked before they leave */
  constructor(clock: Clock, validate: boolean, port: CallsPort) {
    this.#clock = clock;
    this.#validate = validate;
    this.#port = port;
  }

  /** How many have not been answered. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Asks; the options come behind the arguments. */
  async call(spec: RequestSpec, given: readonly unknown[]): Promise<unknown> {
    const probed = probe?.request(spec.name);
    try {
      const answer = await this.#call(spec, given, probed?.trace);
      probed?.end();
      return answer;
    } catch (error) {
      probed?.end(error);
      throw error;
    }
  }

  async #call(spec: RequestSpec, given: readonly unknown[], trace: string | undefined): Promise<unknown> {
    const { timeout = DEFAULT_TIMEOUT, signal, key } = optionsOf(spec, given);
    const deadline = this.#clock.now() + timeout;
    const args = await this.#check(spec, given, signal);
    await this.#untilServed(spec, deadline, timeout, signal);
    const peer = this.#choose(spec, key, signal);
    return new Promise((resolve, reject) => {
      const id = this.#nextId();
      let cancelTimer: (() => void) | undefined;
      const settle = (): void => {
        this.#pending.delete(id);
        cancelTimer?.();
        signal?.removeEventListener('abort', onAbort);
      };
      const fail = (error: unknown): void => {
        settle();
        reject(error);
      };
      const callOff = (error: unknown): void => {
        fail(error);
        this.#tell(peer, { kind: 'cancel', id });
      };
      const onAbort = (): void => callOff(signal?.reason);
      if (timeout !== Infinity) {
        cancelTimer = this.#clock.after(Math.max(0, deadline - this.#clock.now()), () =>
          callOff(new TimeoutError(`request '${spec.name}' was not answered within ${timeout} ms`)),
        );
      }
      signal?.addEventListener('abort', onAbort);
      this.#pending.set(id, {
        spec,
        peer,
        answer: (value) => {
          settle();
          resolve(this.#checkResult(spec, value));
        },
        fail,
      });
      try {
        this.#send(spec, peer, { kind: 'call', id, request: spec.name, args }, trace);
      } catch (error) {
        fail(error);
      }
    });
  }

  /** A stream of answers, which is asked for when it is first read. */
  stream(spec: RequestSpec, given: readonly unknown[]): AsyncIterable<unknown> {
    const { timeout = Infinity, signal, key } = optionsOf(spec, given);
    return {
      [Symbol.asyncIterator]: () => {
        let peer = '';
        let id = 0;
        let isOver = false;
        let probed: ProbedRequest | undefined;
        const replies = new ReplyStream(this.#clock, timeout, signal, {
          begin: async (room) => {
            probed = probe?.request(spec.name);
            const args = await this.#check(spec, given, signal);
            await this.#untilServed(spec, this.#clock.now() + timeout, timeout, signal);
            // It may have been given up meanwhile.
            if (isOver) return;
            peer = this.#choose(spec, key, signal);
            id = this.#nextId();
            this.#pending.set(id, {
              spec,
              peer,
              answer: (value, isLast) => replies.arrived(value, isLast),
              fail: (error) => replies.fail(error),
            });
            try {
              this.#send(spec, peer, { kind: 'stream', id, request: spec.name, room, args }, probed?.trace);
            } catch (error) {
              this.#pending.delete(id);
              throw error;
            }
          },
          more: (room) => this.#tell(peer, { kind: 'more', id, room }),
          end: (isComplete, error) => {
            isOver = true;
            probed?.end(error);
            if (this.#pending.delete(id) && !isComplete) this.#tell(peer, { kind: 'cancel', id });
          },
          check: (value) => this.#checkResult(spec, value),
          late: () => new TimeoutError(`request '${spec.name}' had no further answer within ${timeout} ms`),
        });
        return replies;
      },
    };
  }

  /** A peer answered. */
  received(from: string, message: Reply): void {
    const pending = this.#pending.get(message.id);
    if (pending?.peer !== from) {
      // It was given up, which the other has not heard, or not taken in.
      if (message.kind === 'item') this.#tell(from, { kind: 'cancel', id: message.id });
      return;
    }
    const { spec } = pending;
    switch (message.kind) {
      case 'result':
        this.#finish(message.id);
        pending.answer(message.value, true);
        break;
      case 'item':
        pending.answer(message.value, false);
        break;
      case 'end':
        this.#finish(message.id);
        pending.answer(undefined, true);
        break;
      case 'error': {
        const { name, message: text, code } = message.error;
        const error = new RemoteError(`request '${spec.name}' failed where it was served: ${name}: ${text}`, {
          name,
          code,
        });
        this.#fail(message.id, error);
        break;
      }
      case 'nobody':
        this.#fail(message.id, new NoHandlerError(`peer ${from} has no handler for request '${spec.name}'`));
        break;
      case 'lost':
        this.#fail(message.id, new PeerGoneError(`request '${spec.name}' or its answer was lost at peer ${from}`));
        break;
    }
  }

  /** Both ways through the broker are open. */
  ready(): void {
    // Told by the timer, not by comparing times: a timer of Node fires up to a millisecond early.
    this.#cancelGrace = this.#clock.after(GRACE, () => {
      this.#knowsAll = true;
      this.#news();
    });
  }

  /** The link broke. */
  notReady(): void {
    this.#knowsAll = false;
    this.#cancelGrace?.();
  }

  /** A peer is there. */
  met(): void {
    this.#news();
  }

  /** A peer may have forgotten what it was asked. */
  check(peer: string): void {
    for (const [id, pending] of this.#pending) if (pending.peer === peer) this.#tell(peer, { kind: 'check', id });
  }

  /** A peer left, or is not heard of any more. */
  left(peer: string, reason: 'bye' | 'silent'): void {
    const what = reason === 'bye' ? 'left' : 'fell silent';
    for (const [id, pending] of this.#pending) {
      if (pending.peer !== peer) continue;
      this.#fail(id, new PeerGoneError(`peer ${peer} ${what} before it answered request '${pending.spec.name}'`));
    }
  }

  /** Nothing will be answered any more. */
  close(): void {
    this.#closed = true;
    this.notReady();
    for (const id of this.#pending.keys()) this.#fail(id, stopped());
    this.#news();
  }

  #nextId(): number {
    this.#count += 1;
    return this.#count;
  }

  #finish(id: number): void {
    this.#pending.delete(id);
  }

  #fail(id: number, error: MrEventLoopError): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.fail(error);
  }

  #news(): void {
    for (const onNews of this.#onNews) onNews();
  }

  async #check(
    spec: RequestSpec,
    given: readonly unknown[],
    signal: AbortSignal | undefined,
  ): Promise<readonly unknown[]> {
    signal?.throwIfAborted();
    if (given.length > spec.arity + 1) {
      const counts = { expected: spec.arity, given: given.length };
      throw explain('request', spec.name, { reason: 'arity', ...counts });
    }
    const args = given.slice(0, spec.arity);
    // The options stand behind arguments that may be left out.
    while (args.length > 0 && args.at(-1) === undefined) args.pop();
    const sent = payloadOf('request', spec.name, args, spec.codec);
    if (!this.#validate) return sent;
    const pending = spec.parseArgs(args);
    const copy = pending instanceof Promise ? (JSON.parse(JSON.stringify(sent)) as readonly unknown[]) : sent;
    const parsed = await pending;
    if (isViolation(parsed)) throw explain('request', spec.name, parsed);
    return copy;
  }

  async #checkResult(spec: RequestSpec, value: unknown): Promise<unknown> {
    const parsed = await spec.parseResult([value]);
    if (!isViolation(parsed)) return parsed[0];
    this.#port.invalid(spec.name, parsed);
    const issues = parsed.reason === 'schema' ? parsed.issues : [];
    throw new ValidationError(
      `the answer to request '${spec.name}' does not fit its schema; the property 'issues' of this error says why`,
      { event: spec.name, issues },
    );
  }

  /** Waits until somebody serves a request. Right after the start, it may not be known yet who is there. */
  async #untilServed(
    { name }: RequestSpec,
    deadline: number,
    timeout: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    while (!this.#closed && this.#port.servers(name).length === 0) {
      if (this.#knowsAll) return;
      let onNews!: () => void;
      // Somebody comes, or it is decided that nobody does.
      const news = new Promise<void>((resolve) => this.#onNews.add((onNews = resolve)));
      try {
        await within(
          this.#clock,
          news,
          Math.max(0, deadline - this.#clock.now()),
          signal,
          () => `no peer that serves request '${name}' was there within ${timeout} ms`,
        );
      } finally {
        this.#onNews.delete(onNews);
      }
    }
  }

  /** @throws NoHandlerError, StateError; the signal's reason, if it aborted while something was waited for */
  #choose({ name }: RequestSpec, key: string | undefined, signal: AbortSignal | undefined): string {
    signal?.throwIfAborted();
    if (this.#closed) throw stopped();
    const servers = this.#port.servers(name);
    if (servers.length === 0) throw new NoHandlerError(`no peer on the bus serves request '${name}'`);
    const turn = this.#turns.get(name) ?? 0;
    this.#turns.set(name, turn + 1);
    return chooseServer(servers, turn, key);
  }

  /** @throws OverflowError, PayloadError */
  #send({ name }: RequestSpec, peer: string, message: Question, trace: string | undefined): void {
    try {
      this.#port.send(peer, message, trace);
    } catch (cause) {
      if (cause instanceof PayloadError)
        throw new PayloadError(`request '${name}' is too large for this bus`, { cause });
      if (!(cause instanceof OverflowError)) throw cause;
      throw new OverflowError(`request '${name}' was refused: too much waits for peer ${peer}`, { cause });
    }
  }

  /** Says something that can be left out when too much waits. */
  #tell(peer: string, message: Question): void {
    try {
      this.#port.send(peer, message, undefined);
    } catch (error) {
      if (!(error instanceof OverflowError)) throw error;
    }
  }
}

function optionsOf({ arity }: RequestSpec, given: readonly unknown[]): RequestOptions {
  const options = given[arity];
  return typeof options === 'object' && options !== null ? options : {};
}

function stopped(): StateError {
  return new StateError('the peer was stopped before the request was answered');
}
