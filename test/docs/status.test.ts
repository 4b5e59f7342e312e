import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { Peer } from 'mreventloop';

test('delivery: the table of what to watch has every event of the status of a peer', async () => {
  const document = await readFile(new URL('../../docs/delivery.md', import.meta.url), 'utf8');
  const [, section = ''] = document.split('## What to watch');
  const [table = ''] = section.split('\n## ');
  const rows = [...table.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name);
  expect(new Set(rows)).toEqual(new Set(Object.keys(new Peer('inproc://a', [], []).status)));
});
