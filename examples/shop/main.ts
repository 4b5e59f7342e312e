// The main job, in real processes: a broker, a producer and a consumer, and a consumer in Python if
// there is one to be had. The consumer asks for products; the producer makes them from the lines of a
// file or of standard input; events cross the sockets both ways.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

const HELP = `Usage: npm start [-- [FILE | -]]

  FILE    make products from its lines (default: the project's README.md)
  -       make products from standard input

The Python consumer joins when 'mreventloop' can be imported by the interpreter in $PYTHON (default: python3).
`;

const root = new URL('../../', import.meta.url);
const here = (name: string): string => new URL(name, import.meta.url).pathname;

/** What a program of the shop tells on its way out. */
interface Report {
  sent: number;
  received: number;
}

/** A process of the shop, known by its name, whose output is shown as it comes. */
class Program {
  readonly name: string;
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(name: string, command: string, args: readonly string[], stdin: 'ignore' | 'inherit' = 'ignore') {
    this.name = name;
    this.child = spawn(command, args, { stdio: [stdin, 'pipe', 'inherit'] });
    const output = createInterface({ input: this.child.stdout as NodeJS.ReadableStream });
    this.#lines = output[Symbol.asyncIterator]();
  }

  /** Shows its lines up to the one that starts so, and gives what follows there. */
  async expect(start: string): Promise<string> {
    for (let line = await this.#lines.next(); line.done !== true; line = await this.#lines.next()) {
      console.log(`[${this.name}] ${line.value}`);
      if (line.value.startsWith(start)) return line.value.slice(start.length);
    }
    throw new Error(`the ${this.name} ended before it said '${start}'`);
  }

  async report(): Promise<Report> {
    return JSON.parse(await this.expect('report ')) as Report;
  }

  /** Asks it to end and shows what it still says. */
  async end(): Promise<void> {
    const exit = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    for (let line = await this.#lines.next(); line.done !== true; line = await this.#lines.next()) {
      console.log(`[${this.name}] ${line.value}`);
    }
    if (this.child.exitCode === null && this.child.signalCode === null) await exit;
  }
}

async function main(input: string): Promise<void> {
  if (input !== '-' && !(await stat(input)).isFile()) throw new Error(`${input} is no file`);
  const began = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'mreventloop-shop-'));
  const address = `ipc://${folder}/shop`;
  const peers = [`${address}.in`, `${address}.out`];
  const programs: Program[] = [];
  const run = (program: Program): Program => {
    programs.push(program);
    return program;
  };

  try {
    const broker = run(
      new Program('broker', process.execPath, [new URL('dist/cli/main.js', root).pathname, 'broker', address]),
    );
    await broker.expect('broker: serving');
    const producer = run(
      new Program(
        'producer',
        process.execPath,
        [here('producer.ts'), ...peers, input],
        input === '-' ? 'inherit' : 'ignore',
      ),
    );
    await producer.expect('ready');
    const python = await startPython(run, peers);
    const consumer = run(new Program('consumer', process.execPath, [here('consumer.ts'), ...peers]));

    const consumed = await consumer.report();
    const patience = setTimeout(() => python?.child.kill('SIGTERM'), 5_000);
    const [produced, pythonReport] = await Promise.all([producer.report(), python?.report()]);
    clearTimeout(patience);
    await Promise.all([broker.end(), producer.end(), consumer.end(), python?.end()]);

    const sent = consumed.sent + produced.sent;
    const received = consumed.received + produced.received;
    console.log(
      `\n${consumed.sent} requests and ${produced.sent} answers: ${sent} events sent, ${received} received, ` +
        `lost: ${sent - received}; ${((performance.now() - began) / 1000).toFixed(2)} s`,
    );
    if (pythonReport !== undefined) {
      console.log(`the Python consumer received ${pythonReport.received} of ${produced.sent} answers`);
    }
    if (sent !== received) process.exitCode = 1;
  } finally {
    for (const { child } of programs) child.kill('SIGKILL');
    await rm(folder, { recursive: true });
  }
}

async function startPython(run: (program: Program) => Program, peers: readonly string[]): Promise<Program | undefined> {
  const interpreter = process.env['PYTHON'] ?? 'python3';
  const probe = spawn(interpreter, ['-c', 'import mreventloop'], { stdio: 'ignore' });
  const [code] = (await once(probe, 'exit').catch(() => [1])) as [number | null];
  if (code !== 0) {
    console.log(`(no Python consumer: ${interpreter} cannot import mreventloop; pip install mreventloop)`);
    return undefined;
  }
  const python = run(new Program('python', interpreter, ['-u', here('consumer.py'), ...peers]));
  await python.expect('ready');
  return python;
}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h', default: false } },
  });
  if (values.help) console.log(HELP);
  else await main(positionals[0] ?? new URL('README.md', root).pathname);
} catch (error) {
  console.error(`shop: ${(error as Error).message}`);
  process.exitCode = 1;
}
