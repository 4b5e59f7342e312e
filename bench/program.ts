import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Message, Order, Settings } from './role.ts';

/** How long, in milliseconds, a child may take for anything. */
const PATIENCE = 60_000;
/** How long it may take to end. */
const PATIENCE_AT_END = 10_000;

/** A child of the benchmark. Fails when it ends by itself, and never outlives the benchmark. */
export class Program implements AsyncDisposable {
  static readonly #running = new Set<ChildProcess>();

  static {
    process.once('exit', () => {
      for (const child of Program.#running) child.kill('SIGKILL');
    });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  }

  readonly #child: ChildProcess;
  /** Whether orders and messages are lines of JSON. */
  readonly #speaksJson: boolean;
  /** Rejects when it has ended. */
  readonly ended: Promise<never>;
  readonly #messages: Message[] = [];
  readonly #lines: string[] = [];
  #onNews: (() => void) | undefined;
  #output = '';
  #address = '';

  private constructor(name: string, child: ChildProcess, speaksJson = false) {
    this.#child = child;
    this.#speaksJson = speaksJson;
    Program.#running.add(child);
    child.on('message', (message: Message) => {
      this.#messages.push(message);
      this.#onNews?.();
    });
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        this.#output += `${line}\n`;
        this.#lines.push(line);
        if (stream === child.stdout && speaksJson) this.#messages.push(JSON.parse(line) as Message);
        this.#onNews?.();
      });
    }
    // What has ended meanwhile says so by that.
    child.stdin?.on('error', () => {});
    this.ended = once(child, 'close').then(([code, signal]) => {
      Program.#running.delete(child);
      throw new Error(`${name} ended (${code ?? signal}). It said:\n${this.#output}`);
    });
    // Of interest only to who waits for something of it.
    this.ended.catch(() => {});
  }

  /** A program in TypeScript from this folder, when it is ready. */
  static async role(path: string, settings: Settings): Promise<Program> {
    const script = new URL(path, import.meta.url).pathname;
    const program = new Program(path, fork(script, [JSON.stringify(settings)], { stdio: 'pipe' }));
    program.#address = await program.message('ready');
    return program;
  }

  /** A program in Python from this folder, when it is ready. Orders and messages are lines of JSON. */
  static async python(interpreter: string, path: string, settings: Settings): Promise<Program> {
    const script = new URL(path, import.meta.url).pathname;
    const program = new Program(path, spawn(interpreter, [script, JSON.stringify(settings)], { stdio: 'pipe' }), true);
    await program.message('ready');
    return program;
  }

  /** Another program, when it has printed something that matches. */
  static async command(command: string, args: readonly string[], pattern: RegExp): Promise<[Program, string]> {
    const program = new Program(command, spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] }));
    const line = await program.#next(program.#lines, (candidate) => pattern.test(candidate));
    return [program, line];
  }

  /** Where it can be reached, if it is a broker that chose that itself. */
  get address(): string {
    return this.#address;
  }

  order(order: Order): void {
    if (this.#speaksJson) this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
    else this.#child.send(order);
  }

  /** How many bytes of memory it had at most; undefined where the system does not tell. */
  async peakMemory(): Promise<number | undefined> {
    if (process.platform !== 'linux') return undefined;
    const status = await readFile(`/proc/${this.#child.pid}/status`, 'utf8');
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
  }

  /** What it says next of this kind. */
  async message<K extends KeysOf<Message>>(kind: K): Promise<Extract<Message, Record<K, unknown>>[K]> {
    const message = await this.#next(this.#messages, (candidate) => kind in candidate);
    return (message as Extract<Message, Record<K, unknown>>)[kind];
  }

  /** How many seconds of CPU time it has used so far, user and system; undefined where the system does not tell. */
  async cpuTime(): Promise<number | undefined> {
    if (process.platform !== 'linux') return undefined;
    const stat = await readFile(`/proc/${this.#child.pid}/stat`, 'utf8');
    // The name of the program, in parentheses, may have spaces; user and system time are 14th and 15th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // In ticks, which are 10 ms on every Linux that there is.
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    if (this.#child.connected) this.order({ stop: true });
    else if (this.#speaksJson) this.#child.stdin?.end();
    else this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), PATIENCE_AT_END);
    await this.ended.catch(() => {});
    clearTimeout(timer);
  }

  /** Takes the first that is wanted from what was said, when it is there. */
  async #next<T>(said: T[], wanted: (candidate: T) => boolean): Promise<T> {
    const arrival = new Promise<T>((resolve) => {
      this.#onNews = () => {
        const index = said.findIndex((candidate) => wanted(candidate));
        if (index !== -1) resolve(...(said.splice(index, 1) as [T]));
      };
      this.#onNews();
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`nothing happened for ${PATIENCE / 1000} s. The program said:\n${this.#output}`));
      }, PATIENCE);
    });
    try {
      return await Promise.race([arrival, this.ended, late]);
    } finally {
      clearTimeout(timer);
      this.#onNews = undefined;
    }
  }
}

type KeysOf<U> = U extends unknown ? keyof U : never;
