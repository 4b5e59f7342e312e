import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';
import { formatTable, judge, totalOf } from '../../examples/five-parts/table.ts';
import { describeWith } from '../setup/describe-with.ts';
import { Program } from '../support/program.ts';

const TIMEOUT = 60_000;

function fiveParts(env: NodeJS.ProcessEnv, ...args: readonly string[]): Program {
  return new Program(
    process.execPath,
    [new URL('../../examples/five-parts/main.ts', import.meta.url).pathname, ...args],
    env,
  );
}

/** Without what is not there on every machine. */
const ALONE = { PATH: '', PYTHON: 'no-python-here' };

describeWith('python', 'five parts', (interpreters) => {
  describeWith('chromium', 'all of them', (CHROMIUM) => {
    describeWith('nats', 'together', () => {
      test.each(Object.entries(interpreters))(
        'each hears 1,000 events of each other one, once and in order, with Python package %s',
        { timeout: TIMEOUT },
        async (_release, PYTHON) => {
          const program = fiveParts({ PYTHON, CHROMIUM });
          const lines = await program.rest();
          const table = lines.slice(lines.findIndex((line) => line.startsWith('received by')));
          const cells = table.map((line) => line.split(/ {2,}/));
          const parts = ['process', 'worker', 'tab', 'python', 'nats'];
          expect(cells[0]?.slice(1, -3)).toEqual(parts.map((part) => `of ${part}`));
          for (const [row, hearer] of parts.entries()) {
            for (const [column, speaker] of parts.entries()) {
              const cell = cells[row + 1]?.[column + 1];
              if (hearer === speaker) expect(cell).toBe('-');
              // What is lost from or to Python is counted.
              else if (hearer === 'python' || speaker === 'python') expect(Number(cell)).toBeLessThanOrEqual(1_000);
              else expect(`${hearer} of ${speaker}: ${cell}`).toBe(`${hearer} of ${speaker}: 1000`);
            }
            expect(cells[row + 1]?.slice(-2)).toEqual(['0', '0']);
          }
          expect(table.at(-1)).toMatch(/^all arrived, once and in order$|^\d+ lost from or to Python/);
          expect(await program.exit).toMatchObject({ code: 0, stderr: '' });
        },
      );
    });
  });
});

describe('five parts: where not all is there', () => {
  test('what is missing is left out, and how to get it is said', { timeout: TIMEOUT }, async () => {
    const program = fiveParts(ALONE, '--events', '10');
    const lines = await program.rest();
    expect(lines[0]).toMatch(/^LEFT OUT: the part tab, which needs Chromium.*apt-get install chromium/);
    expect(lines[1]).toMatch(/^LEFT OUT: the part python.*pip install mreventloop/);
    expect(lines.join('\n')).toMatch(/\nprocess +- +10 .*\nworker +10 +- .*\n/);
    expect(lines.at(-1)).toBe('all arrived, once and in order');
    expect(await program.exit).toMatchObject({ code: 0, stderr: '' });
  });

  test('interrupted: it ends all that it started, and removes its folder', { timeout: TIMEOUT }, async () => {
    const program = fiveParts(ALONE, '--events', '100000000');
    let folder = '';
    for (let line = ''; !line.includes(' arrived'); line = await program.line()) {
      folder = /^broker at ipc:\/\/(\S+)/.exec(line)?.[1] ?? folder;
    }
    expect(existsSync(dirname(folder))).toBe(true);
    program.kill('SIGINT');
    // Its output is closed when nobody has it any more, the parts included.
    expect(await program.exit).toMatchObject({ code: 1, stderr: 'five-parts: SIGINT, everything was ended\n' });
    expect(existsSync(dirname(folder))).toBe(false);
  });

  test('help, and what makes no sense', async () => {
    expect((await fiveParts({}, '--help').rest())[0]).toMatch(/^Usage: npm run example:five-parts/);
    const { code, stderr } = await fiveParts({}, '--events', 'many').exit;
    expect([code, stderr]).toEqual([1, 'five-parts: --events needs a whole number from 1\n']);
  });
});

const heard = (received: number, twice = 0, late = 0) => ({ received, twice, late });

describe('five parts: the books', () => {
  const parts = ['process', 'tab', 'python'];

  test('nothing is missing', () => {
    const books = new Map([
      ['process', { tab: heard(3), python: heard(3) }],
      ['tab', { process: heard(3), python: heard(3) }],
      ['python', { process: heard(3), tab: heard(3) }],
    ]);
    expect(totalOf(books, parts)).toBe(18);
    expect(judge(books, parts, 3)).toEqual({ faults: [], lostByPython: 0 });
  });

  test('what is lost, twice or out of order is a fault; what Python lost is counted', () => {
    const books = new Map([
      ['process', { tab: heard(2, 1), python: heard(1) }],
      ['tab', { process: heard(3, 0, 2), python: heard(3, 1) }],
    ]);
    expect(judge(books, parts, 3)).toEqual({
      faults: [
        'process lacks 1 of tab',
        'process has 1 of tab twice',
        'tab has 2 of process out of order',
        'tab has 1 of python twice',
      ],
      lostByPython: 8,
    });
    expect(formatTable(books, parts, 3).split('\n')).toEqual([
      'received by  of process  of tab  of python  lost  twice  out of order',
      'process               -       2          1     3      1             0',
      'tab                   3       -          3     0      1             2',
      'python                0       0          -     6      0             0',
    ]);
  });
});
