// Writes the tables of README.md and docs/performance.md from what was measured: `npm run bench -- --json
// bench/results.json`, then `npm run bench:table`.
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { format, resolveConfig } from 'prettier';
import type { Results } from './report.ts';
import { medianOf } from './statistics.ts';

/** What `npm run bench -- --json FILE` writes, as far as tables need it. */
export interface Report {
  readonly machine: { readonly node: string; readonly cpu: string; readonly cores: number; readonly date: string };
  readonly rounds: number;
  readonly results: Results;
}

export const DOCUMENTS = ['README.md', 'docs/performance.md'] as const;
const RESULTS = new URL('results.json', import.meta.url);

/** One line of the overview: a figure of ours, and how it compares with others. */
interface Line {
  readonly work: string;
  readonly quantity: string;
  readonly of: string;
  /** Names of contenders, and what to call them. */
  readonly beside: Readonly<Record<string, string>>;
}

const NAMES: Readonly<Record<string, string>> = {
  node: 'Node’s EventEmitter',
  nats: 'nats.js',
  zeromq: 'raw zeromq.js',
  'zeromq, 100 a frame': 'raw zeromq.js in batches of 100',
  'zeromq, 1 a frame': 'raw zeromq.js without batches',
  'Unix socket': 'a Unix socket',
};

const overview: readonly Line[] = [
  compared('64 B', 'events/s', {
    work: 'publisher → broker → subscriber, three processes, 64 bytes',
    beside: ['nats', 'ioredis', 'MQTT.js', 'Socket.IO', 'zeromq, 100 a frame'],
  }),
  compared('64 B, 4 events', 'events/s', {
    work: 'the same, four events in turn',
    beside: ['nats', 'zeromq, 100 a frame'],
  }),
  compared('fan-out to 8', 'events/s', { work: 'one publisher, eight subscribers', beside: ['nats', 'Socket.IO'] }),
  compared('round trip', 'median µs', {
    work: 'round trip: question and answer, each through the broker',
    beside: ['nats', 'zeromq', 'Unix socket'],
  }),
  compared('round trip', 'p99 µs', { work: 'the same, 99th percentile', beside: ['nats', 'zeromq'] }),
  compared('requests, 100 at once', 'requests/s', {
    work: 'requests, 100 under way at once',
    beside: ['nats', 'Socket.IO', 'Moleculer over NATS'],
  }),
  compared('to Chromium', 'events/s', { work: 'to a page in Chromium', beside: ['Socket.IO'] }),
  compared('64 B', 'CPU s/M', {
    work: 'CPU time for a million events, all three processes',
    beside: ['nats', 'zeromq, 100 a frame'],
  }),
  ...[1, 10].map((listeners) =>
    compared(`emit ${listeners === 1 ? '' : 'mixed '}to ${listeners}, 1 args`, 'ns', {
      work: listeners === 1 ? 'emit to one listener' : 'emit to ten listeners of varied origin',
      beside: ['nanoevents', 'tseep', 'eventemitter3', 'node'],
    }),
  ),
  compared('connect and disconnect beside 10', 'ns', {
    work: 'connect and disconnect',
    beside: ['nanoevents', 'tseep', 'eventemitter3', 'node'],
  }),
  compared('10k calls sync', 'ns', {
    work: 'call of a slot, 10,000 queued',
    beside: ['fastq', 'fastq.promise', 'p-queue'],
  }),
  compared('10k calls async', 'ns', {
    work: 'call of an async slot, 10,000 queued',
    beside: ['fastq', 'fastq.promise', 'p-queue'],
  }),
  compared('100k waiting calls', 'bytes', {
    work: 'memory of a call that waits',
    beside: ['fastq', 'fastq.promise', 'p-queue'],
  }),
];

function compared(key: string, quantity: string, line: { work: string; beside: readonly string[] }): Line {
  const beside = Object.fromEntries(line.beside.map((rival) => [`${key}: ${rival}`, NAMES[rival] ?? rival]));
  return { work: line.work, quantity, of: `${key}: mreventloop`, beside };
}

const UNITS: Readonly<Record<string, string>> = { 'median µs': 'µs', 'p99 µs': 'µs', 'CPU s/M': 's' };

function makeOverview({ results }: Report): string {
  const lines = overview.flatMap(({ work, quantity, of, beside }) => {
    const ours = results[of]?.[quantity];
    if (ours === undefined) return [];
    const ratios = Object.entries(beside).flatMap(([other, name]) => {
      const rounds = results[other]?.[quantity]?.rounds;
      if (rounds === undefined) return [];
      // More events are better; less of everything else is.
      const better = rounds.map((theirs, round) => theirs / (ours.rounds[round] ?? Number.NaN));
      const ratio = medianOf(quantity.endsWith('/s') ? better.map((value) => 1 / value) : better);
      return [`${ratio.toPrecision(2)} × ${name}`];
    });
    return [`| ${work} | ${figure(ours.median)} ${UNITS[quantity] ?? quantity} | ${ratios.join(', ')} |`];
  });
  return ['| work | figure | times as fast, or as small, as |', '| --- | --- | --- |', ...lines].join('\n');
}

