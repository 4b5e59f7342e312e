import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { eachMapping, TraceMap } from '@jridgewell/trace-mapping';
import { build, type BuildOptions } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { MODULES, ROOT } from './subpaths.ts';

/** What most programs use: events, connecting, slots on loops, waiting. */
const CORE = 'event, events, connect, disconnect, EventLoop, slot, SyncEvent';
/** How many bytes the core may have after brotli. */
const LIMIT = 5_300;
/** What a page that takes part in events over a WebSocket uses, and how many bytes it may have. */
const PEER = 'Peer, connect';
const PEER_LIMIT = 28_500;
/** What it loads when it knows that it is a WebSocket. */
const WEBSOCKET_PART = 'dist/chunks/websocket.js';
/** What is loaded only by pages that use NATS, and how many bytes it may have; the library for NATS is not in it. */
const NATS_PART = 'dist/chunks/nats-websocket.js';
const NATS_LIMIT = 3_300;

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

async function bundle(program: string, more: Pick<BuildOptions, 'platform'> = {}): Promise<Bundle> {
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

/** The sources that what was made has pieces of. What only leads to others is none, and neither is the program itself. */
function sourcesIn(map: string): string[] {
  const sources = new Set<string>();
  eachMapping(new TraceMap(map), ({ source }) => {
    if (source !== null && source !== '<stdin>' && source !== 'dist/index.js') sources.add(source);
  });
  return [...sources];
}

describe('bundle of the core', () => {
  test('dependencies: none, and nothing of Node', async () => {
    const { files, imports, code } = await bundle(`export { ${CORE} } from 'mreventloop';`);
    expect(imports).toEqual([]);
    expect(files.filter((file) => !/^src\/(errors|events|loop|queue|timers|trace)\b/.test(file))).toEqual([]);
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

  test('size: what a page loads is within the limit, and as the README says', async () => {
    const { size, parts } = await loading(`export { ${PEER} } from 'mreventloop';`);
    const loaded = size + (parts.get(WEBSOCKET_PART) ?? NaN);
    console.log(`peer: ${loaded} bytes after brotli`);
    expect(loaded).toBeLessThanOrEqual(PEER_LIMIT);
    await expectStated(/(\d+\.\d) kB for a peer/, loaded);
  });

  test('NATS: in a part of its own, which is loaded when it is needed, and is of the size that is stated', async () => {
    const { parts } = await loading(`export { ${PEER} } from 'mreventloop';`);
    const size = parts.get(NATS_PART) ?? NaN;
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

interface Loading {
  /** The size in bytes after brotli of what is loaded at once. */
  readonly size: number;
  /** The same of what is loaded when it is needed, without what is there by then; by its file. */
  readonly parts: ReadonlyMap<string, number>;
}

/** How bundlers that split what they make, as most do, have a program loaded. */
async function loading(program: string): Promise<Loading> {
  const { outputFiles, metafile } = await build({ ...options(program), splitting: true });
  const { outputs } = metafile;
  const reachable = (entry: string): ReadonlySet<string> => {
    const paths = new Set([entry]);
    for (const path of paths) {
      const imports = outputs[path]?.imports ?? [];
      for (const { kind, path: imported } of imports) if (kind === 'import-statement') paths.add(imported);
    }
    return paths;
  };
  const sizeOf = (paths: Iterable<string>): number =>
    outputFiles
      .filter(({ path }) => new Set(paths).has(relative(ROOT, path)))
      .reduce((sum, { text }) => sum + brotliCompressSync(withoutHashes(text)).length, 0);
  const first = reachable('stdin.js');
  const parts = new Map<string, number>();
  for (const [path, { entryPoint }] of Object.entries(outputs)) {
    if (entryPoint === undefined || first.has(path)) continue;
    parts.set(entryPoint, sizeOf([...reachable(path)].filter((one) => !first.has(one))));
  }
  return { size: sizeOf(first), parts };
}

/** With names that say nothing of what is in the files: the same code, under other names, would have up to 70 bytes more. */
function withoutHashes(text: string): string {
  return text.replaceAll(/-[A-Z0-9]{8}(?=\.js)/g, '-00000000');
}

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
