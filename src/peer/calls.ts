import { isViolation, type Parsed, type Violation } from '../contract/validate.ts';
import {
  type MrEventLoopError,
  NoHandlerError,
  PeerGoneError,
  RemoteError,
  StateError,
  TimeoutError,
} from '../errors.ts';
import { jsonOf } from '../stream/arguments.ts';
import type { Clock } from '../stream/clock.ts';
import { probe, type ProbedRequest } from '../trace/probe.ts';
import type { Question, Reply } from '../wire/direct.ts';
import { explain, explainAnswer, explainUnsent } from './explain.ts';
import { copyOf, payloadOf, withoutLastUndefined } from './payload.ts';
import type { LeaveReason } from './presence.ts';
import { ReplyStream } from './reply-stream.ts';
import type { RequestOptions, RequestSpec } from './requests.ts';
import { chooseServer } from './choose.ts';

/** What calls use to send messages and to report. */
export interface CallsPort {
  /** The ids of the peers that serve a request. */
  servers(request: string): readonly string[];
  /** @throws OverflowError, PayloadError */
  send(peer: string, message: Question, trace: string | undefined): void;
  /**
   * Sends a message as soon as there is room for it.
   * @param peer - undefined if no peer was asked yet
   */
  tell(peer: string | undefined, message: Question): Promise<void>;
  /** An answer does not fit the contract. */
  invalid(request: string, violation: Violation): void;
}

/** A call or a stream that is under way: from when it is asked for until it has settled, schemas included. */
interface Pending {
  readonly spec: RequestSpec;
  /** The peer that was asked, as long as more is to come from it. */
  peer: string | undefined;
  /** Asks, if there is a peer that can be asked. Set as long as the call waits for one. */
  ask: (() => void) | undefined;
  /** Asks another peer, if the one that was asked replies `nobody`. Set if there are others. */
  askAnother: (() => void) | undefined;
  /** Something came. `isLast` marks an answer that ends the call. */
  answer(value: unknown, isLast: boolean): void;
  fail(error: unknown): void;
}

/** For how long, in milliseconds, after it became ready a peer may not know yet who serves what. */
const GRACE = 500;
const DEFAULT_TIMEOUT = 30_000;

/** The requests that a peer sends, from one start to the next stop. Every call settles. */
export class Calls {
  readonly #clock: Clock;
  readonly #port: CallsPort;
  readonly #pending = new Map<number, Pending>();
  readonly #turns = new Map<string, number>();
  /** Whether this peer has heard of every peer that was there at the start. */
  #knowsAll = false;
  #isReady = false;
  #cancelGrace: (() => void) | undefined;
  #closed = false;
  #count = 0;
  readonly #validate: boolean;
  readonly #served: ReadonlyMap<string, RequestSpec>;

  /**
   * @param validate - whether arguments are checked before they leave
   * @param served - the requests that this peer itself serves
   */
  constructor(clock: Clock, validate: boolean, served: ReadonlyMap<string, RequestSpec>, port: CallsPort) {
    this.#clock = clock;
    this.#validate = validate;
    this.#served = served;
    this.#port = port;
  }

  /** Sends a request. The options come after the arguments. */
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

