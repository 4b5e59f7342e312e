import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { Child } from './scaling/child.ts';
import type { Crowd } from './scaling/crowd.ts';

const HELP = `Measures what one broker carries, by the number of its peers, beside a server of NATS.

Usage: npm run bench:scaling -- [OPTION]...

Options:
  --bus NAME     ws, ipc or nats; may be given more than once (all)
  --peers N,N    how many peers (ws: 10,100,1000; ipc: 10,50,100,200; nats: 10,100,1000)
  --seconds N    how long each measurement takes (5)
  --json FILE    write the results to a file, too
  -h, --help     show this

The broker has a process of its own; the peers share a few, so that what they have of the CPU limits what is seen of the
broker. What the broker could do alone is worked out from its own CPU time. Needs Linux.
`;

const BUSES = { ws: [10, 100, 1000], ipc: [10, 50, 100, 200], nats: [10, 100, 1000] } as const;
type BusName = keyof typeof BUSES;

/** How many peers share a process at most, and how many processes there are at least. */
const PEERS_A_PROCESS = 250;
const FEWEST_PROCESSES = 2;

/** What was measured with so many peers. */
interface Result {
  readonly bus: BusName;
  readonly peers: number;
  /** Seconds until all were ready and knew each other, and the slowest start of one, in seconds. */
  readonly met: number;
  readonly slowestStart: number;
  /** Bytes of the broker, and what of it each peer added; bytes of a process with peers for each of them. */
  readonly brokerMemory: number;
  readonly brokerMemoryAPeer: number;
  readonly memoryAPeer: number;
  /** Parts of a CPU while nothing is said: the broker, and each peer. */
  readonly idleBroker: number;
  readonly idlePeer: number;
  /** One says something now and then, so that each event travels alone, and all hear it. */
  readonly singly: Rate;
  /** The same at full speed, where events travel in packs. */
  readonly all: Rate;
  /** Each says something to one other, at full speed. */
  readonly pairs: Rate;
  /** How often a peer was taken for gone meanwhile. */
  readonly takenForGone: number;
}

interface Rate {
  /** Events a second that were published, and that arrived. */
  readonly published: number;
  readonly delivered: number;
  /** What part of a CPU the broker had meanwhile, and how many microseconds of it for each that arrived: idling is in it. */
  readonly broker: number;
  readonly microseconds: number;
}

/** What carries the events, in a process of its own. */
interface Carrier extends AsyncDisposable {
  readonly child: Child;
  readonly place: readonly [string, string];
}

