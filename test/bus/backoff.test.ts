import { expect, test } from 'vitest';
import { delayBefore } from '../../src/bus/backoff.ts';

// Of so many, some are in each tenth of what is possible.
const COUNT = 1_000;

test.each([
  [0, 50],
  [1, 100],
  [4, 800],
  [7, 5_000],
  [5_000, 5_000],
])('backoff: after %i attempts, half of %i ms and more, and not as long as others', (attempts, most) => {
  const delays = Array.from({ length: COUNT }, () => delayBefore(attempts));
  const [least, longest] = [Math.min(...delays) / most, Math.max(...delays) / most];
  expect(least).toBeGreaterThanOrEqual(0.5);
  expect(least).toBeLessThan(0.55);
  expect(longest).toBeGreaterThan(0.95);
  expect(longest).toBeLessThan(1);
  expect(new Set(delays).size).toBeGreaterThan(COUNT / 2);
});
