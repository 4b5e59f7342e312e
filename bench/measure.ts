import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program } from './program.ts';
import type { Settings } from './role.ts';
import { medianOf, quantileOf } from './statistics.ts';
import type { System } from './systems.ts';

/** What one measurement of a contender gives: a number for each quantity. */
export type Figures = Readonly<Record<string, number>>;

export interface Contender {
  readonly name: string;
  readonly system: System;
  readonly settings: Omit<Settings, 'addresses'>;
}

/** Publisher, broker and subscriber, each in a process of its own. */
export function measureThroughput(contender: Contender): Promise<Figures> {
  return withBroker(contender, async (broker, folder, settings) => {
    await using subscriber = await Program.role(`${folder}/subscriber.ts`, settings);
    await using publisher = await Program.role(`${folder}/publisher.ts`, settings);
    const programs = [broker, subscriber, publisher];

    publisher.order({ publish: settings.warmUp });
    await publisher.message('started');
    await subscriber.message('arrived');

    const cpuBefore = await totalCpuTime(programs);
    publisher.order({ publish: settings.count });
    const started = await publisher.message('started');
    const arrived = await subscriber.message('arrived');
    const cpu = (await totalCpuTime(programs)) - cpuBefore;
    return {
      'events/s': settings.count / ((arrived - started) / 1000),
      ...(!Number.isNaN(cpu) && { 'CPU s/M': (cpu / settings.count) * 1e6 }),
    };
  });
}

/** Requester, broker and responder, each in a process of its own; one question at a time. */
export function measureRoundTrips(contender: Contender): Promise<Figures> {
  return withBroker(contender, async (broker, folder, settings) => {
    await using responder = await Program.role(`${folder}/responder.ts`, settings);
    await using requester = await Program.role(`${folder}/requester.ts`, settings);
    const programs = [broker, responder, requester];

    const cpuBefore = await totalCpuTime(programs);
    requester.order({ publish: settings.count });
    const microseconds = (await requester.message('roundTrips')).map((milliseconds) => milliseconds * 1000);
    const cpu = (await totalCpuTime(programs)) - cpuBefore;
    return {
      'median µs': medianOf(microseconds),
      'p99 µs': quantileOf(microseconds, 0.99),
      ...(!Number.isNaN(cpu) && { 'CPU µs': (cpu / (settings.warmUp + settings.count)) * 1e6 }),
    };
  });
}

async function withBroker(
  { system, settings }: Contender,
  measure: (broker: Program, folder: string, settings: Settings) => Promise<Figures>,
): Promise<Figures> {
  const temporary = mkdtempSync(join(tmpdir(), 'mreventloop-bench-'));
  const remove = (): void => rmSync(temporary, { recursive: true, force: true });
  // Also when the benchmark is interrupted.
  process.once('exit', remove);
  try {
    const { program, addresses } = await system.startBroker(temporary, { ...settings, addresses: ['', ''] });
    await using broker = program;
    return await measure(broker, system.folder, { ...settings, addresses });
  } finally {
    process.off('exit', remove);
    remove();
  }
}

/** NaN where it is not known. */
async function totalCpuTime(programs: readonly Program[]): Promise<number> {
  const times = await Promise.all(programs.map((program) => program.cpuTime()));
  return times.reduce<number>((sum, time) => sum + (time ?? Number.NaN), 0);
}
