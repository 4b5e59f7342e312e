import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execute = promisify(execFile);

export interface CommandOptions {
  readonly cwd?: string;
}

/** A command that could not be run, or that ended with another code than 0. */
export class CommandError extends Error {
  override name = 'CommandError';
  /** What it printed. */
  readonly lines: readonly string[];

  constructor(commandLine: string, said: string) {
    super(`${commandLine}: ${said}`);
    this.lines = said.split('\n');
  }
}

/** Runs a command to its end and gives what it printed. */
export async function command(file: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  try {
    const { stdout } = await execute(file, args, { ...options, env: environment(), maxBuffer: 2 ** 26 });
    return stdout;
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string };
    const said = `${stdout}\n${stderr}`.trim();
    throw new CommandError([file, ...args].join(' '), said === '' ? message : said);
  }
}

/** Runs npm in a folder. */
export function npm(cwd: string, ...args: string[]): Promise<string> {
  return command('npm', args, { cwd });
}

function environment(): NodeJS.ProcessEnv {
  // Under `npm test`, npm tells its children in which project they are; ours work in projects of their own.
  const { npm_config_local_prefix: _, ...inherited } = process.env;
  return { ...inherited, NO_COLOR: '1', FORCE_COLOR: undefined };
}
