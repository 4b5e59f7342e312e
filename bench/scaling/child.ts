import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';

interface Question {
  readonly ask: string;
  readonly argument: unknown;
}
interface Answer {
  readonly answer?: unknown;
  readonly error?: string;
}

/** Within a child: answers what it is asked, one question at a time, until its parent is gone. */
export function answer(questions: Readonly<Record<string, (argument: never) => unknown>>): void {
  process.on('message', ({ ask, argument }: Question) => {
    Promise.resolve()
      .then(() => questions[ask]?.(argument as never))
      .then(
        (value) => process.send?.({ answer: value }),
        (error: unknown) => process.send?.({ error: String(error) }),
      );
  });
  process.on('disconnect', () => process.exit());
  process.send?.({ answer: undefined });
}

/** What a process has used so far. */
export interface Usage {
  /** Seconds, user and system. */
  readonly cpu: number;
  /** Bytes. */
  readonly memory: number;
}

/** A process that is asked, or only watched. It does not outlive this one. */
export class Child implements AsyncDisposable {
  readonly #child: ChildProcess;
  #waiting: { resolve(value: unknown): void; reject(error: Error): void } | undefined;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', ({ answer, error }: Answer) => {
      if (error === undefined) this.#waiting?.resolve(answer);
      else this.#waiting?.reject(new Error(error));
    });
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    child.once('exit', (code, signal) => {
      process.off('exit', kill);
      this.#waiting?.reject(new Error(`a child ended: ${code ?? signal}`));
    });
  }

  /** A program of this folder, when it can be asked. */
  static async fork(path: string, ...args: readonly string[]): Promise<Child> {
    const child = new Child(fork(new URL(path, import.meta.url).pathname, args));
    await child.#answer();
    return child;
  }

  /** A server of others, when it has said something that matches. */
  static async spawn(program: string, args: readonly string[], pattern: RegExp): Promise<[Child, RegExpExecArray]> {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    const made = new Child(child);
    for await (const line of createInterface({ input: child.stderr })) {
      const found = pattern.exec(line);
      if (found === null) continue;
      child.stderr.resume();
      return [made, found];
    }
    throw new Error(`${program} ended`);
  }

  ask<T>(question: string, argument?: unknown): Promise<T> {
    this.#child.send({ ask: question, argument } satisfies Question);
    return this.#answer() as Promise<T>;
  }

  async usage(): Promise<Usage> {
    const of = (file: string): Promise<string> => readFile(`/proc/${this.#child.pid}/${file}`, 'utf8');
    const [stat, status] = await Promise.all([of('stat'), of('status')]);
    // The name of the program, in parentheses, may have spaces. Times are in ticks of 10 ms, memory is in kB.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {
      cpu: (Number(fields[11]) + Number(fields[12])) / 100,
      memory: Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1]) * 1024,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }

  #answer(): Promise<unknown> {
    return new Promise((resolve, reject) => (this.#waiting = { resolve, reject }));
  }
}
