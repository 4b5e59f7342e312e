import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { inProcess, inProcessAims, measureInProcess } from './in-process/contenders.ts';
import { type Contender, type Figures, measureRoundTrips, measureThroughput } from './measure.ts';
import { type Aim, collect, compare, formatRatios, formatResults } from './report.ts';
import { mreventloop, nats, type System, zeromq } from './systems.ts';

const HELP = `Measures this package beside its floor (raw zeromq.js, plain function calls) and its rivals (nats.js on
nats-server; emitters and queues within a process).

Usage: npm run bench -- [OPTION]...

Options:
  --rounds N     how often everything is measured, in turn (5)
  --only NAME    only contenders with this in their name; may be given more than once
  --json FILE    write the results to a file, too
  -h, --help     show this

Figures depend on the machine and on what else it does: compare only within one run.
`;

const EVENTS = { names: ['tick'], warmUp: 100_000, count: 1_000_000, batch: 1 };
const QUESTIONS = { names: ['question', 'answer'], warmUp: 5_000, count: 20_000, batch: 1 };

const throughputs: readonly Contender[] = [
  { name: 'throughput mreventloop', system: mreventloop, settings: EVENTS },
  { name: 'throughput mreventloop, 2 names', system: mreventloop, settings: { ...EVENTS, names: ['tick', 'tock'] } },
  { name: 'throughput nats', system: nats, settings: EVENTS },
  { name: 'throughput zeromq, 100 a frame', system: zeromq, settings: { ...EVENTS, batch: 100 } },
  { name: 'throughput zeromq, 1 a frame', system: zeromq, settings: EVENTS },
];

const roundTrips: readonly Contender[] = [
  { name: 'round trip mreventloop', system: mreventloop, settings: QUESTIONS },
  { name: 'round trip nats', system: nats, settings: QUESTIONS },
  { name: 'round trip zeromq', system: zeromq, settings: QUESTIONS },
];

const aims: readonly Aim[] = [
  { quantity: 'events/s', of: 'throughput mreventloop', to: 'throughput nats', atLeast: 1.5 },
  { quantity: 'events/s', of: 'throughput mreventloop, 2 names', to: 'throughput nats', atLeast: 1.5 },
  { quantity: 'events/s', of: 'throughput mreventloop', to: 'throughput zeromq, 100 a frame' },
  { quantity: 'events/s', of: 'throughput mreventloop', to: 'throughput zeromq, 1 a frame' },
  { quantity: 'CPU s/M', of: 'throughput mreventloop', to: 'throughput nats' },
  { quantity: 'median µs', of: 'round trip mreventloop', to: 'round trip zeromq', atMost: 1.2 },
  { quantity: 'p99 µs', of: 'round trip mreventloop', to: 'round trip zeromq' },
  { quantity: 'median µs', of: 'round trip mreventloop', to: 'round trip nats' },
];

/** Whatever is measured, by name. */
interface Measurement {
  readonly name: string;
  /** Why it cannot be measured here. */
  readonly missing?: string | undefined;
  measure(): Promise<Figures>;
}

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    only: { type: 'string', multiple: true },
    json: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const rounds = Number(options.rounds);
if (options.help) process.stdout.write(HELP);
else if (Number.isInteger(rounds) && rounds > 0) await run();
else {
  console.error('bench: --rounds needs a whole number from 1');
  process.exitCode = 2;
}

async function run(): Promise<void> {
  const wanted = allMeasurements().filter(({ name }) => options.only?.some((part) => name.includes(part)) ?? true);
  const leftOut = [...new Set(wanted.flatMap(({ missing }) => missing ?? []))];
  const chosen = wanted.filter(({ missing }) => missing === undefined);
  if (chosen.length === 0) throw new Error(`there is nothing to measure; left out: ${leftOut.join()}`);
  const figures = new Map<string, Figures[]>(chosen.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const contender of chosen) {
      process.stderr.write(`round ${round} of ${rounds}: ${contender.name}\n`);
      figures.get(contender.name)?.push(await contender.measure());
    }
  }

  const results = collect(figures);
  const ratios = compare(results, [...aims, ...inProcessAims]);
  const machine = {
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    date: new Date().toISOString().slice(0, 10),
  };
  console.log(`\nNode ${machine.node}, ${machine.cores} × ${machine.cpu}; ${rounds} rounds`);
  console.log(`64-byte payloads; ${EVENTS.count} events, ${QUESTIONS.count} round trips a round\n`);
  console.log(formatResults(results));
  if (ratios.length > 0) console.log(`\n${formatRatios(ratios)}`);
  for (const reason of leftOut) console.log(`\nLEFT OUT: ${reason}`);
  if (options.json !== undefined) {
    writeFileSync(options.json, `${JSON.stringify({ machine, rounds, results, ratios, leftOut }, fewerDigits, 1)}\n`);
  }
}

function allMeasurements(): Measurement[] {
  const missing = findMissing();
  const across = (contender: Contender, measure: (contender: Contender) => Promise<Figures>): Measurement => ({
    name: contender.name,
    missing: missing.get(contender.system),
    measure: () => measure(contender),
  });
  return [
    ...throughputs.map((contender) => across(contender, measureThroughput)),
    ...roundTrips.map((contender) => across(contender, measureRoundTrips)),
    ...inProcess.map((contender) => ({ name: contender.name, measure: () => measureInProcess(contender) })),
  ];
}

/** More than four digits would only be noise. */
function fewerDigits(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(4)) : value;
}

/** What cannot be measured here, and why. */
function findMissing(): Map<System, string> {
  try {
    execFileSync('nats-server', ['--version'], { stdio: 'ignore' });
    return new Map();
  } catch {
    return new Map([
      [nats, 'nats.js, since there is no nats-server on the PATH (Debian: apt-get install nats-server)'],
    ]);
  }
}
