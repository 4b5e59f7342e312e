import { isViolation, type Parsed, type Violation } from '../contract/validate.ts';
import { type AnyEvent, listenersOf } from '../events/event.ts';
import { handOver } from '../loop/hand-over.ts';
import type { Question, Reply } from '../wire/direct.ts';
import type { Clock } from '../stream/clock.ts';
import { probe } from '../trace/probe.ts';
import { explain, explainAnswer, explainUnsent } from './explain.ts';
import { InOrder } from './in-order.ts';
import { answerPayload, copyOf } from './payload.ts';
import type { LeaveReason } from './presence.ts';
import type { RequestSpec } from './requests.ts';

/** What services use to answer and to report. */
export interface ServicesPort {
  /** The event that the handler of a request is connected to. */
  served(request: string): AnyEvent;
  /** @throws OverflowError, PayloadError */
  send(peer: string, message: Reply): void;
  /** Sends a message as soon as there is room for it. */
  tell(peer: string, message: Reply): Promise<void>;
  /** If there is no room for more messages to a peer, returns a promise that fulfils when there is. */
  room(peer: string): Promise<void> | undefined;
  /** The arguments of a request do not fit the contract. */
  invalid(request: string, violation: Violation): void;
  /** A handler failed, or its answer could not be sent. */
  failed(request: string, peer: string, error: unknown): void;
}

/** A request that is being answered. */
class Service {
  readonly #ending = new AbortController();
  readonly isStream: boolean;
  /** Of a stream: how many answers may be sent. */
  room: number;
  #onRoom: (() => void) | undefined;

