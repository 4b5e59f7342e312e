import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DOCUMENTS, fillTables, readReport } from '../../bench/table.ts';

test.each(DOCUMENTS)('tables: those of %s are what `npm run bench:table` makes', async (path) => {
  const document = readFileSync(join(import.meta.dirname, '../..', path), 'utf8');
  expect(await fillTables(document, readReport())).toBe(document);
  expect(document).toContain('<!-- table: overview -->');
});
