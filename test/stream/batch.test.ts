import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Arguments, plainLength } from '../../src/stream/arguments.ts';
import { Batch } from '../../src/stream/batch.ts';
import { Log } from '../../src/stream/log.ts';

/** A batch of events with these arguments, the first of which has the number 3, and the log that has them. */
function makeBatch(all: readonly Arguments[]) {
  const log = new Log('a');
  for (const args of ['[]', '[]', ...all]) {
    log.append(args, typeof args === 'string' ? args.length : (plainLength(args, Infinity) as number), log.last + 1);
    log.send(undefined);
  }
  const batch = new Batch(log, 'P', 3);
  for (const _ of all) batch.add();
  return { batch, log };
}

const jsonOf = (args: Arguments): string => (typeof args === 'string' ? args : JSON.stringify(args));

test.each<[string, Arguments[]]>([
  ['nothing to be escaped', [['tea', 3], [], ['milk', -0.5, true, null], ['ä😀']]],
  ['something to be escaped', [['tea'], ['"'], ['milk']]],
  ['half of a pair, which is escaped', [['tea'], ['\ud800'], ['milk']]],
  ['some that are JSON already', [['tea'], '[{"y":1}]', ['milk']]],
  [
    'numbers that are written in other ways',
    [
      [1e21, 1e-7],
      [-0, 0.1 + 0.2],
    ],
  ],
  ['one alone', [['tea']]],
])('seal: %s', (_, all) => {
  const { batch, log } = makeBatch(all);
  const { texts, list = `[${texts.join()}]` } = batch.seal();
  expect(texts).toEqual(all.map(jsonOf));
  expect(JSON.parse(list)).toEqual(all.map((args) => JSON.parse(jsonOf(args)) as unknown));
  expect(all.map((_args, i) => log.args(i + 3))).toEqual(texts);
});

test('seal: whatever the arguments, and however many', () => {
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  );
  const args = fc.array(fc.oneof(value, fc.boolean(), fc.constant(null)), { maxLength: 4 });
  fc.assert(
    fc.property(fc.array(args, { minLength: 1, maxLength: 20 }), (all) => {
      const { texts, list = `[${texts.join()}]` } = makeBatch(all).batch.seal();
      expect(texts).toEqual(all.map((one) => JSON.stringify(one)));
      expect(list).toBe(JSON.stringify(all));
    }),
  );
});

test('seal: where the ring of the log begins anew in between, and after it has grown', () => {
  const all = Array.from({ length: 40 }, (_, index) => [`item ${index}`]);
  const { batch, log } = makeBatch(all);
  for (const _ of [1, 2]) log.trim();
  expect(batch.seal().texts).toEqual(all.map((args) => JSON.stringify(args)));
  const more = new Batch(log, 'P', 43);
  for (const args of all.slice(0, 30)) {
    log.append(args, JSON.stringify(args).length, log.last + 1);
    log.send(undefined);
    more.add();
  }
  expect(more.seal()).toMatchObject({
    texts: all.slice(0, 30).map((args) => JSON.stringify(args)),
    gs: Array.from({ length: 30 }, (_, index) => 43 + index),
  });
});

test('plain: arguments that can change, or are long, are none', () => {
  expect(plainLength(['tea', 1], 9)).toBe(9);
  expect(plainLength(['tea', 1], 8)).toBeUndefined();
  expect(plainLength([{ tea: 1 }], 100)).toBeUndefined();
  expect(plainLength([['tea']], 100)).toBeUndefined();
});
