import type { Heard } from './talk.ts';

/** What each part has heard, by who heard it and who said it. */
export type Books = ReadonlyMap<string, Readonly<Record<string, Heard>>>;

const NOTHING: Heard = { received: 0, twice: 0, late: 0 };

function heardBy(books: Books, hearer: string, speaker: string): Heard {
  return books.get(hearer)?.[speaker] ?? NOTHING;
}

/** How many events have arrived, of all that are to. */
export function totalOf(books: Books, parts: readonly string[]): number {
  return pairs(parts).reduce((sum, [hearer, speaker]) => sum + heardBy(books, hearer, speaker).received, 0);
}

/** Each part with each other one. */
export function pairs(parts: readonly string[]): [hearer: string, speaker: string][] {
  return parts.flatMap((hearer) =>
    parts.filter((speaker) => speaker !== hearer).map((speaker): [string, string] => [hearer, speaker]),
  );
}

/** What is not as it is promised; from and to Python, that is at most once. */
export function judge(
  books: Books,
  parts: readonly string[],
  count: number,
): { readonly faults: readonly string[]; readonly lostByPython: number } {
  const faults: string[] = [];
  let lostByPython = 0;
  for (const [hearer, speaker] of pairs(parts)) {
    const { received, twice, late } = heardBy(books, hearer, speaker);
    const lost = count - received;
    if (hearer === 'python' || speaker === 'python') lostByPython += lost;
    else if (lost > 0) faults.push(`${hearer} lacks ${lost} of ${speaker}`);
    if (twice > 0) faults.push(`${hearer} has ${twice} of ${speaker} twice`);
    if (late > 0) faults.push(`${hearer} has ${late} of ${speaker} out of order`);
  }
  return { faults, lostByPython };
}

/** Who received how many of whom, a line for each part, and what went wrong at it. */
export function formatTable(books: Books, parts: readonly string[], count: number): string {
  const sum = (hearer: string, of: (heard: Heard) => number): string =>
    String(
      parts
        .filter((speaker) => speaker !== hearer)
        .reduce((total, speaker) => total + of(heardBy(books, hearer, speaker)), 0),
    );
  const rows = parts.map((hearer) => [
    hearer,
    ...parts.map((speaker) => (speaker === hearer ? '-' : String(heardBy(books, hearer, speaker).received))),
    sum(hearer, ({ received }) => count - received),
    sum(hearer, ({ twice }) => twice),
    sum(hearer, ({ late }) => late),
  ]);
  const head = ['received by', ...parts.map((speaker) => `of ${speaker}`), 'lost', 'twice', 'out of order'];
  const widths = head.map((_title, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const pad = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0);
  return [head, ...rows].map((row) => row.map((cell, column) => pad(cell, column)).join('  ')).join('\n');
}