  #call(spec: RequestSpec, given: readonly unknown[], trace: string | undefined): Promise<unknown> {
    const { timeout = DEFAULT_TIMEOUT, ...options } = optionsOf(spec, given);
    return this.#settling(spec, timeout, options.signal, (id, pending) => {
      this.#begin(id, pending, given, options, 0, trace);
    });
  }

  /**
   * Returns a promise of an answer. Whatever it waits for, schemas included, the timeout, the signal or the end of this
   * peer settles it at the latest.
   */
  #settling(
    spec: RequestSpec,
    timeout: number,
    signal: AbortSignal | undefined,
    begin: (id: number, pending: Pending) => void,
  ): Promise<unknown> {
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
        void this.#port.tell(pending.peer, { kind: 'cancel', id });
      };
      const onAbort = (): void => callOff(signal?.reason);
      const pending: Pending = {
        spec,
        peer: undefined,
        ask: undefined,
        askAnother: undefined,
        answer: (value) => void this.#checkResult(spec, value).then(resolve, reject).finally(settle),
        fail,
      };
      this.#pending.set(id, pending);
      if (timeout !== Infinity) {
        cancelTimer = this.#clock.after(Math.max(0, timeout), () =>
          callOff(this.#late(pending, timeout, 'was not answered')),
        );
      }
      signal?.addEventListener('abort', onAbort);
      begin(id, pending);
    });
  }

  /** Checks the arguments, then asks a peer as soon as it is known which are there. What is sent is what was given. */
  #begin(
    id: number,
    pending: Pending,
    given: readonly unknown[],
    { signal, key }: RequestOptions,
    room: number,
    trace: string | undefined,
  ): void {
    const { spec } = pending;
    const ask = (args: readonly unknown[]): void => {
      // The call may have been given up meanwhile.
      if (!this.#pending.has(id)) return;
      const question = { id, request: spec.name, args };
      let message: Question = room === 0 ? { kind: 'call', ...question } : { kind: 'stream', room, ...question };
      pending.ask = () => this.#ask(pending, message, key, trace);
      pending.ask();
      // A peer has still to be found, and the arguments may change meanwhile.
      if (pending.ask !== undefined) message = copyOf(message);
    };
    try {
      signal?.throwIfAborted();
      if (this.#closed) throw stopped();
      const args = this.#check(spec, given);
      if (args instanceof Promise) args.then(ask).catch((error: unknown) => pending.fail(error));
      else ask(args);
    } catch (error) {
      pending.fail(error);
    }
  }

  /** Returns a stream of answers. The request is sent when the stream is first read. */
  stream(spec: RequestSpec, given: readonly unknown[]): AsyncIterable<unknown> {
    const { timeout = Infinity, ...options } = optionsOf(spec, given);
    const { signal } = options;
    return {
      [Symbol.asyncIterator]: () => {
        const id = this.#nextId();
        let probed: ProbedRequest | undefined;
        const pending: Pending = {
          spec,
          peer: undefined,
          ask: undefined,
          askAnother: undefined,
          answer: (value, isLast) => replies.arrived(value, isLast),
          fail: (error) => replies.fail(error),
        };
        const replies = new ReplyStream(this.#clock, timeout, signal, {
          begin: (room) => {
            probed = probe?.request(spec.name);
            this.#pending.set(id, pending);
            this.#begin(id, pending, given, options, room, probed?.trace);
          },
          more: (room) => void this.#port.tell(pending.peer, { kind: 'more', id, room }),
          end: (isComplete, error) => {
            probed?.end(error);
            this.#pending.delete(id);
            if (!isComplete) void this.#port.tell(pending.peer, { kind: 'cancel', id });
          },
          // A call of its own, because the stream may have ended before.
          check: (value) => this.#settling(spec, timeout, signal, (_, check) => check.answer(value, true)),
          late: () => this.#late(pending, timeout, 'had no further answer'),
        });
        return replies;
      },
    };
  }

  /** A peer answered. */
  received(from: string, message: Reply): void {
    const pending = this.#pending.get(message.id);
    if (pending?.peer !== from) {
      // The call was given up. The other peer has not heard this, or not processed it yet.
      if (message.kind === 'item') void this.#port.tell(from, { kind: 'cancel', id: message.id });
      return;
    }
    const { spec } = pending;
    switch (message.kind) {
      case 'result':
        pending.peer = undefined;
        pending.answer(message.value, true);
        break;
      case 'item':
        pending.answer(message.value, false);
        break;
      case 'end':
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
        if (pending.askAnother !== undefined) pending.askAnother();
        else this.#fail(message.id, noHandler(from, spec));
        break;
      case 'lost':
        this.#fail(message.id, lostAt(from, spec));
        break;
    }
  }

  /** Both ways through the broker are open. */
  ready(): void {
    this.#isReady = true;
    // The timer decides, not a comparison of times: a timer of Node fires up to a millisecond early.
    this.#cancelGrace = this.#clock.after(GRACE, () => {
      this.#knowsAll = true;
      this.#news();
    });
  }

  /** The link broke. */
  notReady(): void {
    this.#isReady = false;
    this.#knowsAll = false;
    this.#cancelGrace?.();
  }

  /** A peer is there. */
  met(): void {
    this.#news();
  }

  /** A peer may have forgotten the requests that it got. */
  check(peer: string): void {
    for (const [id, pending] of this.#pending)
      if (pending.peer === peer) void this.#port.tell(peer, { kind: 'check', id });
  }

  /** Messages of a peer are lost. They may include answers of streams; the answer to a call can be asked for. */
  lost(peer: string): void {
    for (const [id, pending] of this.#pending) {
      if (pending.peer !== peer || !pending.spec.isStream) continue;
      this.#fail(id, lostAt(peer, pending.spec));
      void this.#port.tell(peer, { kind: 'cancel', id });
    }
    this.check(peer);
  }

  /** A peer left, or nothing is heard of it any more. */
  left(peer: string, reason: LeaveReason): void {
    const what = reason === 'bye' ? 'left' : 'fell silent';
    for (const [id, pending] of this.#pending) {
      if (pending.peer !== peer) continue;
      this.#fail(id, new PeerGoneError(`peer ${peer} ${what} before it answered request '${pending.spec.name}'`));
      if (reason === 'silent') void this.#port.tell(peer, { kind: 'cancel', id });
    }
  }

  /** Nothing will be answered any more. */
  close(): void {
    this.#closed = true;
    this.notReady();
    for (const id of this.#pending.keys()) this.#fail(id, stopped());
  }

  #nextId(): number {
    this.#count += 1;
    return this.#count;
  }

  #fail(id: number, error: MrEventLoopError): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    pending?.fail(error);
  }

  #news(): void {
    for (const { ask } of this.#pending.values()) ask?.();
  }

  #check(spec: RequestSpec, given: readonly unknown[]): readonly unknown[] | Promise<readonly unknown[]> {
    if (given.length > spec.arity + 1 || typeof (given[spec.arity] ?? {}) !== 'object') {
      const counts = { expected: spec.arity, given: given.length };
      throw explain('request', spec.name, { reason: 'arity', ...counts });
    }
    // The options come after arguments that may be left out.
    const args = withoutLastUndefined(given.slice(0, spec.arity));
    const sent = payloadOf('request', spec.name, args, spec.codec);
    if (!this.#validate) return sent;
    const parsed = spec.parseArgs(args);
    if (!(parsed instanceof Promise)) return fitting(spec, parsed, sent);
    const copy = copyOf(sent);
    return parsed.then((late) => fitting(spec, late, copy));
  }

  async #checkResult(spec: RequestSpec, value: unknown): Promise<unknown> {
    const parsed = await spec.parseResult([value]);
    if (!isViolation(parsed)) return parsed[0];
    this.#port.invalid(spec.name, parsed);
    throw explainAnswer(spec.name, parsed);
  }

  /** Asks a peer that serves the request. Right after the start, none may be known: then the call waits for news. */
  #ask(
    pending: Pending,
    message: Question,
    key: string | undefined,
    trace: string | undefined,
    refused: readonly string[] = [],
  ): void {
    const { spec } = pending;
    const all = this.#port.servers(spec.name);
    const servers = refused.length === 0 ? all : all.filter((server) => !refused.includes(server));
    const last = refused.at(-1);
    if (servers.length === 0 && last === undefined && !this.#knowsAll) return;
    pending.ask = undefined;
    try {
      if (servers.length === 0) {
        throw last === undefined
          ? new NoHandlerError(`no peer on the bus serves request '${spec.name}'${this.#whyNobody(spec.name)}`)
          : noHandler(last, spec);
      }
      const turn = this.#turns.get(spec.name) ?? 0;
      this.#turns.set(spec.name, turn + 1);
      const server = chooseServer(servers, turn, key);
      pending.peer = server;
      pending.askAnother = undefined;
      if (servers.length > 1) {
        // That peer may be about to stop, or have no handler.
        const text = jsonOf(message);
        pending.askAnother = () => this.#ask(pending, JSON.parse(text) as Question, key, trace, [...refused, server]);
      }
      this.#port.send(server, message, trace);
    } catch (error) {
      pending.fail(explainUnsent(error, `request '${spec.name}'`, pending.peer));
    }
  }

  #late({ spec, ask }: Pending, timeout: number, what: string): TimeoutError {
    return new TimeoutError(
      ask === undefined
        ? `request '${spec.name}' ${what} within ${timeout} ms`
        : `no peer that serves request '${spec.name}' was there within ${timeout} ms${this.#whyNobody(spec.name)}`,
    );
  }

  #whyNobody(request: string): string {
    if (!this.#isReady)
      return '; this peer is not connected to a broker: it was not started, was stopped, or is cut off';
    return this.#served.has(request) ? '; this one does, but a peer does not ask itself' : '';
  }
}

function optionsOf({ arity }: RequestSpec, given: readonly unknown[]): RequestOptions {
  const options = given[arity];
  return typeof options === 'object' && options !== null ? options : {};
}

/** @throws ValidationError */
function fitting({ name }: RequestSpec, parsed: Parsed, args: readonly unknown[]): readonly unknown[] {
  if (isViolation(parsed)) throw explain('request', name, parsed);
  return args;
}

function noHandler(peer: string, { name }: RequestSpec): NoHandlerError {
  return new NoHandlerError(`peer ${peer} has no handler for request '${name}'`);
}

function lostAt(peer: string, { name }: RequestSpec): PeerGoneError {
  return new PeerGoneError(`request '${name}' or its answer was lost at peer ${peer}`);
}

function stopped(): StateError {
  return new StateError('the peer was stopped before the request was answered');
}
