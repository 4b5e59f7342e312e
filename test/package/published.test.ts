import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { command } from '../setup/command.ts';
import { installPackage, type InstalledPackage } from '../setup/installed-package.ts';
import { MODULES, ROOT, SPECIFIERS } from './subpaths.ts';

interface Consumer {
  readonly kind: string;
  /** Options of its compiler. */
  readonly options: object;
}

let installed: InstalledPackage;

beforeAll(async () => {
  installed = await installPackage();
}, 120_000);
afterAll(() => installed[Symbol.asyncDispose]());

function tool(name: string, ...args: string[]): Promise<string> {
  return command(join(ROOT, 'node_modules', '.bin', name), args, { cwd: installed.project });
}

/** The files in a folder of the package with this ending, without both. */
function stems(folder: string, ending: RegExp): string[] {
  return installed.files
    .filter((file) => file.startsWith(`${folder}/`) && ending.test(file))
    .map((file) => file.slice(folder.length + 1).replace(ending, ''))
    .toSorted();
}

describe('packed file', () => {
  test('contents: what was built, its sources, and the papers', () => {
    const elsewhere = installed.files.filter((file) => !/^(dist|src|docs)\//.test(file));
    expect(elsewhere.toSorted()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json']);
    expect(installed.files.filter((file) => /test\.|\.tsbuildinfo$|\.cache/.test(file))).toEqual([]);
  });

  test('contents: what the README says more is written in', async () => {
    const text = await readFile(join(ROOT, 'README.md'), 'utf8');
    const linked = [...text.matchAll(/\]\((docs\/[^)#]*)/g)].map(([, path = '']) => path);
    expect(linked.length).toBeGreaterThan(5);
    const files = linked.map((path) => (path.endsWith('/') ? `${path}README.md` : path));
    expect(files.filter((file) => !installed.files.includes(file))).toEqual([]);
  });

  test('contents: each source, its declarations, and code in few files with their maps', () => {
    const code = stems('dist', /\.js$/);
    expect(stems('dist', /\.d\.ts$/)).toEqual(stems('src', /\.ts$/));
    // What only leads to others has none.
    const leading = new Set(['bus/websocket-library', 'index']);
    expect(stems('dist', /\.js\.map$/)).toEqual(code.filter((file) => !leading.has(file)));
    expect(stems('dist', /(?<!\.d\.ts|\.js|\.js\.map)$/)).toEqual([]);
    expect(code.length).toBeLessThan(45);
  });

  test('publint: nothing to say', async () => {
    const { buffer } = new Uint8Array(await readFile(installed.tarball));
    const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true });
    // It would have the browser's files named in `imports`: then no source could be read or run without a build.
    const objections = messages.filter(({ code }) => code !== 'USE_EXPORTS_OR_IMPORTS_BROWSER');
    expect(objections.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
  });

  test('attw: the types resolve for every subpath', async () => {
    // It ends with another code than 0 when there is a problem.
    expect(await tool('attw', installed.tarball, '--profile', 'esm-only')).toContain('"mreventloop"');
  }, 60_000);
});

describe('installed package', () => {
  test('use: the program of the next test imports every subpath', async () => {
    const program = await readFile(join(import.meta.dirname, 'consumer', 'main.ts'), 'utf8');
    const imported = [...program.matchAll(/ from '(mreventloop[^']*)'/g)].map(([, specifier]) => specifier);
    expect(new Set(imported)).toEqual(new Set(SPECIFIERS));
  });

  test.for<Consumer>([
    { kind: 'Node', options: { module: 'nodenext', types: ['node'] } },
    {
      kind: 'browser',
      options: { module: 'esnext', moduleResolution: 'bundler', lib: ['es2022', 'esnext.disposable', 'dom'] },
    },
  ])(
    'use: a $kind program compiles, also what exports what it makes, and runs',
    { timeout: 60_000 },
    async (consumer) => {
      const folder = join(installed.project, consumer.kind);
      await mkdir(folder);
      const files = ['main.ts', 'library.ts'];
      for (const file of files) await cp(join(import.meta.dirname, 'consumer', file), join(folder, file));
      const compilerOptions = {
        target: 'es2022',
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        resolveJsonModule: true,
        types: [],
        typeRoots: [join(ROOT, 'node_modules', '@types')],
        outDir: 'out',
        rootDir: '.',
        declaration: true,
        ...consumer.options,
      };
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));

      expect(await tool('tsc', '-p', folder)).toBe('');
      const printed = await command(process.execPath, [join(folder, 'out', 'main.js')]);
      expect(JSON.parse(printed)).toEqual({
        package: 'mreventloop',
        first: 'relayed while running: true',
        length: 12,
        prices: [3],
        operations: ['receive.produced'],
        spied: [
          ['tea', 3],
          ['tea', 3],
        ],
        connected: false,
        notCalled: 'wrongUses',
      });
    },
  );

  test.for([
    ['nats://127.0.0.1', '@nats-io/transport-node'],
    ['nats+ws://127.0.0.1', '@nats-io/nats-core'],
    ['redis://127.0.0.1', 'ioredis'],
  ] as const)('libraries: for %s the error says to install %s', async ([address, library]) => {
    const program = `
      import { Peer } from 'mreventloop';
      const peer = new Peer('${address}', '${address}', [], []);
      console.log(await peer.start().catch(({ code, message }) => code + ': ' + message));`;
    const args = ['--input-type=module', '--eval', program];
    const said = await command(process.execPath, args, { cwd: installed.project });
    expect(said).toMatch(/^MISSING_LIBRARY: /);
    expect(said).toContain(`npm install ${library}\n`);
  });

  test.for(MODULES)('import: %s leaves the globals alone and lets the program end', async (specifier) => {
    const program = `
      const before = Reflect.ownKeys(globalThis);
      await import(${JSON.stringify(specifier)});
      console.log(JSON.stringify(Reflect.ownKeys(globalThis).filter((key) => !before.includes(key)).map(String)));`;
    const args = ['--input-type=module', '--eval', program];
    expect(await command(process.execPath, args, { cwd: installed.project })).toBe('[]\n');
  });
});
