import { cp, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command } from '../setup/command.ts';
import { describeWith } from '../setup/describe-with.ts';
import { installPackage, type InstalledPackage } from '../setup/installed-package.ts';
import { compile, EXPECTED } from './smoke.ts';

let installed: InstalledPackage;

beforeAll(async () => {
  installed = await installPackage();
  for (const name of ['smoke', 'sockets']) {
    await writeFile(join(installed.project, `${name}.mjs`), await compile(`${name}.ts`));
  }
}, 120_000);
afterAll(() => installed[Symbol.asyncDispose]());

/** Runs a command in the project that has the package installed, until it ends by itself. */
async function run(runtime: string, ...args: string[]): Promise<unknown> {
  return JSON.parse(await command(runtime, args, { cwd: installed.project }));
}

for (const version of [20, 24, 26] as const) {
  describeWith(`node-${version}`, `Node ${version}`, (node) => {
    test('smoke: the core behaves as everywhere', async () => {
      expect(await run(node, 'smoke.mjs')).toEqual(EXPECTED);
    });

    test('smoke: events cross sockets', async () => {
      const folder = await mkdtemp(join(installed.project, 's'));
      expect(await run(node, 'sockets.mjs', `ipc://${folder}/in`, `ipc://${folder}/out`)).toEqual(['tea', 3]);
    });
  });
}

describeWith('node-24', 'without zeromq', (node) => {
  test('sockets: the error says what to install', async () => {
    const project = join(installed.project, '..', 'without-zeromq');
    await mkdir(project);
    await Promise.all(
      ['package.json', 'node_modules/mreventloop', 'sockets.mjs'].map((part) =>
        cp(join(installed.project, part), join(project, part), { recursive: true }),
      ),
    );
    const said = await command(node, ['sockets.mjs', `ipc://${project}/in`, `ipc://${project}/out`], { cwd: project });
    expect(JSON.parse(said)).toEqual({
      code: 'MISSING_LIBRARY',
      message: expect.stringContaining('npm install zeromq') as string,
    });
  });
});

describeWith('bun', 'Bun', (bun) => {
  test('smoke: the core behaves as everywhere', async () => {
    expect(await run(bun, 'run', 'smoke.mjs')).toEqual(EXPECTED);
  });
});

describeWith('deno', 'Deno', (deno) => {
  test('smoke: the core behaves as everywhere, without a permission', async () => {
    expect(await run(deno, 'run', '--no-prompt', 'smoke.mjs')).toEqual(EXPECTED);
  });
});
