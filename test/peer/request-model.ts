import { contract, Peer, request, requestStream } from 'mreventloop';
import { FaultyNetwork, StepClock } from 'mreventloop/testing';
import { z } from 'zod';
import { seededRandom } from '../../src/testing/random.ts';

// What may happen to peers that ask and peers that serve, and what has to be true of it in the end.

export interface Setting {
  readonly seed: number;
  readonly packs: boolean;
  readonly window: number;
  readonly loss: number;
  readonly duplication: number;
  readonly jitter: number;
  /** Whether the schema of numbers has to be awaited. */
  readonly isAsync: boolean;
}

interface Options {
  readonly timeout: number;
  readonly key: string | undefined;
  /** After how many milliseconds the request is called off. */
  readonly abortAfter: number | undefined;
}

export type Step =
  | ({ readonly do: 'ask'; readonly peer: number; readonly times: number } & Options)
  /** Asks for a stream of answers, of which the first are read, each after a pause. */
  | ({
      readonly do: 'list';
      readonly peer: number;
      readonly length: number;
      readonly reads: number;
      readonly pause: number;
    } & Options)
  | { readonly do: 'crash' | 'restart' }
  /** Partitions are not noticed by those whom they concern, and what is sent while muted gets nowhere. */
  | { readonly do: 'break' | 'partition' | 'mend' | 'mute' | 'start' | 'stop'; readonly peer: number }
  | { readonly do: 'wait'; readonly ms: number };

const SERVERS = 2;
const ASKERS = 2;
export const PEERS: number = SERVERS + ASKERS;

const SILENCE = 1_000;

/** What a request may fail with: also with what it was called off, and with what its handler threw. */
const FAILURES = ['PeerGoneError', 'NoHandlerError', 'StateError', 'TimeoutError', 'RangeError', 'RemoteError'];

function makeShop(isAsync: boolean) {
  const number = isAsync ? z.number().refine(() => Promise.resolve(true)) : z.number();
  return contract({ answer: request([number], number), list: requestStream([number, z.number()], number) });
}

/** A run of a program, and the judge of what came of it. */
export class Program {
  readonly #clock = new StepClock();
  readonly #network: FaultyNetwork;
  readonly #servers;
  readonly #askers;
  readonly #starting = new Set<number>();
  #count = 0;
  /** The requests that have not settled, and the handlers that have not ended. */
  readonly #open = new Set<string>();
  /** How often each request was carried out. */
  readonly #handled = new Map<number, number>();
  readonly #wrong: string[] = [];

