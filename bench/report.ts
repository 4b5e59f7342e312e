import { type Summary, summarize } from './statistics.ts';
import type { Figures } from './measure.ts';

/** For each contender and each quantity, what the rounds gave. */
export type Results = Readonly<Record<string, Readonly<Record<string, Summary>>>>;

/** A quotient that is of interest, and what it should be. */
export interface Aim {
  readonly quantity: string;
  readonly of: string;
  /** Without it, the figure itself is of interest. */
  readonly to?: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  /** How much more it may be: then the difference is of interest, not the quotient. */
  readonly atMostMore?: number;
}

/** A quotient of two contenders, or a difference: round by round, as both run under the same conditions then. */
export interface Ratio extends Aim {
  readonly ratio: Summary;
  /** Whether the median is as it should be; undefined if nothing is demanded. */
  readonly met: boolean | undefined;
}

export function collect(rounds: ReadonlyMap<string, readonly Figures[]>): Results {
  const results: Record<string, Record<string, Summary>> = {};
  for (const [name, figures] of rounds) {
    const quantities = Object.keys(figures[0] ?? {});
    results[name] = Object.fromEntries(
      quantities.map((quantity) => [quantity, summarize(figures.map((each) => each[quantity] ?? Number.NaN))]),
    );
  }
  return results;
}

/** Those quotients of which both sides were measured. */
export function compare(results: Results, aims: readonly Aim[]): Ratio[] {
  return aims.flatMap((aim) => {
    const ours = results[aim.of]?.[aim.quantity]?.rounds;
    const theirs = aim.to === undefined ? ours?.map(() => 1) : results[aim.to]?.[aim.quantity]?.rounds;
    if (ours === undefined || theirs === undefined) return [];
    const { atLeast = -Infinity, atMost = aim.atMostMore ?? Infinity } = aim;
    const beside = (our: number, their: number): number => (aim.atMostMore === undefined ? our / their : our - their);
    const ratio = summarize(ours.map((our, round) => beside(our, theirs[round] ?? Number.NaN)));
    const isDemanded = atLeast > -Infinity || atMost < Infinity;
    return [{ ...aim, ratio, met: isDemanded ? ratio.median >= atLeast && ratio.median <= atMost : undefined }];
  });
}

export function formatResults(results: Results): string {
  const rows = Object.entries(results).flatMap(([name, quantities]) =>
    Object.entries(quantities).map(([quantity, { median, min, max }], index) => [
      index === 0 ? name : '',
      quantity,
      formatNumber(median),
      `${formatNumber(min)} - ${formatNumber(max)}`,
    ]),
  );
  return formatTable([['contender', 'quantity', 'median', 'min - max'], ...rows]);
}

export function formatRatios(ratios: readonly Ratio[]): string {
  const rows = ratios.map(({ quantity, of, to, ratio, met, ...aim }) => [
    [of, ...(to === undefined ? [] : [to])].join(aim.atMostMore === undefined ? ' : ' : ' - '),
    quantity,
    ratio.median.toFixed(2),
    `${ratio.min.toFixed(2)} - ${ratio.max.toFixed(2)}`,
    [
      aim.atLeast === undefined ? '' : `>= ${aim.atLeast}`,
      aim.atMost === undefined && aim.atMostMore === undefined ? '' : `<= ${aim.atMost ?? aim.atMostMore}`,
    ].join(''),
    met === undefined ? '' : met ? 'met' : 'missed',
  ]);
  return formatTable([['ratio', 'quantity', 'median', 'min - max', 'aim', ''], ...rows]);
}

function formatNumber(number: number): string {
  return number >= 1000 ? Math.round(number).toLocaleString('en') : number.toPrecision(3);
}

/** Words to the left, figures to the right. */
function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_head, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const lines = rows.map((row) =>
    row.map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))),
  );
  return lines.map((cells) => cells.join('  ').trimEnd()).join('\n');
}
