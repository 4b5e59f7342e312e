import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { command } from '../setup/command.ts';
import { Program } from '../support/program.ts';

// Every block of TypeScript in the documentation is a program: it is compiled, run, and must print what
// the block of `text` right after it says.

const ROOT = join(import.meta.dirname, '../..');
const FOLDER = join(ROOT, '.cache/snippets');

interface Snippet {
  readonly title: string;
  readonly file: string;
  readonly code: string;
  readonly output: readonly string[];
}

const documents = ['README.md', ...readdirSync(join(ROOT, 'docs')).filter((name) => name.endsWith('.md'))];
const snippets = documents.flatMap((name) => read(name === 'README.md' ? name : `docs/${name}`));

function read(document: string): Snippet[] {
  const text = readFileSync(join(ROOT, document), 'utf8');
  const blocks = [...text.matchAll(/^```ts\n(.*?)^```\n(?:\n```text\n(.*?)^```)?/gms)];
  return blocks.map(([, code = '', output = ''], i) => ({
    title: `${document}, block ${i + 1}`,
    file: join(FOLDER, `${document.replaceAll(/\W/g, '-')}-${i + 1}.ts`),
    code,
    output: output.split('\n').slice(0, -1),
  }));
}

beforeAll(async () => {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  for (const { file, code } of snippets) writeFileSync(file, `${code}\nexport {};\n`);
  const config = { extends: '../../tsconfig.json', compilerOptions: { noUnusedLocals: false }, include: ['*.ts'] };
  writeFileSync(join(FOLDER, 'tsconfig.json'), JSON.stringify(config));
}, 60_000);

describe('documentation: snippets', () => {
  test('compile', { timeout: 60_000 }, async () => {
    await command(join(ROOT, 'node_modules/.bin/tsc'), ['-p', FOLDER]);
  });

  test.each(snippets)('run and print what they say: $title', { timeout: 30_000 }, async ({ file, output }) => {
    const program = new Program(process.execPath, ['--import', 'tsx', file]);
    expect(await program.rest()).toEqual(output);
    expect(await program.exit).toMatchObject({ code: 0, stderr: '' });
  });
});
