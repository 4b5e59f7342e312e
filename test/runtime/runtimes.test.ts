import { cp, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { command } from '../setup/command.ts';
import { MODULES } from '../package/subpaths.ts';
import { describeWith } from '../setup/describe-with.ts';
import { installPackage, type InstalledPackage } from '../setup/installed-package.ts';
import { freeEndpoints, type Scheme, startBroker } from '../support/addresses.ts';
import { compile, EXPECTED } from './smoke.ts';

// A runtime is a hundred megabytes, which the first start of it may have to read from a slow disk.
vi.setConfig({ testTimeout: 60_000 });

let installed: InstalledPackage;

beforeAll(async () => {
  installed = await installPackage();
  for (const name of ['smoke', 'sockets', 'meeting']) {
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

    test.for(MODULES)('smoke: %s can be imported', async (specifier) => {
      const program = `console.log(JSON.stringify(Object.keys(await import('${specifier}')).length > 0))`;
      expect(await run(node, '--input-type=module', '-e', program)).toBe(true);
    });

    test('smoke: events cross sockets', async () => {
      const folder = await mkdtemp(join(installed.project, 's'));
      expect(await run(node, 'sockets.mjs', `ipc://${folder}/in`, `ipc://${folder}/out`)).toEqual(['tea', 3]);
    });

    test.each(['ws', 'ws+unix'] as const)('smoke: events cross %s', async (scheme) => {
      const { in: address } = freeEndpoints(scheme);
      expect(await run(node, 'sockets.mjs', address, address)).toEqual(['tea', 3]);
    });
  });
}

/** A project with the package and nothing that comes with it. */
async function makeProject(name: string): Promise<string> {
  const project = join(installed.project, '..', name);
  await mkdir(project);
  await Promise.all(
    ['package.json', 'node_modules/mreventloop', 'sockets.mjs'].map((part) =>
      cp(join(installed.project, part), join(project, part), { recursive: true }),
    ),
  );
  return project;
}

describeWith('node-24', 'without the libraries', (node) => {
  const addresses = [
    ['zeromq', (folder: string, end: string) => `ipc://${folder}/${end}`],
    ['ws', () => 'ws://127.0.0.1:0/'],
  ] as const;

  test.each(addresses)('sockets: the error says to install %s', async (library, address) => {
    const project = await makeProject(`without-${library}`);
    const said = await command(node, ['sockets.mjs', address(project, 'in'), address(project, 'out')], {
      cwd: project,
    });
    expect(JSON.parse(said)).toEqual({
      code: 'MISSING_LIBRARY',
      message: expect.stringMatching(`'${library}': npm install ${library}$`) as string,
    });
  });

  test.each(addresses)(
    'sockets: where %s is there and cannot be loaded, the error says why',
    async (library, address) => {
      const project = await makeProject(`broken-${library}`);
      const folder = join(project, 'node_modules', library);
      await mkdir(folder);
      await writeFile(join(folder, 'package.json'), JSON.stringify({ name: library, main: 'index.js' }));
      await writeFile(join(folder, 'index.js'), "throw new Error('it was built for another system')");
      const said = await command(node, ['sockets.mjs', address(project, 'in'), address(project, 'out')], {
        cwd: project,
      });
      expect(JSON.parse(said)).toEqual({
        code: 'MISSING_LIBRARY',
        message: expect.stringContaining(
          `'${library}', which cannot be loaded (it was built for another system). Is it installed, and left out of`,
        ) as string,
      });
    },
  );
});

/** Where peers of another runtime meet: a broker in this process. */
async function meet(scheme: Scheme, ...command: readonly [runtime: string, ...args: string[]]): Promise<unknown> {
  const { endpoints } = await startBroker(scheme);
  const [runtime, ...args] = command;
  return run(runtime, ...args, 'meeting.mjs', endpoints.in, endpoints.out);
}

describeWith('bun', 'Bun', (bun) => {
  test.each(['ipc', 'ws', 'ws+unix'] as const)('smoke: events cross %s', async (scheme) => {
    expect(await meet(scheme, bun, 'run')).toEqual(['tea', 3]);
  });

  test('sockets: what needs zeromq is an error, and does not end the process', async () => {
    const { in: inAddress, out } = freeEndpoints('tcp');
    expect(await run(bun, 'run', 'sockets.mjs', inAddress, out)).toEqual({
      code: 'MISSING_LIBRARY',
      message: expect.stringContaining('Bun cannot load') as string,
    });
  });

  test('smoke: a broker serves WebSockets', async () => {
    const { in: address } = freeEndpoints('ws');
    expect(await run(bun, 'run', 'sockets.mjs', address, address)).toEqual(['tea', 3]);
  });

  test('smoke: the core behaves as everywhere', async () => {
    expect(await run(bun, 'run', 'smoke.mjs')).toEqual(EXPECTED);
  });
});

describeWith('deno', 'Deno', (deno) => {
  test('smoke: events cross ws, with leave to use the network', async () => {
    expect(await meet('ws', deno, 'run', '--no-prompt', '--allow-net')).toEqual(['tea', 3]);
  });

  test.each(['ipc', 'ws+unix'] as const)('smoke: events cross %s', async (scheme) => {
    expect(await meet(scheme, deno, 'run', '--allow-all')).toEqual(['tea', 3]);
  });

  test('smoke: a broker serves WebSockets', async () => {
    const { in: address } = freeEndpoints('ws');
    expect(await run(deno, 'run', '--allow-all', 'sockets.mjs', address, address)).toEqual(['tea', 3]);
  });

  test('smoke: the core behaves as everywhere, without a permission', async () => {
    expect(await run(deno, 'run', '--no-prompt', 'smoke.mjs')).toEqual(EXPECTED);
  });
});
