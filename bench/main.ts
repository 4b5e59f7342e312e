import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { Missing } from '../test/setup/missing.ts';
import { acrossProcesses } from './across.ts';
import { acrossAims } from './across-aims.ts';
import type { Task } from './in-process/child.ts';
import { inProcess, inProcessAims, measureInProcess } from './in-process/contenders.ts';
import type { Figures } from './measure.ts';
import type { Measurement } from './measurement.ts';
import { Progress } from './progress.ts';
import { collect, compare, formatRatios, formatResults } from './report.ts';
import { type System, systems } from './systems.ts';

const HELP = `Measures this package beside its floors (raw zeromq.js, a Unix socket, plain function calls) and its rivals
(nats.js, ioredis, MQTT.js, Socket.IO, Moleculer, the original in Python; emitters and queues within a process).

Usage: npm run bench -- [OPTION]...

Options:
  --rounds N     how often everything is measured, in turn (5)
  --quick        3 rounds, a quarter of the events, no million of queued calls: some 20 minutes in all
  --only NAME    only what has this in its name, as the output has it; may be given more than once
  --list         the names of all that is measured
  --json FILE    write the results to a file, too
  -h, --help     show this

What is not installed (nats-server, redis-server, mosquitto, Chromium, Python) is left out, which is said at the end.
Figures depend on the machine and on what else it does: compare only within one run.
`;

/** What part of the events a quick run has. */
const QUICK = 0.25;

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true },
    list: { type: 'boolean', default: false },
    json: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const rounds = Number(options.rounds ?? (options.quick ? 3 : 5));
if (options.help) process.stdout.write(HELP);
else if (options.list) for (const { name } of await allMeasurements()) console.log(name);
else if (Number.isInteger(rounds) && rounds > 0) await run();
else {
  console.error('bench: --rounds needs a whole number from 1');
  process.exitCode = 2;
}

async function run(): Promise<void> {
  const wanted = (await allMeasurements()).filter(
    ({ name }) => options.only?.some((part) => name.includes(part)) ?? true,
  );
  const leftOut = [...new Set(wanted.flatMap(({ missing }) => missing ?? []))];
  const chosen = wanted.filter(({ missing }) => missing === undefined);
  if (chosen.length === 0) {
    const why = leftOut.length === 0 ? 'no name has that in it; --list shows them' : `left out: ${leftOut.join()}`;
    console.error(`bench: there is nothing to measure: ${why}`);
    process.exitCode = 2;
    return;
  }
  const figures = new Map<string, Figures[]>(chosen.map(({ name }) => [name, []]));
  const progress = new Progress(rounds, chosen);
  for (let round = 1; round <= rounds; round += 1) {
    for (const measurement of chosen) {
      figures.get(measurement.name)?.push(await progress.show(measurement, () => measurement.measure()));
    }
  }

  const results = collect(figures);
  const ratios = compare(results, [...acrossAims, ...inProcessAims]);
  const machine = {
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    date: new Date().toISOString().slice(0, 10),
  };
  console.log(`\nNode ${machine.node}, ${machine.cores} × ${machine.cpu}; ${rounds} rounds\n`);
  console.log(formatResults(results));
  if (ratios.length > 0) console.log(`\n${formatRatios(ratios)}`);
  for (const reason of leftOut) console.log(`\nLEFT OUT: ${reason}`);
  if (options.json !== undefined) {
    writeFileSync(options.json, `${JSON.stringify({ machine, rounds, results, ratios, leftOut }, fewerDigits, 1)}\n`);
  }
}

async function allMeasurements(): Promise<Measurement[]> {
  return [
    ...acrossProcesses(await findMissing(), options.quick ? QUICK : 1),
    ...inProcess
      .filter(({ task }) => !options.quick || !isLarge(task))
      .map((contender) => ({
        name: contender.name,
        seconds: 0.5,
        measure: () => measureInProcess(contender),
      })),
  ];
}

/** What takes about as long as everything else within a process. */
function isLarge(task: Task): boolean {
  return task.kind === 'queue' && task.count >= 1_000_000;
}

/** More than four digits would only be noise. */
function fewerDigits(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(4)) : value;
}

/** What cannot be measured here, and why. */
async function findMissing(): Promise<Map<System, string>> {
  const missing = new Map<System, string>();
  for (const system of systems) {
    try {
      await system.requires?.prepare();
    } catch (error) {
      if (!(error instanceof Missing)) throw error;
      missing.set(system, `what needs ${system.requires?.what} (${system.requires?.hint})`);
    }
  }
  return missing;
}
