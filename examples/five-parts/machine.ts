import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

/** What three of the parts need besides Node, where it is there. */
export interface Machine {
  readonly chromium: string | undefined;
  readonly nats: string | undefined;
  /** An interpreter that can import the published package. */
  readonly python: string | undefined;
}

/** How to get what a part needs. */
export const HOW_TO_GET: Readonly<Record<keyof Machine, string>> = {
  chromium: 'Chromium or Chrome, on the PATH or named by $CHROMIUM (Debian: apt-get install chromium)',
  nats: 'nats-server, on the PATH (Debian: apt-get install nats-server)',
  python:
    'a Python that can import mreventloop, as python3 or named by $PYTHON ' +
    '(python3 -m venv five && five/bin/pip install mreventloop; then PYTHON=five/bin/python)',
};

export async function lookAround({ CHROMIUM, PYTHON = 'python3' }: NodeJS.ProcessEnv): Promise<Machine> {
  const [chromium, nats, python] = await Promise.all([
    CHROMIUM ?? find('chromium', 'chromium-browser', 'google-chrome'),
    find('nats-server'),
    promisify(execFile)(PYTHON, ['-c', 'import mreventloop']).then(
      () => PYTHON,
      () => undefined,
    ),
  ]);
  return { chromium, nats, python };
}

/** The path of a program, under the first of its names that is there. */
async function find(...names: readonly string[]): Promise<string | undefined> {
  // Servers may be where only root looks by itself.
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin'];
  for (const path of names.flatMap((name) => folders.map((folder) => join(folder, name)))) {
    const isThere = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  return undefined;
}
