import { join } from 'node:path';
import { command, type CommandError } from './command.ts';
import { madeOnce } from './made-once.ts';
import { Missing } from './missing.ts';

/** The releases of the original that tests run against: the one that was re-created, and the latest. */
const RELEASES = ['0.6.1', '0.7.1'] as const;

/** For each release of the original, the path of a Python interpreter that can import it. */
export type Python = Readonly<Record<(typeof RELEASES)[number], string>>;

export async function preparePython(): Promise<Python> {
  const base = await findPython();
  const interpreters = await Promise.all(RELEASES.map((release) => interpreterWith(release, base)));
  return Object.fromEntries(RELEASES.map((release, index) => [release, interpreters[index]])) as unknown as Python;
}

async function findPython(): Promise<string> {
  const tried: string[] = [];
  for (const candidate of [process.env['PYTHON'], 'python3', 'python']) {
    if (candidate === undefined) continue;
    try {
      await command(candidate, ['-c', 'import sys, venv, ensurepip; assert sys.version_info >= (3, 9), sys.version']);
      return candidate;
    } catch (error) {
      tried.push(`${candidate}: ${(error as CommandError).lines.at(-1)}`);
    }
  }
  throw new Missing(`no Python that can make a virtual environment (${tried.join('; ')})`);
}

async function interpreterWith(release: string, base: string): Promise<string> {
  const folder = await madeOnce(`python/${release}`, {
    async make(unfinished) {
      await command(base, ['-m', 'venv', unfinished]);
      const install = [
        '-m',
        'pip',
        'install',
        '--quiet',
        '--retries=1',
        '--disable-pip-version-check',
        `mreventloop==${release}`,
      ];
      await command(interpreter(unfinished), install).catch((error: CommandError) => {
        throw new Missing(`pip could not install mreventloop ${release} (${error.lines.at(-1)})`);
      });
    },
    // Not when the Python it was made with has gone since.
    works: (made) =>
      command(interpreter(made), ['-c', 'import mreventloop']).then(
        () => true,
        () => false,
      ),
  });
  return interpreter(folder);
}

function interpreter(folder: string): string {
  return join(folder, 'bin', 'python');
}
