import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeWith } from '../setup/describe-with.ts';
import { temporaryFolder } from '../support/addresses.ts';
import { Program } from '../support/program.ts';

/** Each starts several processes, one after the other. */
const TIMEOUT = 30_000;
const FOLDER = new URL('../../examples/', import.meta.url);

/** What each example prints. The file is named after the section of the original's documentation. */
const OUTPUT: Record<string, string[]> = {
  'async-slot.ts': ['entering event loop...', 'exiting event loop...', 'some product'],
  'awaiting-events.ts': ['some product'],
  'crossing-sockets.ts': ['some product'],
  'emitting-events.ts': ['some product'],
  'event-loop.ts': ['entering event loop...', 'exiting event loop...', 'some product'],
  'exceptions.ts': ['Error: cannot use tea', 'stopped'],
  'shared-event-loop.ts': [
    'first begins with tea',
    'first is done with tea',
    'second begins with coffee',
    'second is done with coffee',
  ],
};

describe('examples', () => {
  test('are all run here', () => {
    const files = readdirSync(FOLDER).filter((name) => name.endsWith('.ts'));
    expect(files.toSorted()).toEqual(Object.keys(OUTPUT).toSorted());
  });

  test.each(Object.entries(OUTPUT))('%s prints what it should', async (file, output) => {
    const program = new Program(process.execPath, ['--import', 'tsx', new URL(file, FOLDER).pathname]);
    expect(await program.rest()).toEqual(output);
    expect(await program.exit).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('shop: the main job', () => {
  test('makes products from a file, in processes of their own, and loses nothing', { timeout: TIMEOUT }, async () => {
    const file = join(temporaryFolder(), 'products');
    writeFileSync(file, Array.from({ length: 500 }, (_, i) => `product ${i + 1}`).join('\n'));
    const program = shop(file);
    const lines = await program.rest();
    expect(lines).toContain('[consumer] received product 3: product 3');
    expect(lines).toContain('[consumer] sold out after 500 products');
    expect(lines.at(-1)).toMatch(
      /^517 requests and 516 answers: 1033 events sent, 1033 received, lost: 0; \d+\.\d\d s$/,
    );
    expect(await program.exit).toMatchObject({ code: 0, stderr: '' });
  });

  test('makes products from standard input, also from none', { timeout: TIMEOUT }, async () => {
    for (const [input, words] of [
      ['tea\ncoffee\n', 'sold out after 2 products'],
      ['', 'sold out after 0 products'],
    ] as const) {
      const program = shop('-');
      program.child.stdin?.end(input);
      expect(await program.rest()).toContain(`[consumer] ${words}`);
    }
  });

  test('says what is wrong with a file that is none', async () => {
    const { code, stderr } = await shop(join(temporaryFolder(), 'missing')).exit;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^shop: ENOENT.*\n$/);
  });
});

describeWith('python', 'shop: with a consumer in Python', (interpreters) => {
  test('it receives what the other one receives', { timeout: TIMEOUT }, async () => {
    const file = join(temporaryFolder(), 'products');
    writeFileSync(file, 'tea\ncoffee');
    const program = shop(file, Object.values(interpreters)[0]);
    const lines = await program.rest();
    expect(lines).toContain('[python] received product 2: coffee');
    expect(lines.at(-1)).toBe('the Python consumer received 18 of 18 answers');
  });
});

/** The shop without a Python consumer, unless there is an interpreter for one. */
function shop(input: string, interpreter = 'no-python-here'): Program {
  return new Program(process.execPath, [new URL('shop/main.ts', FOLDER).pathname, input], { PYTHON: interpreter });
}