  constructor({ seed, window, isAsync, ...faults }: Setting) {
    // The ids of peers, so that a seed says it all.
    const random = seededRandom(seed);
    crypto.getRandomValues = (array) => {
      for (let i = 0; i < 8; i += 1) (array as Uint8Array)[i] = random() * 256;
      return array;
    };
    const clock = this.#clock;
    this.#network = new FaultyNetwork({ clock, seed, delay: 2, ...faults });
    const shop = makeShop(isAsync);
    const places = <P>(length: number, make: (options: object) => P) =>
      Array.from({ length }, () => {
        let bus = this.#network.bus();
        const makeBus = () => Promise.resolve((bus = this.#network.bus()));
        const peer = make({ bus: makeBus, clock, window, silence: SILENCE });
        return { peer, bus: () => bus };
      });
    const names = ['answer', 'list'] as const;
    this.#servers = places(SERVERS, (options) => new Peer('inproc://x', shop, { serve: names, ...options }));
    this.#askers = places(ASKERS, (options) => new Peer('inproc://x', shop, { request: names, ...options }));
    for (const { peer } of this.#servers) {
      peer.serve.answer((n, signal) => this.#whileOpen(`handler ${n}`, () => this.#answer(n, signal)));
      peer.serve.list((n, length) => this.#list(n, length));
    }
  }

  get #places() {
    return [...this.#servers, ...this.#askers];
  }

  /** Fulfils when all are ready: how long the code that peers load takes is not up to the clock. */
  async start(): Promise<void> {
    for (let place = 0; place < PEERS; place += 1) this.#start(place);
    await this.#clock.until(() => this.#places.every(({ peer }) => peer.ready));
  }

  async run(step: Step): Promise<void> {
    switch (step.do) {
      case 'ask':
        for (let i = 0; i < step.times; i += 1) void this.#ask(step);
        break;
      case 'list':
        void this.#read(step);
        break;
      case 'crash':
        this.#network.crash();
        break;
      case 'restart':
        this.#network.restart();
        break;
      case 'break':
      case 'partition':
      case 'mend':
        this.#places[step.peer]?.bus()[step.do]();
        if (step.do === 'mend') this.#unmute(step.peer);
        break;
      case 'mute':
        Object.assign(this.#places[step.peer]?.bus() ?? {}, { send() {} });
        break;
      case 'start':
        this.#start(step.peer);
        break;
      case 'stop':
        void this.#places[step.peer]?.peer.stop({ timeout: 100 });
        break;
      case 'wait':
        await this.#clock.pass(step.ms);
        break;
    }
  }

  /** Everything is mended and given time; then what came of it is checked. */
  async finish(): Promise<void> {
    const clock = this.#clock;
    Object.assign(this.#network.faults, { loss: 0, duplication: 0, jitter: 0 });
    this.#network.restart();
    for (let place = 0; place < PEERS; place += 1) this.#unmute(place);
    // Stops end, and links that broke unnoticed are.
    await clock.pass(200);
    for (let place = 0; place < PEERS; place += 1) this.#start(place);
    await clock.until(() => this.#open.size === 0).catch(() => {});
    await clock.pass(20 * SILENCE);
    if (this.#open.size > 0) this.#wrong.push(`still open: ${[...this.#open].join(', ')}`);
    for (const [n, times] of this.#handled) if (times > 1) this.#wrong.push(`${n} was carried out ${times} times`);
    for (const { peer } of this.#places) {
      if (!peer.ready) this.#wrong.push('a peer is not ready');
      if (peer.pending > 0) this.#wrong.push(`a peer keeps ${peer.pending} messages`);
    }
    await clock.until(Promise.all(this.#places.map(({ peer }) => peer.stop({ timeout: 100 }))));
    clock.advance(10 * SILENCE);
    if (clock.pending > 0) this.#wrong.push(`${clock.pending} timers are left over`);
    if (this.#wrong.length > 0) throw new Error(this.#wrong.slice(0, 5).join('; '));
  }

  #start(place: number): void {
    if (this.#starting.has(place)) return;
    this.#starting.add(place);
    this.#places[place]?.peer
      .start({ timeout: Infinity })
      // It was started already, or is stopped.
      .catch((error: unknown) => this.#expectOneOf(['StateError'], error))
      .finally(() => this.#starting.delete(place));
  }

  #unmute(place: number): void {
    Reflect.deleteProperty(this.#places[place]?.bus() ?? {}, 'send');
  }

  /** What a handler does with a number follows from the number. */
  async #answer(n: number, signal: AbortSignal): Promise<number> {
    this.#handled.set(n, (this.#handled.get(n) ?? 0) + 1);
    if (n % 7 === 0) throw new Error('no answer');
    if (n % 7 < 4) {
      await new Promise<void>((resolve) => {
        const cancel = this.#clock.after((n * 37) % (3 * SILENCE), resolve);
        // Some do not care whether the answer is still wanted.
        if (n % 7 === 3) return;
        signal.addEventListener('abort', () => {
          cancel();
          resolve();
        });
      });
    }
    if (n % 7 === 1) signal.throwIfAborted();
    return n;
  }

  async *#list(n: number, length: number): AsyncGenerator<number> {
    this.#handled.set(n, (this.#handled.get(n) ?? 0) + 1);
    const name = `handler ${n}`;
    this.#open.add(name);
    try {
      for (let i = 0; i < length; i += 1) {
        if (n % 3 === 0) await this.#pause(n % 50);
        yield i;
      }
      if (n % 5 === 0) throw new Error('no end');
    } finally {
      this.#open.delete(name);
    }
  }

  #ask({ peer, ...options }: Step & { do: 'ask' }): Promise<void> {
    const n = (this.#count += 1);
    return this.#whileOpen(`request ${n}`, async () => {
      const answer = await this.#askers[peer]?.peer.request.answer(n, this.#options(options));
      if (answer !== n) this.#wrong.push(`the answer to ${n} is ${answer}`);
    });
  }

  #read({ peer, length, reads, pause, ...options }: Step & { do: 'list' }): Promise<void> {
    const n = (this.#count += 1);
    return this.#whileOpen(`request ${n}`, async () => {
      let read = 0;
      for await (const item of this.#askers[peer]?.peer.request.list(n, length, this.#options(options)) ?? []) {
        if (item !== read) this.#wrong.push(`list ${n} has ${item} in place of ${read}`);
        read += 1;
        if (read === reads) return;
        if (pause > 0) await this.#pause(pause);
      }
      if (read !== length || n % 5 === 0) this.#wrong.push(`list ${n} ended after ${read} of ${length}`);
    });
  }

  #options({ timeout, key, abortAfter }: Options) {
    const controller = new AbortController();
    if (abortAfter !== undefined) this.#clock.after(abortAfter, () => controller.abort(new RangeError('called off')));
    return { timeout, key, signal: controller.signal };
  }

  async #whileOpen<T>(name: string, work: () => Promise<T>): Promise<T> {
    this.#open.add(name);
    try {
      return await work();
    } catch (error) {
      if (name.startsWith('handler')) throw error;
      this.#expectOneOf(FAILURES, error);
      return undefined as T;
    } finally {
      this.#open.delete(name);
    }
  }

  #expectOneOf(names: readonly string[], error: unknown): void {
    if (!(error instanceof Error && names.includes(error.name))) this.#wrong.push(String(error));
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(ms, resolve));
  }
}