/** Rows of a table: the work whose name is such, and a quantity. */
interface Rows {
  readonly of: RegExp;
  readonly quantity: string;
}

/** A row for each work and quantity, a column for each contender. */
function makeMatrix({ results }: Report, wanted: readonly Rows[]): string {
  const cells = wanted.flatMap(({ of, quantity }) =>
    Object.entries(results).flatMap(([name, { [quantity]: summary }]) => {
      const [work = '', contender] = name.split(': ');
      const row = wanted.length === 1 ? work : `${work}, ${quantity}`;
      return contender !== undefined && of.test(work) && summary !== undefined ? [{ row, contender, summary }] : [];
    }),
  );
  if (cells.length === 0) return 'Not measured in this run.';
  const names = [...new Set(cells.map(({ row }) => row))];
  const contenders = [...new Set(cells.map(({ contender }) => contender))];
  const rows = names.map((name) => {
    const row = contenders.map((contender) => cells.find((cell) => cell.row === name && cell.contender === contender));
    return `| ${name} | ${row.map((cell) => (cell === undefined ? '' : figure(cell.summary.median))).join(' | ')} |`;
  });
  const [first] = wanted.length === 1 ? wanted : [];
  return [
    `| ${first?.quantity ?? ''} | ${contenders.join(' | ')} |`,
    `| --- |${' ---: |'.repeat(contenders.length)}`,
    ...rows,
  ].join('\n');
}

/** The same work with one quantity in each row. */
function quantities(of: RegExp, ...names: readonly string[]): Rows[] {
  return names.map((quantity) => ({ of, quantity }));
}

const THROUGHPUT = /^\d+ k?B|^fan-|^100 peers|^to Chromium/;

function figure(value: number): string {
  return value >= 1000 ? Number(value.toPrecision(3)).toLocaleString('en') : String(Number(value.toPrecision(3)));
}

const tables: Readonly<Record<string, (report: Report) => string>> = {
  machine: ({ machine, rounds }) =>
    `Measured on ${machine.date}, Node ${machine.node.slice(1)}, ${machine.cores} cores of ${machine.cpu}; medians of at most ${rounds} rounds.`,
  overview: makeOverview,
  throughput: (report) => makeMatrix(report, quantities(THROUGHPUT, 'events/s')),
  losses: (report) => makeMatrix(report, quantities(THROUGHPUT, '% lost')),
  CPU: (report) => makeMatrix(report, quantities(THROUGHPUT, 'CPU s/M')),
  memory: (report) =>
    makeMatrix(report, quantities(/^64 B$|^64 B, 4|^1 kB$|^64 kB$/, 'MB publisher', 'MB broker', 'MB subscriber')),
  'round trips': (report) => makeMatrix(report, quantities(/^round trip/, 'median µs', 'p99 µs')),
  requests: (report) => makeMatrix(report, quantities(/^requests/, 'requests/s', 'median µs', 'p99 µs', 'CPU s/M')),
  start: (report) => makeMatrix(report, quantities(/^start/, 'ms loading', 'ms connecting', 'ms', 'MB')),
  emit: (report) => makeMatrix(report, quantities(/^emit to|^emit and/, 'ns')),
  'emit mixed': (report) => makeMatrix(report, quantities(/^emit mixed/, 'ns')),
  connect: (report) => makeMatrix(report, quantities(/^connect|^100k connections/, 'ns')),
  'connect memory': (report) => makeMatrix(report, quantities(/^100k connections/, 'bytes')),
  calls: (report) => makeMatrix(report, quantities(/calls/, 'ns')),
  'calls memory': (report) => makeMatrix(report, quantities(/waiting calls/, 'bytes')),
  import: (report) => makeMatrix(report, quantities(/^import/, 'ms')),
};

/** A document with its tables made anew: what stands between `<!-- table: name -->` and `<!-- end -->`. */
export async function fillTables(document: string, report: Report): Promise<string> {
  const filled = document.replaceAll(
    /(<!-- table: ([\w ]+) -->\n)[^]*?(<!-- end -->)/g,
    (_all, begin: string, name: string, end: string) => {
      const make = tables[name];
      if (make === undefined) throw new Error(`there is no table '${name}'`);
      return `${begin}\n${make(report)}\n\n${end}`;
    },
  );
  const style = await resolveConfig(new URL('../README.md', import.meta.url));
  return format(filled, { ...style, parser: 'markdown' });
}

export function readReport(): Report {
  return JSON.parse(readFileSync(RESULTS, 'utf8')) as Report;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const path of DOCUMENTS) {
    const file = new URL(`../${path}`, import.meta.url);
    writeFileSync(file, await fillTables(readFileSync(file, 'utf8'), readReport()));
  }
}