  constructor(isStream: boolean, room: number) {
    this.isStream = isStream;
    this.room = room;
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** The answer is no longer wanted. */
  abort(): void {
    this.#ending.abort();
    this.#onRoom?.();
  }

  more(room: number): void {
    this.room += room;
    this.#onRoom?.();
  }

  /** Waits until an answer may be sent, or is no longer wanted. */
  async untilRoom(): Promise<void> {
    if (this.room > 0 || this.signal.aborted) return;
    await new Promise<void>((resolve) => (this.#onRoom = resolve));
    this.#onRoom = undefined;
  }
}

/** The requests that a peer answers, from one start to the next stop. */
export class Services {
  readonly #specs: ReadonlyMap<string, RequestSpec>;
  readonly #validate: boolean;
  readonly #port: ServicesPort;
  // By peer, then by the number that this peer gave to the request.
  readonly #running = new Map<string, Map<number, Service>>();
  // If a schema has to be awaited, or handlers take their time, later requests wait as well.
  readonly #order: InOrder;
  readonly #onSettled: (() => void)[] = [];
  #isDraining = false;

  /**
   * @param specs - the requests that are served
   * @param validate - whether answers are checked before they leave
   */
  constructor(specs: ReadonlyMap<string, RequestSpec>, validate: boolean, clock: Clock, port: ServicesPort) {
    this.#specs = specs;
    this.#validate = validate;
    this.#order = new InOrder(clock);
    this.#port = port;
  }

  /** How many requests are being answered. */
  get running(): number {
    let running = 0;
    for (const services of this.#running.values()) running += services.size;
    return running;
  }

  /** Another peer sends a request, or a message about one. */
  received(peer: string, message: Question, trace?: string): void {
    switch (message.kind) {
      case 'call':
        this.#begin(peer, message, 0, trace);
        break;
      case 'stream':
        this.#begin(peer, message, message.room, trace);
        break;
      case 'cancel':
        this.#giveUp(peer, message.id);
        break;
      case 'more':
        this.#running.get(peer)?.get(message.id)?.more(message.room);
        break;
      case 'check':
        // An answer that was sent earlier arrives before this.
        if (this.#running.get(peer)?.has(message.id) !== true)
          void this.#port.tell(peer, { kind: 'lost', id: message.id });
        break;
    }
  }

  /**
   * A peer left, so nobody waits for the answers any more. If it only fell silent, it may come back. It then still gets
   * an answer, if the handler gives one, but no stream that ends as if it were complete.
   */
  left(peer: string, reason: LeaveReason): void {
    if (reason === 'silent') this.lost(peer);
    for (const [id, service] of this.#running.get(peer) ?? []) {
      if (reason === 'bye') this.#giveUp(peer, id);
      else service.abort();
    }
  }

  /** Messages of a peer are lost. One of them may have said that a stream has room for more. */
  lost(peer: string): void {
    for (const [id, service] of this.#running.get(peer) ?? []) {
      if (!service.isStream) continue;
      this.#lose(peer, id);
      service.abort();
    }
  }

  /** Takes no more requests, and fulfils when none is being answered any more. */
  drain(): Promise<void> {
    this.#isDraining = true;
    if (this.running === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onSettled.push(resolve));
  }

  /** No more requests are answered. */
  close(): void {
    this.#order.close();
    for (const [peer, services] of this.#running) for (const id of services.keys()) this.#giveUp(peer, id);
    for (const resolve of this.#onSettled.splice(0)) resolve();
  }

  /** Tells a peer that its request is not answered here. */
  #refuse(peer: string, id: number): void {
    void this.#port.tell(peer, { kind: 'nobody', id });
  }

  #begin(
    peer: string,
    { id, request, args }: Question & { kind: 'call' | 'stream' },
    room: number,
    trace: string | undefined,
  ): void {
    const spec = this.#specs.get(request);
    const isStream = room > 0;
    if (spec === undefined || spec.isStream !== isStream || this.#isDraining) {
      this.#refuse(peer, id);
      return;
    }
    let services = this.#running.get(peer);
    if (services === undefined) this.#running.set(peer, (services = new Map()));
    // A number stands for one request: a peer that uses it twice gets one answer.
    if (services.has(id)) return;
    const service = new Service(isStream, room);
    services.set(id, service);
    const take = (): void | Promise<void> => {
      const parsed = spec.parseArgs(args);
      const go = (values: Parsed): void => {
        if (service.signal.aborted) {
          this.#end(peer, id);
        } else if (isViolation(values)) {
          this.#port.invalid(request, values);
          this.#fail(peer, id, explain('request', request, values, ''));
        } else {
          void this.#answer(peer, id, spec, values, service, trace);
        }
      };
      return parsed instanceof Promise ? parsed.then(go) : go(parsed);
    };
    this.#order.do(take);
  }

  async #answer(
    peer: string,
    id: number,
    spec: RequestSpec,
    values: readonly unknown[],
    service: Service,
    trace: string | undefined,
  ): Promise<void> {
    const [handler] = listenersOf(this.#port.served(spec.name));
    if (handler === undefined) {
      this.#end(peer, id);
      this.#refuse(peer, id);
      return;
    }
    const work = async (): Promise<void> => {
      const answer = handler(...values, service.signal);
      // The failure of a slot is reported to the caller: it does not end the program.
      handOver(answer);
      // An answer that is there already is taken at once: it may change.
      const isLate = typeof (answer as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function';
      const value: unknown = isLate ? await answer : answer;
      if (spec.isStream) await this.#sendItems(peer, id, spec, value, service);
      else await this.#sendValue(peer, id, spec, value, 'result');
    };
    try {
      await (probe === undefined ? work() : probe.serve(spec.name, trace, work));
    } catch (error) {
      // A handler that ends what is no longer wanted has not failed.
      if (service.signal.aborted) {
        this.#lose(peer, id);
      } else {
        this.#port.failed(spec.name, peer, error);
        this.#fail(peer, id, error);
      }
    }
    this.#end(peer, id);
  }

  async #sendItems(peer: string, id: number, spec: RequestSpec, answers: unknown, service: Service): Promise<void> {
    if (!isIterable(answers)) throw new TypeError(`the handler of request '${spec.name}' gave nothing to iterate over`);
    for await (const item of answers) {
      await service.untilRoom();
      if (service.signal.aborted) break;
      service.room -= 1;
      await this.#sendValue(peer, id, spec, item, 'item');
    }
    if (this.#isRunning(peer, id)) await this.#port.tell(peer, { kind: 'end', id });
  }

  async #sendValue(
    peer: string,
    id: number,
    spec: RequestSpec,
    value: unknown,
    kind: 'result' | 'item',
  ): Promise<void> {
    let sent = answerPayload(spec.name, value, spec.codec);
    const pending = this.#validate ? spec.parseResult([value]) : [];
    let room = this.#port.room(peer);
    // Meanwhile, the handler's own value may change.
    if (pending instanceof Promise || room !== undefined) sent = copyOf(sent);
    const parsed = pending instanceof Promise ? await pending : pending;
    if (isViolation(parsed)) throw explainAnswer(spec.name, parsed, '');
    // Checked again, because others may have waited for the same room.
    for (room = this.#port.room(peer); room !== undefined; room = this.#port.room(peer)) await room;
    if (!this.#isRunning(peer, id)) return;
    try {
      this.#port.send(peer, { kind, id, value: sent });
    } catch (cause) {
      throw explainUnsent(cause, `the answer to request '${spec.name}'`, peer);
    }
  }

  /** Whether the answer is still wanted. */
  #isRunning(peer: string, id: number): boolean {
    return this.#running.get(peer)?.has(id) === true;
  }

  #fail(peer: string, id: number, error: unknown): void {
    const tell = (what: unknown): Promise<void> => this.#port.tell(peer, { kind: 'error', id, error: noteOf(what) });
    // The error itself may be too large for the bus.
    if (this.#isRunning(peer, id)) void tell(error).catch(tell);
    this.#end(peer, id);
  }

  #lose(peer: string, id: number): void {
    if (this.#isRunning(peer, id)) void this.#port.tell(peer, { kind: 'lost', id });
    this.#end(peer, id);
  }

  /** Gives up a request. What its handler still returns is not sent. */
  #giveUp(peer: string, id: number): void {
    const service = this.#running.get(peer)?.get(id);
    this.#end(peer, id);
    service?.abort();
  }

  #end(peer: string, id: number): void {
    const services = this.#running.get(peer);
    if (services?.delete(id) !== true) return;
    if (services.size === 0) this.#running.delete(peer);
    if (this.#running.size === 0) for (const resolve of this.#onSettled.splice(0)) resolve();
  }
}

function isIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
}

/** How many characters of each text in an error to send. */
const MOST_CHARACTERS = 2_000;

/** Describes an error to another peer. Never throws: what was thrown may have any properties, and getters that fail. */
function noteOf(error: unknown): { name: string; message: string; code?: string } {
  try {
    if (!(error instanceof Error)) return { name: typeof error, message: 'something was thrown that is no error' };
    const given: { readonly name: unknown; readonly message: unknown; readonly code?: unknown } = error;
    const code = shortened(given.code);
    return {
      name: shortened(given.name) ?? 'Error',
      message: shortened(given.message) ?? '',
      ...(code !== undefined && { code }),
    };
  } catch {
    return { name: 'Error', message: 'an error was thrown that cannot be read' };
  }
}

function shortened(value: unknown): string | undefined {
  return typeof value === 'string' ? value.slice(0, MOST_CHARACTERS) : undefined;
}
