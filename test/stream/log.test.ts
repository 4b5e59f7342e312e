import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Log } from '../../src/stream/log.ts';
import { collectGarbage } from '../loop/collect-garbage.ts';

test('log: has what a list of its events has, however many come and go', () => {
  // Runs that are long enough for its rings to grow while they wrap around, and to shrink.
  const step = fc.oneof(
    fc.integer({ min: 1, max: 40 }),
    fc.integer({ min: -40, max: -1 }),
    fc.constant(3_000),
    fc.constant(-3_000),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const log = new Log('a');
      let first = 1;
      let last = 0;
      for (const count of steps) {
        for (let i = 0; i < count; i += 1) {
          last += 1;
          log.append(`[${last}]`, last * 2, last * 3);
          log.send();
        }
        for (let i = 0; i > count && first <= last; i -= 1) {
          log.trim();
          first += 1;
        }
        expect([log.first, log.last, log.length]).toEqual([first, last, last - first + 1]);
        for (let n = first; n <= last; n += 1) {
          if (log.text(n) !== `[${n}]` || log.size(n) !== n * 2 || log.g(n) !== n * 3) return false;
        }
        if (log.trimmedG !== (first - 1) * 3) return false;
      }
      return true;
    }),
    { numRuns: 100 },
  );
});

test('log: gives back what a burst took, also where some events stay', () => {
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const log = new Log('a');
  for (let n = 1; n <= 2 ** 18; n += 1) log.append('[]', 2, n);
  while (log.length > 1_000) log.trim();
  collectGarbage();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_000_000);
  expect(log.g(log.last)).toBe(2 ** 18);
});

test.each([30, 31, 32, 40])('log: finds its events also after 2 ** %i of them', (bits) => {
  const base = 2 ** bits;
  const log = new Log('a');
  // As if the others had come and gone.
  log.first = base;
  for (const end of ['last', 'sent', 'released'] as const) log[end] = base - 1;
  for (let n = base; n < base + 20; n += 1) log.append(`[${n}]`, 2, n);
  for (let n = base; n < base + 20; n += 1) expect([log.firstAfter(n), log.text(n)]).toEqual([n + 1, `[${n}]`]);
});

test('log: lets go of texts and traces with their events', () => {
  const log = new Log('a');
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let n = 10; n < 60; n += 1) {
    // A million characters, which were joined by JSON.
    log.append(JSON.stringify([String(n).repeat(2 ** 19)]), 2 ** 20, n, 'trace');
  }
  while (log.length > 0) log.trim();
  collectGarbage();
  // All of them take 50 MB.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(20_000_000);
  expect(log.trace(1)).toBeUndefined();
});

test('log: knows how far events were at what was marked, from the oldest that is of interest', () => {
  const log = new Log('a');
  for (let n = 1; n <= 6; n += 1) {
    log.append('[]', 2, n * 10);
    log.send();
    // Two at a time.
    if (n % 2 === 0) log.mark(n * 10, 20);
  }
  log.mark(70, 20);
  for (let n = 1; n <= 6; n += 1) log.trim();
  expect([20, 40, 59].map((g) => log.firstAfter(g))).toEqual([3, 5, 5]);
  log.mark(80, 40);
  expect([20, 40, 59].map((g) => log.firstAfter(g))).toEqual([1, 5, 5]);
});

test('log: forgets what was marked', () => {
  const log = new Log('a');
  const mark = (count: number): void => {
    for (let i = 0; i < count; i += 1) {
      log.append('[]', 2, log.last + 1);
      log.send();
      log.mark(log.last, log.last - 10);
      log.trim();
    }
  };
  mark(100);
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  mark(50_000);
  collectGarbage();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(1_000_000);
});
