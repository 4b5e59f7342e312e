import { join } from 'node:path';
import { build } from 'esbuild';

const PROGRAM = join(import.meta.dirname, 'children', 'smoke.ts');

/** What the program prints, on every runtime. */
export const EXPECTED = {
  decorated: [
    'begin before the start',
    'end before the start',
    'begin tea',
    'end tea',
    'begin running: true',
    'end running: true',
  ],
  fields: {
    sold: 'tea for 3',
    failed: 'closed already',
    exceptions: 2,
    waitsForItself: 'SELF_AWAIT',
    running: true,
  },
  waiting: {
    both: ['tea', 3],
    dear: ['coffee', 7],
    streamed: ['tea', 'coffee'],
    heard: ['tea'],
    late: 'TIMEOUT',
    running: true,
  },
  throwing: ['tea', 'thrown: first'],
};

/** The program as a runtime can run it: decorators and `await using` lowered, the package left to be imported. */
export async function compileSmoke(): Promise<string> {
  return compile({ external: ['mreventloop'] });
}

/** The program as a browser can load it: one module with the package in it. */
export async function bundleSmoke(project: string): Promise<string> {
  return compile({ nodePaths: [join(project, 'node_modules')], minify: true });
}

async function compile(options: { external?: string[]; nodePaths?: string[]; minify?: boolean }): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [PROGRAM],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    // Not our own tsconfig.json: its paths lead to the sources.
    tsconfigRaw: {},
    write: false,
    ...options,
  });
  return outputFiles[0]?.text ?? '';
}
