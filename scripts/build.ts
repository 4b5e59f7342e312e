// Makes dist/ from src/: declarations file by file, as the compiler writes them, and code in few files, because Node
// takes half a millisecond for each file of an import.
import { readFileSync, rmSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'esbuild';

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
  return [...new Set(files.map((file) => file.replace(/^\.\//, '')))].filter((file) => file.startsWith('dist/'));
}

rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
  cwd: ROOT,
  stdio: 'inherit',
});
await build({
  absWorkingDir: ROOT,
  entryPoints: namedFiles().map((file) => file.replace(/^dist\/(.*)\.js$/, 'src/$1.ts')),
  outbase: 'src',
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  packages: 'external',
  format: 'esm',
  platform: 'neutral',
  external: ['node:*'],
  target: 'es2022',
  tsconfig: 'tsconfig.build.json',
  // Constants that are written where they are used can be dropped with what uses them.
  minifySyntax: true,
  sourcemap: true,
  // src/ is published, too.
  sourcesContent: false,
  logLevel: 'warning',
});
