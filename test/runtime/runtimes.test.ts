import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command } from '../setup/command.ts';
import { describeWith } from '../setup/describe-with.ts';
import { installPackage, type InstalledPackage } from '../setup/installed-package.ts';
import { compileSmoke, EXPECTED } from './smoke.ts';

let installed: InstalledPackage;
let program: string;

beforeAll(async () => {
  installed = await installPackage();
  program = join(installed.project, 'smoke.mjs');
  await writeFile(program, await compileSmoke());
}, 120_000);
afterAll(() => installed[Symbol.asyncDispose]());

/** Runs the program in the project that has the package installed, until it ends by itself. */
async function run(runtime: string, ...args: string[]): Promise<unknown> {
  return JSON.parse(await command(runtime, [...args, program], { cwd: installed.project }));
}

describeWith('node-20', 'Node 20', (node) => {
  test('smoke: the core behaves as everywhere', async () => {
    expect(await run(node)).toEqual(EXPECTED);
  });
});

describeWith('node-24', 'Node 24', (node) => {
  test('smoke: the core behaves as everywhere', async () => {
    expect(await run(node)).toEqual(EXPECTED);
  });
});

describeWith('node-26', 'Node 26', (node) => {
  test('smoke: the core behaves as everywhere', async () => {
    expect(await run(node)).toEqual(EXPECTED);
  });
});

describeWith('bun', 'Bun', (bun) => {
  test('smoke: the core behaves as everywhere', async () => {
    expect(await run(bun, 'run')).toEqual(EXPECTED);
  });
});

describeWith('deno', 'Deno', (deno) => {
  test('smoke: the core behaves as everywhere, without a permission', async () => {
    expect(await run(deno, 'run', '--no-prompt')).toEqual(EXPECTED);
  });
});
