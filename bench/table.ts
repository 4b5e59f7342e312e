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

const NAMES: Readonly<Record<string, string>> = { node: 'Node’s EventEmitter' };

const overview: readonly Line[] = [
  {
    work: 'publisher → broker → subscriber, three processes, 64 bytes',
    quantity: 'events/s',
    of: '64 B: mreventloop',
    beside: { '64 B: nats': 'nats.js', '64 B: zeromq, 100 a frame': 'raw zeromq.js in batches of 100' },
  },
  {
    work: 'the same, two events in turn',
    quantity: 'events/s',
    of: '64 B, 2 events: mreventloop',
    beside: { '64 B: nats': 'nats.js with one' },
  },
  {
    work: 'round trip: question and answer, each through the broker',
    quantity: 'median µs',
    of: 'round trip: mreventloop',
    beside: { 'round trip: nats': 'nats.js', 'round trip: zeromq': 'raw zeromq.js' },
  },
  {
    work: 'the same, 99th percentile',
    quantity: 'p99 µs',
    of: 'round trip: mreventloop',
    beside: { 'round trip: nats': 'nats.js', 'round trip: zeromq': 'raw zeromq.js' },
  },
  {
    work: 'CPU time for a million events, all three processes',
    quantity: 'CPU s/M',
    of: '64 B: mreventloop',
    beside: { '64 B: nats': 'nats.js', '64 B: zeromq, 100 a frame': 'raw zeromq.js in batches of 100' },
  },
  ...[1, 10].map((listeners) =>
    inProcess(`emit ${listeners === 1 ? '' : 'mixed '}to ${listeners}, 1 args`, 'ns', {
      work: listeners === 1 ? 'emit to one listener' : 'emit to ten listeners of varied origin',
      beside: ['nanoevents', 'tseep', 'eventemitter3', 'node'],
    }),
  ),
  inProcess('connect and disconnect beside 10', 'ns', {
    work: 'connect and disconnect',
    beside: ['nanoevents', 'tseep', 'eventemitter3', 'node'],
  }),
  inProcess('10k calls sync', 'ns', {
    work: 'call of a slot, 10,000 queued',
    beside: ['fastq', 'fastq.promise', 'p-queue'],
  }),
  inProcess('10k calls async', 'ns', {
    work: 'call of an async slot, 10,000 queued',
    beside: ['fastq', 'fastq.promise', 'p-queue'],
  }),
  inProcess('100k waiting calls', 'bytes', {
    work: 'memory of a call that waits',
    beside: ['fastq', 'fastq.promise', 'p-queue'],
  }),
];

function inProcess(key: string, quantity: string, line: { work: string; beside: readonly string[] }): Line {
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
      const ratio = medianOf(quantity === 'events/s' ? better.map((value) => 1 / value) : better);
      return [`${ratio.toPrecision(2)} × ${name}`];
    });
    return [`| ${work} | ${figure(ours.median)} ${UNITS[quantity] ?? quantity} | ${ratios.join(', ')} |`];
  });
  return ['| work | figure | how much better |', '| --- | --- | --- |', ...lines].join('\n');
}

/** A row for each work whose name begins so, a column for each contender. */
function makeMatrix({ results }: Report, wanted: RegExp, quantity: string): string {
  const cells = Object.entries(results).flatMap(([name, { [quantity]: summary }]) => {
    const [work = '', contender] = name.split(': ');
    return contender !== undefined && wanted.test(work) && summary !== undefined ? [{ work, contender, summary }] : [];
  });
  const works = [...new Set(cells.map(({ work }) => work))];
  const contenders = [...new Set(cells.map(({ contender }) => contender))];
  const rows = works.map((work) => {
    const row = contenders.map((contender) => cells.find((cell) => cell.work === work && cell.contender === contender));
    return `| ${work} | ${row.map((cell) => (cell === undefined ? '' : figure(cell.summary.median))).join(' | ')} |`;
  });
  return [`| ${quantity} | ${contenders.join(' | ')} |`, `| --- |${' ---: |'.repeat(contenders.length)}`, ...rows].join(
    '\n',
  );
}

function figure(value: number): string {
  return value >= 1000 ? Number(value.toPrecision(3)).toLocaleString('en') : String(Number(value.toPrecision(3)));
}

const tables: Readonly<Record<string, (report: Report) => string>> = {
  machine: ({ machine, rounds }) =>
    `Measured on ${machine.date}, Node ${machine.node.slice(1)}, ${machine.cores} cores of ${machine.cpu}, which others used as well; medians of at most ${rounds} rounds.`,
  overview: makeOverview,
  emit: (report) => makeMatrix(report, /^emit to|^emit and/, 'ns'),
  'emit mixed': (report) => makeMatrix(report, /^emit mixed/, 'ns'),
  connect: (report) => makeMatrix(report, /^connect|^100k connections/, 'ns'),
  'connect memory': (report) => makeMatrix(report, /^100k connections/, 'bytes'),
  calls: (report) => makeMatrix(report, /calls/, 'ns'),
  'calls memory': (report) => makeMatrix(report, /waiting calls/, 'bytes'),
  import: (report) => makeMatrix(report, /^import/, 'ms'),
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
