// One program of five parts: a process, a worker thread, the tab of a browser, a process in Python, and a process that
// is connected to NATS and not to the broker. Each says something to all others; at the end, everything is counted.

import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Broker } from 'mreventloop';
import { conduct, startConductor } from './conductor.ts';
import { HOW_TO_GET, lookAround, type Machine } from './machine.ts';
import { type Running, servePage, startNats, startProcess, startPython, startTab, startWorker } from './parts.ts';
import { type Books, formatTable, judge } from './table.ts';

const HELP = `Usage: npm run example:five-parts [-- OPTION...]

Starts five parts, has each say something to all others, and counts what arrives.

Options:
  --events N    how much each part says (1000)
  -h, --help    show this

What a part needs and is not there is left out, and said. In the environment:
  CHROMIUM      the browser's program (default: chromium, chromium-browser or google-chrome)
  PYTHON        an interpreter that can import mreventloop (default: python3)
`;

/** @returns whether all is as it is promised */
async function main(count: number, signal: AbortSignal): Promise<boolean> {
  const machine = await lookAround(process.env);
  for (const [name, part] of [
    ['chromium', 'tab'],
    ['python', 'python'],
    ['nats', 'nats'],
  ] as const) {
    if (machine[name] === undefined) console.log(`LEFT OUT: the part ${part}, which needs ${HOW_TO_GET[name]}`);
  }
  const parts = [
    'process',
    'worker',
    ...(machine.chromium === undefined ? [] : ['tab']),
    ...(machine.python === undefined ? [] : ['python']),
    ...(machine.nats === undefined ? [] : ['nats']),
  ];
  const books = await play(machine, parts, count, signal);
  console.log(`\n${formatTable(books, parts, count)}\n`);
  const { faults, lostByPython } = judge(books, parts, count);
  for (const fault of faults) console.log(`FAULT: ${fault}`);
  if (lostByPython > 0) console.log(`${lostByPython} lost from or to Python, which gets and gives at most once`);
  else if (faults.length === 0) console.log('all arrived, once and in order');
  return faults.length === 0;
}

/** Starts everything, has the parts talk, and ends everything. */
async function play(machine: Machine, parts: readonly string[], count: number, signal: AbortSignal): Promise<Books> {
  await using running = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'mreventloop-five-parts-'));
  running.defer(() => rm(folder, { recursive: true }));
  const nats = machine.nats === undefined ? undefined : running.use(await startNats(machine.nats));
  const server = await servePage();
  running.defer(() => close(server));
  const broker = running.use(
    await Broker.listen({ zmq: `ipc://${folder}/parts`, ws: { server, path: '/events' }, uplink: nats?.address }),
  );
  const conductor = running.use(await startConductor(broker));

  const { in: inAddress, out: outAddress } = broker.endpoints;
  console.log(`broker at ${inAddress} and ${outAddress}, ${broker.url}`);
  console.log(nats === undefined ? '' : `its uplink at ${nats.address}\n`);
  // Before the parts come, which say that once.
  const conducted = conduct(conductor, parts, count, signal);
  // It may end before somebody waits for it.
  conducted.catch(() => {});
  const started: Running[] = [];
  const add = (part: Running): void => void started.push(running.use(part));
  add(startProcess('process', `ipc://${folder}/parts`));
  add(startWorker(broker));
  if (nats !== undefined) add(startProcess('nats', nats.address));
  if (machine.python !== undefined) add(startPython(machine.python, broker.endpoints));
  if (machine.chromium !== undefined) add(await startTab(machine.chromium, server));
  return await Promise.race([conducted, ...started.map(({ failed }) => failed)]);
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function readCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new Error('--events needs a whole number from 1');
}

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => interrupted.abort(new Error(`${signal}, everything was ended`)));
}
try {
  const { values } = parseArgs({
    options: {
      events: { type: 'string', default: '1000' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) console.log(HELP);
  else if (!(await main(readCount(values.events), interrupted.signal))) process.exitCode = 1;
} catch (error) {
  console.error(`five-parts: ${(error as Error).message}`);
  process.exitCode = 1;
}
