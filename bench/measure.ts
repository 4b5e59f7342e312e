import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program } from './program.ts';
import type { Settings, Traffic } from './role.ts';
import { medianOf, quantileOf } from './statistics.ts';
import type { System } from './systems.ts';

/** What one measurement of a contender gives: a number for each quantity. */
export type Figures = Readonly<Record<string, number>>;

/** How many come before the measurement, for the compiler's sake, and how many are measured. */
export interface Amount {
  readonly warmUp: number;
  readonly count: number;
}

/** One event from one program to another. */
export const SIMPLE: Traffic = {
  names: ['tick'],
  size: 64,
  publishers: 1,
  subscribers: 1,
  divided: false,
  batch: 1,
  concurrent: 1,
};

/** A system with its broker running. */
class Setting implements AsyncDisposable {
  /** The broker, if there is one. */
  readonly brokers: readonly Program[];
  readonly #system: System;
  readonly #settings: Settings;
  readonly #cleanUp = new AsyncDisposableStack();
  #fail: (error: unknown) => void = () => {};
  readonly #failed = new Promise<never>((_resolve, reject) => (this.#fail = reject));

  private constructor(system: System, settings: Settings, broker: Program | undefined) {
    this.#system = system;
    this.#settings = settings;
    this.brokers = broker === undefined ? [] : [broker];
    // Of interest only to who measures.
    this.#failed.catch(() => {});
    for (const program of this.brokers) this.#add(program);
  }

