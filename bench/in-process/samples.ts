/** How long, in milliseconds, something runs before it is measured, and each time that it is. */
const WARM_UP = 60;
const SAMPLE = 4;
const SAMPLES = 25;

export interface Fastest {
  /** What one run took. */
  readonly nanoseconds: number;
  /** How many runs there were in all, also those for warming up. */
  readonly runs: number;
}

/**
 * Measures something short, many times in a row. The fastest sample counts: whatever else the machine does makes
 * samples slower, never faster.
 */
export function fastestSample(run: (count: number) => void): Fastest {
  let runs = 0;
  let nanoseconds = Infinity;
  const time = (count: number): number => {
    const begin = performance.now();
    run(count);
    runs += count;
    return performance.now() - begin;
  };
  let count = 16;
  const warm = performance.now() + WARM_UP;
  while (performance.now() < warm) if (time(count) < SAMPLE / 2) count *= 2;
  for (let i = 0; i < SAMPLES; i += 1) nanoseconds = Math.min(nanoseconds, (time(count) / count) * 1e6);
  return { nanoseconds, runs };
}

/** The same for what takes its time. */
export async function fastestSampleAsync(run: (count: number) => Promise<void>): Promise<Fastest> {
  let runs = 0;
  let nanoseconds = Infinity;
  const time = async (count: number): Promise<number> => {
    const begin = performance.now();
    await run(count);
    runs += count;
    return performance.now() - begin;
  };
  let count = 16;
  const warm = performance.now() + WARM_UP;
  while (performance.now() < warm) if ((await time(count)) < SAMPLE / 2) count *= 2;
  for (let i = 0; i < SAMPLES; i += 1) nanoseconds = Math.min(nanoseconds, ((await time(count)) / count) * 1e6);
  return { nanoseconds, runs };
}
