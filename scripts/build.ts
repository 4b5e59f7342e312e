// Makes dist/ from src/: declarations file by file, as the compiler writes them, and code in few files, because Node
// takes half a millisecond for each file of an import.
import { readFileSync, rmSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { isAbsolute, join } from 'node:path';
import { build, type ChunkingContext } from 'rolldown';

const ROOT = join(import.meta.dirname, '..');

interface Manifest {
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
  readonly browser: Readonly<Record<string, string>>;
}

/** What keeps its name in dist/: what can be imported or run, and what bundlers for browsers replace. */
function namedFiles(): string[] {
  const { bin, exports, browser } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
  const exported = Object.values(exports).map((entry) => (typeof entry === 'string' ? entry : entry.default));
  const files = [...exported, ...Object.values(bin), ...Object.keys(browser), ...Object.values(browser)];
  const names = files.map((file) => /^(?:\.\/)?dist\/(.*)\.js$/.exec(file)?.[1]);
  return [...new Set(names)].filter((name) => name !== undefined);
}

/** The sources that an import of the package loads, which become one file. */
function makeMain(): (source: string, context: ChunkingContext) => 'main' | null {
  const main = new Set<string>();
  return (source, context) => {
    if (main.size === 0) {
      main.add(join(ROOT, 'src/index.ts'));
      // A set goes on with what is added meanwhile.
      for (const one of main) {
        for (const imported of context.getModuleInfo(one)?.importedIds ?? [])
          if (isAbsolute(imported)) main.add(imported);
      }
    }
    return main.has(source) ? 'main' : null;
  };
}

rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
  cwd: ROOT,
  stdio: 'inherit',
});
await build({
  cwd: ROOT,
  input: Object.fromEntries(namedFiles().map((name) => [name, `src/${name}.ts`])),
  // All but our own sources.
  external: /^[^./]/,
  platform: 'neutral',
  tsconfig: 'tsconfig.build.json',
  preserveEntrySignatures: 'allow-extension',
  output: {
    dir: 'dist',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name].js',
    codeSplitting: {
      groups: [{ name: makeMain(), debugName: 'main' }],
      includeDependenciesRecursively: false,
    },
    // Constants that are written where they are used can be dropped with what uses them.
    minify: { compress: { target: 'es2022' }, mangle: false, codegen: false },
    sourcemap: true,
    // src/ is published, too.
    sourcemapExcludeSources: true,
  },
  logLevel: 'warn',
});