async function startCarrier(bus: BusName, folder: string): Promise<Carrier> {
  if (bus === 'nats') {
    const listening = /client connections on (\S+)/;
    const [child, found] = await Child.spawn('nats-server', ['-a', '127.0.0.1', '-p', '-1'], listening);
    const address = `nats://${found[1]}/scaling`;
    return { child, place: [address, address], [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
  }
  const child = await Child.fork('hub.ts', folder);
  const places = await child.ask<Record<typeof bus, [string, string]>>('places');
  return { child, place: places[bus], [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}

async function measure(bus: BusName, total: number, milliseconds: number): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'mreventloop-scaling-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const { child: broker, place } = stack.use(await startCarrier(bus, folder));
  const count = Math.max(FEWEST_PROCESSES, Math.ceil(total / PEERS_A_PROCESS));
  const crowds = await Promise.all(Array.from({ length: count }, async () => stack.use(await Child.fork('crowd.ts'))));
  const empty = await broker.usage();
  const emptyCrowd = await crowds[0]?.usage();
  const ids = (crowd: number): number[] =>
    Array.from({ length: total }, (_, id) => id).filter((id) => id % count === crowd);

  const began = performance.now();
  const starts = crowds.map((crowd, i) => crowd.ask<number>('start', { place, ids: ids(i), total } satisfies Crowd));
  const slowest = Math.max(...(await Promise.all(starts)));
  await Promise.all(crowds.map((crowd) => crowd.ask('met')));
  const met = performance.now() - began;

  const cpuOfCrowds = async (): Promise<number> => {
    const usages = await Promise.all(crowds.map((crowd) => crowd.usage()));
    return usages.reduce((sum, { cpu }) => sum + cpu, 0);
  };
  const [idleBefore, idleCrowdsBefore] = [await broker.usage(), await cpuOfCrowds()];
  // Long enough that each peer says twice that it is there.
  const idle = Math.max(milliseconds, total * 20);
  await delay(idle);
  const [idleAfter, idleCrowdsAfter] = [await broker.usage(), await cpuOfCrowds()];
  const memory = await crowds[0]?.usage();

  const arrived = async (): Promise<{ heard: number; left: number }> => {
    const counts = await Promise.all(crowds.map((crowd) => crowd.ask<{ heard: number; left: number }>('counts')));
    return {
      heard: counts.reduce((sum, { heard }) => sum + heard, 0),
      left: counts.reduce((sum, { left }) => sum + left, 0),
    };
  };
  const rate = async (speakers: readonly Child[], what: 'all' | 'pairs' | 'singly', length: number): Promise<Rate> => {
    const [before, { heard }] = [await broker.usage(), await arrived()];
    const said = await Promise.all(
      speakers.map((one) => one.ask<{ count: number; milliseconds: number }>(what, length)),
    );
    const [after, now] = [await broker.usage(), await arrived()];
    const seconds = Math.max(...said.map((one) => one.milliseconds)) / 1000;
    const deliveries = now.heard - heard;
    return {
      published: said.reduce((sum, one) => sum + one.count, 0) / seconds,
      delivered: deliveries / seconds,
      broker: (after.cpu - before.cpu) / seconds,
      microseconds: ((after.cpu - before.cpu) * 1e6) / deliveries,
    };
  };
  const singly = await rate(crowds.slice(0, 1), 'singly', milliseconds);
  // The first round warms up.
  await rate(crowds.slice(0, 1), 'all', milliseconds / 4);
  const all = await rate(crowds.slice(0, 1), 'all', milliseconds);
  await rate(crowds, 'pairs', milliseconds / 4);
  const pairs = await rate(crowds, 'pairs', milliseconds);
  const inOne = ids(0).length;
  return {
    bus,
    peers: total,
    met: met / 1000,
    slowestStart: slowest / 1000,
    brokerMemory: idleAfter.memory,
    brokerMemoryAPeer: (idleAfter.memory - empty.memory) / total,
    memoryAPeer: ((memory?.memory ?? 0) - (emptyCrowd?.memory ?? 0)) / inOne,
    idleBroker: ((idleAfter.cpu - idleBefore.cpu) * 1000) / idle,
    idlePeer: ((idleCrowdsAfter - idleCrowdsBefore) * 1000) / idle / total,
    singly,
    all,
    pairs,
    takenForGone: (await arrived()).left,
  };
}

const percent = (part: number, digits = 0): string => `${(part * 100).toFixed(digits)} %`;
const whole = (number: number): string => Math.round(number).toLocaleString('en');

function formatPresence(results: readonly Result[]): string {
  return formatTable([
    ['bus', 'peers', 'met', 'broker', 'a peer there', 'a peer itself', 'idle broker', 'idle peer', 'taken for gone'],
    ...results.map((one) => [
      one.bus,
      String(one.peers),
      `${one.met.toFixed(1)} s`,
      `${whole(one.brokerMemory / 1e6)} MB`,
      `${whole(one.brokerMemoryAPeer / 1000)} kB`,
      `${whole(one.memoryAPeer / 1000)} kB`,
      percent(one.idleBroker, 1),
      percent(one.idlePeer, 2),
      String(one.takenForGone),
    ]),
  ]);
}

function formatRates(results: readonly Result[]): string {
  const rates = (one: Result): [string, Rate][] => [
    ['one to all, singly', one.singly],
    ['one to all', one.all],
    ['in pairs', one.pairs],
  ];
  return formatTable([
    ['bus', 'peers', 'who', 'published/s', 'delivered/s', 'CPU of broker', 'µs of it for each', 'so at most/s'],
    ...results.flatMap((one) =>
      rates(one).map(([who, { published, delivered, broker, microseconds }]) => [
        one.bus,
        String(one.peers),
        who,
        whole(published),
        whole(delivered),
        percent(broker),
        microseconds.toFixed(2),
        whole(1e6 / microseconds),
      ]),
    ),
  ]);
}

function formatTable(table: readonly (readonly string[])[]): string {
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  return table.map((row) => row.map((cell, i) => cell.padStart(widths[i] ?? 0)).join('  ')).join('\n');
}

const { values: options } = parseArgs({
  options: {
    bus: { type: 'string', multiple: true },
    peers: { type: 'string' },
    seconds: { type: 'string', default: '5' },
    json: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const buses = (options.bus ?? Object.keys(BUSES)) as BusName[];
const peers = options.peers?.split(',').map(Number);
const seconds = Number(options.seconds);
if (options.help) {
  process.stdout.write(HELP);
} else if (
  process.platform !== 'linux' ||
  !(seconds > 0) ||
  buses.some((bus) => !(bus in BUSES)) ||
  peers?.some((count) => !Number.isInteger(count) || count < 2 || count % 2 > 0) === true
) {
  console.error('bench: needs Linux, known buses, even numbers of peers, and a time; see --help');
  process.exitCode = 2;
} else {
  await run();
}

async function run(): Promise<void> {
  const results: Result[] = [];
  const leftOut: string[] = [];
  for (const bus of buses) {
    if (bus === 'nats' && !hasNats()) {
      leftOut.push('nats, since there is no nats-server on the PATH (Debian: apt-get install nats-server)');
      continue;
    }
    for (const total of peers ?? BUSES[bus]) {
      process.stderr.write(`${bus}: ${total} peers\n`);
      results.push(await measure(bus, total, seconds * 1000));
    }
  }
  const machine = {
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    date: new Date().toISOString().slice(0, 10),
  };
  console.log(`\nNode ${machine.node}, ${machine.cores} × ${machine.cpu}; 64-byte payloads\n`);
  console.log(`${formatPresence(results)}\n\n${formatRates(results)}`);
  for (const reason of leftOut) console.log(`\nLEFT OUT: ${reason}`);
  if (options.json !== undefined) {
    writeFileSync(options.json, `${JSON.stringify({ machine, seconds, results, leftOut }, fewerDigits, 1)}\n`);
  }
}

function hasNats(): boolean {
  try {
    execFileSync('nats-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** More than four digits would only be noise. */
function fewerDigits(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(4)) : value;
}
