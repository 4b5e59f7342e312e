import { expect, test } from 'vitest';
import { Moments } from '../../src/stream/moments.ts';

test('moments: are a tenth of a second apart, and each has something new', () => {
  const moments = new Moments(0);
  const noted: [time: number, g: number][] = [];
  for (const [time, g] of [
    [50, 1],
    [100, 2],
    [150, 3],
    [200, 2],
    [250, 4],
  ] as const)
    if (moments.note(time, g)) noted.push([time, g]);
  expect(noted).toEqual([
    [100, 2],
    [250, 4],
  ]);
  expect([0, 99, 100, 249, 250, 1_000].map((time) => moments.before(time))).toEqual([0, 0, 2, 2, 4, 4]);
});

test('moments: are remembered for a minute, and the last one before that', () => {
  const moments = new Moments(0);
  for (let g = 1; g <= 1_000; g += 1) moments.note(g * 1_000, g);
  expect([moments.oldest, moments.before(0), moments.before(940_500)]).toEqual([940, 940, 940]);
  expect(moments.before(941_000)).toBe(941);
});