  /** Fails when a program ends meanwhile, also one from which nothing is awaited. */
  static async with(
    system: System,
    traffic: Traffic,
    measure: (setting: Setting) => Promise<Figures>,
  ): Promise<Figures> {
    await using setting = await Setting.#open(system, traffic);
    return await Promise.race([measure(setting), setting.#failed]);
  }

  static async #open(system: System, traffic: Traffic): Promise<Setting> {
    const temporary = mkdtempSync(join(tmpdir(), 'mreventloop-bench-'));
    const remove = (): void => rmSync(temporary, { recursive: true, force: true });
    // Also when the benchmark is interrupted.
    process.once('exit', remove);
    const cleanUp = (): void => {
      process.off('exit', remove);
      remove();
    };
    try {
      const tool = (await system.requires?.prepare()) ?? '';
      const settings = { ...traffic, addresses: ['', ''], page: '', tool, index: 0 } as const;
      const { program, addresses, page = '' } = await system.startBroker(temporary, settings);
      const setting = new Setting(system, { ...settings, addresses, page }, program);
      setting.#cleanUp.defer(cleanUp);
      return setting;
    } catch (error) {
      cleanUp();
      throw error;
    }
  }

  /** Starts so many programs with a role. */
  async start(role: string, count = 1): Promise<Program[]> {
    const { folder, language } = this.#system;
    const starting = Array.from({ length: count }, (_, index) => {
      const settings = { ...this.#settings, index };
      return language === 'Python'
        ? Program.python(settings.tool, `${folder}/${role}.py`, settings)
        : Program.role(`${folder}/${role}.ts`, settings);
    });
    const started = await Promise.all(starting);
    for (const program of started) this.#add(program);
    return started;
  }

  async startOne(role: string): Promise<Program> {
    return (await this.start(role))[0] as Program;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanUp.disposeAsync();
  }

  #add(program: Program): void {
    this.#cleanUp.use(program);
    program.ended.catch(this.#fail);
  }
}

/** Publishers, broker and subscribers, each in a process of its own. Events count where they arrive. */
export function measureThroughput(
  system: System,
  traffic: Traffic,
  amount: Amount,
  role = 'subscriber',
): Promise<Figures> {
  return Setting.with(system, traffic, async (setting) => {
    const { brokers } = setting;
    const subscribers = await setting.start(role, traffic.subscribers);
    const publishers = await setting.start('publisher', traffic.publishers);
    const each = traffic.divided ? 1 / traffic.subscribers : 1;
    let published = 0;

    const run = async (count: number): Promise<number> => {
      published += count;
      for (const subscriber of subscribers) subscriber.order({ expect: published * traffic.publishers * each });
      await Promise.all(subscribers.map((subscriber) => subscriber.message('expecting')));
      for (const publisher of publishers) publisher.order({ publish: count });
      const started = await Promise.all(publishers.map((publisher) => publisher.message('started')));
      const arrived = await Promise.all(subscribers.map((subscriber) => subscriber.message('arrived')));
      return Math.max(...arrived) - Math.min(...started);
    };

    await run(amount.warmUp);
    const clients = [...publishers, ...subscribers];
    const [cpuBefore, cpuBeforeOfBroker] = [await cpuTime(clients), await cpuTime(brokers)];
    const milliseconds = await run(amount.count);
    const events = amount.count * traffic.publishers * traffic.subscribers * each;
    const perMillion = 1e6 / events;
    const ofClients = ((await cpuTime(clients)) - cpuBefore) * perMillion;
    const ofBroker = ((await cpuTime(brokers)) - cpuBeforeOfBroker) * perMillion;
    return known({
      'events/s': events / (milliseconds / 1000),
      'CPU s/M': ofClients + ofBroker,
      'CPU s/M clients': ofClients,
      'MB publisher': await megabytes(publishers),
      'MB broker': await megabytes(brokers),
      'MB subscriber': await megabytes(subscribers),
    });
  });
}

/** The same to a page in Chromium, whose CPU time and memory are not known. */
export async function measureToPage(system: System, traffic: Traffic, amount: Amount): Promise<Figures> {
  const figures = await measureThroughput(system, traffic, amount, 'page-subscriber');
  return known({ 'events/s': figures['events/s'] ?? Number.NaN, 'MB broker': figures['MB broker'] ?? Number.NaN });
}

/** The same where events get lost: how many a second arrive, and what part of them does not. */
export function measureLosses(system: System, traffic: Traffic, { count }: Amount): Promise<Figures> {
  return Setting.with(system, traffic, async (setting) => {
    const subscriber = await setting.startOne('subscriber');
    const publisher = await setting.startOne('publisher');
    const programs = [...setting.brokers, publisher, subscriber];
    const cpuBefore = await cpuTime(programs);
    publisher.order({ publish: count });
    const started = await publisher.message('started');
    const { arrived, last } = await subscriber.message('ended');
    return known({
      'events/s': arrived / ((last - started) / 1000),
      '% lost': (1 - arrived / count) * 100,
      'CPU s/M': ((await cpuTime(programs)) - cpuBefore) * (1e6 / arrived),
      'MB publisher': await megabytes([publisher]),
      'MB broker': await megabytes(setting.brokers),
      'MB subscriber': await megabytes([subscriber]),
    });
  });
}

/**
 * Requester, broker and responder, each in a process of its own, and perhaps so many events a second from a publisher
 * to a subscriber through the same broker meanwhile.
 */
export function measureRoundTrips(
  system: System,
  traffic: Traffic,
  { warmUp, count }: Amount,
  load = 0,
): Promise<Figures> {
  return Setting.with(system, traffic, async (setting) => {
    const responder = await setting.startOne('responder');
    const requester = await setting.startOne('requester');
    const subscriber = load === 0 ? undefined : await setting.startOne('subscriber');
    const publisher = load === 0 ? undefined : await setting.startOne('publisher');

    publisher?.order({ load });
    const began = performance.now();
    requester.order({ ask: warmUp });
    await requester.message('answered');
    const programs = [...setting.brokers, requester, responder];
    const cpuBefore = await cpuTime(programs);
    requester.order({ ask: count });
    const { roundTrips } = await requester.message('answered');
    const cpu = (await cpuTime(programs)) - cpuBefore;
    publisher?.order({ rest: true });
    const published = await publisher?.message('published');
    const elapsed = (performance.now() - began) / 1000;
    if (published !== undefined) {
      // Nothing was lost meanwhile.
      subscriber?.order({ expect: published });
      await subscriber?.message('arrived');
    }
    const microseconds = roundTrips.map((milliseconds) => milliseconds * 1000);
    return known({
      'median µs': medianOf(microseconds),
      'p99 µs': quantileOf(microseconds, 0.99),
      'CPU µs': load === 0 ? (cpu / count) * 1e6 : Number.NaN,
      'load/s': published === undefined ? Number.NaN : published / elapsed,
    });
  });
}

/** Caller, broker and server, each in a process of its own. */
export function measureRequests(system: System, traffic: Traffic, { warmUp, count }: Amount): Promise<Figures> {
  return Setting.with(system, traffic, async (setting) => {
    const server = await setting.startOne('server');
    const caller = await setting.startOne('caller');
    caller.order({ ask: warmUp });
    await caller.message('answered');
    const programs = [...setting.brokers, caller, server];
    const cpuBefore = await cpuTime(programs);
    caller.order({ ask: count });
    const { roundTrips, elapsed } = await caller.message('answered');
    const cpu = (await cpuTime(programs)) - cpuBefore;
    const microseconds = roundTrips.map((milliseconds) => milliseconds * 1000);
    return known({
      'requests/s': count / (elapsed / 1000),
      'median µs': medianOf(microseconds),
      'p99 µs': quantileOf(microseconds, 0.99),
      'CPU s/M': cpu * (1e6 / count),
      'MB caller': await megabytes([caller]),
      'MB server': await megabytes([server]),
    });
  });
}

/** How long it takes to load the library and to be ready to receive. */
export function measureStart(system: System): Promise<Figures> {
  return Setting.with(system, SIMPLE, async (setting) => {
    const program = await setting.startOne('connecting');
    program.order({ ask: 1 });
    const { loading, connecting } = await program.message('connected');
    return known({
      'ms loading': loading,
      'ms connecting': connecting,
      ms: loading + connecting,
      MB: await megabytes([program]),
    });
  });
}

/** What the system does not tell is left out. */
function known(figures: Figures): Figures {
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => !Number.isNaN(value)));
}

/** In seconds, of all of them; NaN where it is not known. */
async function cpuTime(programs: readonly Program[]): Promise<number> {
  const times = await Promise.all(programs.map((program) => program.cpuTime()));
  return times.reduce<number>((sum, time) => sum + (time ?? Number.NaN), 0);
}

/** The most that one of them had; NaN where it is not known. */
async function megabytes(programs: readonly Program[]): Promise<number> {
  const peaks = await Promise.all(programs.map((program) => program.peakMemory()));
  return Math.max(...peaks.map((peak) => (peak ?? Number.NaN) / 1e6));
}
