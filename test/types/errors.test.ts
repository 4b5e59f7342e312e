// Each wrong use in errors/*.ts stands under a comment that holds a part of the compiler's message for it.
// The whole message counts, also what an overload reports: `check-dts` looks at its first line only.
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';

const folder = new URL('errors/', import.meta.url).pathname;
const files = readdirSync(folder).filter((name) => name.endsWith('.ts'));

/** What the compiler says, by file and line; a message of several lines is joined into one. */
let messages: Map<string, string>;

function compile(): Promise<string> {
  const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
  return new Promise((resolve) => {
    // Its exit code says that there are errors: that is what it is asked for.
    execFile(process.execPath, [compiler, '-p', folder, '--pretty', 'false'], (_error, stdout) => resolve(stdout));
  });
}

beforeAll(async () => {
  messages = new Map();
  let key = '';
  for (const line of (await compile()).split('\n')) {
    const [, path = '', number = '', message = ''] = /^(\S+)\((\d+),\d+\): error TS\d+: (.*)$/.exec(line) ?? [];
    if (path !== '') key = `${path.split('/').at(-1)}:${number}`;
    const text = path === '' ? line.trim() : message;
    if (text !== '') messages.set(key, `${messages.get(key) ?? ''} ${text}`.trim());
  }
}, 60_000);

interface Use {
  line: number;
  end: number;
  code: string;
  expected: string;
}

/** The wrong uses in a file: what follows the comment, up to the next comment or empty line. */
function usesIn(file: string): Use[] {
  const lines = readFileSync(join(folder, file), 'utf8').split('\n');
  return lines.flatMap((line, i) => {
    const [, expected] = /^\s*\/\/ THROWS (.+)$/.exec(line) ?? [];
    if (expected === undefined) return [];
    const length = lines.slice(i + 1).findIndex((next) => next.trim() === '' || next.trim().startsWith('//'));
    return [{ line: i + 2, end: i + 2 + length, code: (lines[i + 1] ?? '').trim(), expected }];
  });
}

describe.each(files)('wrong uses: %s', (file) => {
  const uses = usesIn(file);

  test.each(uses)('line $line: $code', ({ line, end, expected }) => {
    const said = Array.from({ length: end - line }, (_, i) => messages.get(`${file}:${line + i}`) ?? '');
    expect(said.join(' ')).toContain(expected);
  });

  test('all the rest compiles', () => {
    const unexpected = [...messages].filter(([key]) => {
      const [name, number] = key.split(':');
      return name === file && !uses.some(({ line, end }) => line <= Number(number) && Number(number) < end);
    });
    expect(unexpected).toEqual([]);
  });
});
