import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT: string = join(import.meta.dirname, '../..');

const { exports: exported } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  exports: Record<string, unknown>;
};

/** What users can import: `mreventloop`, `mreventloop/testing`, … */
export const SPECIFIERS: readonly string[] = Object.keys(exported).map((subpath) =>
  subpath.replace('.', 'mreventloop'),
);

/** Those of them that are code. */
export const MODULES: readonly string[] = SPECIFIERS.filter((specifier) => !specifier.endsWith('.json'));
