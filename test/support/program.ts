import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

/** How a program ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

/** A process that a test runs, read line by line. It does not outlive the test. */
export class Program {
  readonly child: ChildProcess;
  readonly exit: Promise<Exit>;
  readonly #lines: AsyncIterator<string>;
  #stderr = '';

  constructor(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text));
    this.#lines = createInterface({ input: this.child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
    this.exit = once(this.child, 'close').then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      stderr: this.#stderr,
    }));
    onTestFinished(async () => {
      this.child.kill('SIGKILL');
      await this.exit;
    });
  }

  /** What it printed to its error output so far. */
  get stderr(): string {
    return this.#stderr;
  }

  /** The next line it prints. */
  async line(): Promise<string> {
    const next = await this.#lines.next();
    if (next.done === true) throw new Error(`the program ended without another line; it said: ${this.#stderr}`);
    return next.value;
  }

  /** The next line, which is JSON. */
  async json(): Promise<unknown> {
    return JSON.parse(await this.line());
  }

  /** All that it still prints until it ends. */
  async rest(): Promise<string[]> {
    const lines: string[] = [];
    for (let next = await this.#lines.next(); next.done !== true; next = await this.#lines.next())
      lines.push(next.value);
    return lines;
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}

/** A program in TypeScript, from a path relative to the test's `import.meta.url`. It uses the built package. */
export function node(base: string, path: string, ...args: string[]): Program {
  return new Program(process.execPath, [new URL(path, base).pathname, ...args]);
}

/** The `mreventloop` program. */
export function cli(...args: string[]): Program {
  return cliWith({}, ...args);
}

/** The same with flags for Node, and with variables in its environment. */
export function cliWith(
  { flags = [], env = {} }: { readonly flags?: readonly string[]; readonly env?: NodeJS.ProcessEnv },
  ...args: string[]
): Program {
  const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;
  return new Program(process.execPath, [...flags, main, ...args], env);
}
