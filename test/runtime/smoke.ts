import { join, resolve } from 'node:path';
import { build, type BuildOptions } from 'esbuild';

/** What the program `children/smoke.ts` prints, on every runtime. */
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
  exact: {
    start: '{"bytes":{"$bytes":"AAEC',
    end: '"},"more":{"$map":[[{"$bigint":"1"},{"$set":[{"$date":"1970-01-01T00:00:00.000Z"},{"$undefined":true}]}]]}}',
    same: true,
    again: true,
    codes: ['PAYLOAD', 'PAYLOAD', 'PAYLOAD'],
  },
  crossing: ['tea', 3],
};

/** One of the programs as a runtime can run it: decorators and `await using` lowered, the package left to be imported. */
export function compile(program: string): Promise<string> {
  return bundle(program, { platform: 'node', external: ['mreventloop'] });
}

/** One of the programs as a browser can load it: one module, with the package that is installed in a project. */
export function compileForBrowser(program: string, project: string): Promise<string> {
  return bundle(program, { platform: 'browser', nodePaths: [join(project, 'node_modules')], minify: true });
}

/** A program, and what it imports, as one module. */
export async function bundle(program: string, options: BuildOptions): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [resolve(import.meta.dirname, 'children', program)],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    // Not our own tsconfig.json: its paths lead to the sources.
    tsconfigRaw: {},
    logLevel: 'error',
    ...options,
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}
