/** What several rounds gave for one quantity. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: readonly number[];
}

export function summarize(rounds: readonly number[]): Summary {
  return { median: medianOf(rounds), min: Math.min(...rounds), max: Math.max(...rounds), rounds };
}

export function medianOf(values: readonly number[]): number {
  return quantileOf(values, 0.5);
}

/** Between two values, the mean of them weighted by nearness. */
export function quantileOf(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const position = (sorted.length - 1) * part;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position % 1);
}
