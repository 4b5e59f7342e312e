import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { eachMapping, TraceMap } from '@jridgewell/trace-mapping';
import { build, type BuildOptions, type Plugin } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { MODULES, ROOT } from './subpaths.ts';

/** What most programs use: events, connecting, slots on loops, waiting. */
const CORE = 'event, events, connect, disconnect, EventLoop, slot, SyncEvent';
/** How many bytes the core may have after brotli. */
const LIMIT = 5_100;
/** What a page that takes part in events over a WebSocket uses, and how many bytes it may have. */
const PEER = 'Peer, connect';
const PEER_LIMIT = 26_700;
/** What is loaded only by pages that use NATS, and how many bytes it may have; the library for NATS is not in it. */
const NATS_PART = 'nats-websocket';
const NATS_LIMIT = 3_000;

interface Bundle {
  readonly code: string;
  /** The size in bytes after brotli. */
  readonly size: number;
  /** The sources of which something is in it. */
  readonly files: readonly string[];
  /** What it still imports. */
  readonly imports: readonly string[];
}

function options(program: string) {
  return {
    stdin: { contents: program, resolveDir: ROOT },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    absWorkingDir: ROOT,
    // The published files, not the sources that our own tsconfig.json would lead to.
    tsconfigRaw: {},
    logLevel: 'error',
    metafile: true,
    outdir: ROOT,
    write: false,
  } as const satisfies BuildOptions;
}

async function bundle(program: string, more: Pick<BuildOptions, 'platform' | 'plugins'> = {}): Promise<Bundle> {
  const { outputFiles, metafile } = await build({ ...options(program), sourcemap: 'external', ...more });
  const textOf = (ending: string): string => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? '';
  const code = textOf('.js');
  const output = Object.entries(metafile.outputs).find(([path]) => path.endsWith('.js'))?.[1];
  return {
    code,
    size: brotliCompressSync(code).length,
    files: sourcesIn(textOf('.map')),
    imports: output?.imports.map(({ path }) => path) ?? [],
  };
}

/** The sources that what was made has pieces of; the program itself is none. */
function sourcesIn(map: string): string[] {
  const sources = new Set<string>();
  eachMapping(new TraceMap(map), ({ source }) => {
    if (source !== null && source !== '<stdin>') sources.add(source);
  });
  return [...sources];
}

describe('bundle of the core', () => {
  test('dependencies: none, and nothing of Node', async () => {
    const { files, imports, code } = await bundle(`export { ${CORE} } from 'mreventloop';`);
    expect(imports).toEqual([]);
    expect(files.filter((file) => !/^src\/(errors|events|loop|queue|trace)\b/.test(file))).toEqual([]);
    expect(code).not.toContain('zeromq');
  });

  test('size: within the limit, and as the README says', async () => {
    const { size } = await bundle(`export { ${CORE} } from 'mreventloop';`);
    console.log(`core: ${size} bytes after brotli`);
    expect(size).toBeLessThanOrEqual(LIMIT);

    await expectStated(/Size: (\d+\.\d) kB/, size);
  });

  test('tree-shaking: events alone come without loops', async () => {
    const { files } = await bundle(`export { event, events, connect } from 'mreventloop';`);
    expect(files.filter((file) => file.startsWith('src/loop/'))).toEqual([]);
  });
});

describe('bundle of a contract', () => {
  test('dependencies: nothing but contracts, so that both sides can share the module', async () => {
    const { files, imports } = await bundle(`export { contract, request } from 'mreventloop';`);
    expect(imports).toEqual([]);
    expect(files.filter((file) => !/^src\/(errors|contract)\b/.test(file))).toEqual([]);
  });
});

describe('bundle of a codec', () => {
  test('dependencies: none, nothing of Node, and nothing of peers', async () => {
    const { files, imports, code } = await bundle(`export { contract, extendedValues } from 'mreventloop';`);
    expect(imports).toEqual([]);
    expect(files.filter((file) => !/^src\/(errors|contract|codec|wire\/payload)\b/.test(file))).toEqual([]);
    expect(code).not.toMatch(/node:|require\(/);
  });
});

describe('bundle of a peer', () => {
  test('dependencies: none, nothing of Node, and no native code', async () => {
    const { files, imports, code } = await bundle(`export { ${PEER} } from 'mreventloop';`);
    expect(imports).toEqual([]);
    const elsewhere = files.filter(
      (file) => !file.startsWith('src/') || /zeromq\.ts|door|guest|broker|^src\/codec/.test(file),
    );
    expect(elsewhere).toEqual([]);
    expect(code).not.toMatch(/node:|from"ws"|import\("ws"\)|require\(/);
  });

  test('size: within the limit, and as the README says', async () => {
    const withoutNats: Plugin = {
      name: 'without-nats',
      setup(building) {
        building.onResolve({ filter: new RegExp(NATS_PART) }, ({ path }) => ({ path, external: true }));
      },
    };
    const { size } = await bundle(`export { ${PEER} } from 'mreventloop';`, { plugins: [withoutNats] });
    console.log(`peer: ${size} bytes after brotli`);
    expect(size).toBeLessThanOrEqual(PEER_LIMIT);
    await expectStated(/(\d+\.\d) kB for a peer/, size);
  });

  test('NATS: in a part of its own, which is loaded when it is needed, and is of the size that is stated', async () => {
    const { outputFiles, metafile } = await build({
      ...options(`export { ${PEER} } from 'mreventloop';`),
      splitting: true,
    });
    const importing = Object.values(metafile.outputs).flatMap(({ imports }) => imports);
    const [path, ...more] = Object.keys(metafile.outputs).filter((output) => output.includes(NATS_PART));
    const kinds = importing.filter((imported) => imported.path === path).map(({ kind }) => kind);
    expect([kinds, more]).toEqual([['dynamic-import'], []]);
    const size = brotliCompressSync(outputFiles.find((file) => file.path.endsWith(`${path}`))?.contents ?? '').length;
    console.log(`NATS in a page: ${size} bytes after brotli`);
    expect(size).toBeLessThanOrEqual(NATS_LIMIT);
    await expectStated(/(\d+\.\d) kB of this package/, size, 'docs/buses.md');
  });

  test('a broker in a page: within the page only, without Node', async () => {
    const { imports, code } = await bundle(`export { Broker, Peer } from 'mreventloop';`);
    expect(imports).toEqual([]);
    expect(code).not.toMatch(/node:|require\(/);
  });
});

/** What a document says of a size, which may be off a little. */
async function expectStated(where: RegExp, size: number, document = 'README.md'): Promise<void> {
  const [, stated] = where.exec(await readFile(join(ROOT, document), 'utf8')) ?? [];
  const message = `${document} should say ${(size / 1000).toFixed(1)} kB where it says ${where}`;
  expect(Math.abs(Number(stated) * 1000 - size), message).toBeLessThan(size * 0.05);
}

describe('bundle of an import that is not used', () => {
  test.for(MODULES)('side effects: %s leaves nothing', async (specifier) => {
    expect((await bundle(`import '${specifier}';`, { platform: 'node' })).code).toBe('');
  });
});
