import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import * as everything from 'mreventloop';

type AnyError = new (message: string, details: object) => everything.MrEventLoopError;

test('guide: the table of errors has every class with its code', async () => {
  const codes = new Map<string, string>();
  for (const [name, value] of Object.entries<unknown>(everything)) {
    const isError = typeof value === 'function' && value.prototype instanceof everything.MrEventLoopError;
    if (isError) codes.set(name, new (value as AnyError)('', { name: '', event: '' }).code);
  }
  const guide = await readFile(new URL('../../docs/guide.md', import.meta.url), 'utf8');
  const rows = [...guide.matchAll(/^\| `(\w+Error)` +\| `([A-Z_]+)`/gm)];
  expect(new Map(rows.map(([, name = '', code = '']) => [name, code]))).toEqual(codes);
  expect(codes.size).toBeGreaterThan(10);
});
