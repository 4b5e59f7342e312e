import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Arguments, plainLength } from '../../src/stream/arguments.ts';
import { Audience, passFrontiers } from '../../src/stream/audience.ts';
import { Batch } from '../../src/stream/batch.ts';
import { Log } from '../../src/stream/log.ts';
import type { After } from '../../src/wire/pack.ts';
import { collectGarbage } from '../loop/collect-garbage.ts';

function sizeOf(args: Arguments): number {
  return typeof args === 'string' ? args.length : (plainLength(args, Infinity) as number);
}

/** Publishes events with these arguments as one batch. */
function makeBatch(log: Log, all: readonly Arguments[]): Batch {
  const batch = new Batch(log, log.last + 1);
  log.batch = batch;
  for (const args of all) {
    log.append(args, sizeOf(args), log.last + 1);
    log.send();
    batch.add(args);
  }
  return batch;
}

/** As a batcher does. */
function seal(batch: Batch) {
  batch.log.batch = undefined;
  return batch.seal('P');
}

/** A log whose first two events have left one by one. */
function makeLog(): Log {
  const log = new Log('a');
  for (const _ of [1, 2]) seal(makeBatch(log, [['early']]));
  return log;
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
  const log = makeLog();
  const batch = makeBatch(log, all);
  const textsIn = (): (string | undefined)[] => all.map((_args, i) => log.text(i + 3));
  expect(textsIn()).toEqual(all.map(jsonOf));
  const { texts, list = `[${texts.join()}]` } = seal(batch);
  expect(texts).toEqual(all.map(jsonOf));
  expect(JSON.parse(list)).toEqual(all.map((args) => JSON.parse(jsonOf(args)) as unknown));
  expect(textsIn()).toEqual(texts);
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
      const { texts, list = `[${texts.join()}]` } = seal(makeBatch(makeLog(), all));
      expect(texts).toEqual(all.map((one) => JSON.stringify(one)));
      expect(list).toBe(JSON.stringify(all));
    }),
  );
});

test('texts: of whatever batch, in whatever order, whichever were trimmed or dropped', () => {
  const item = fc.oneof(fc.string(), fc.constant('"'));
  const batches = fc.array(fc.array(fc.array(item, { maxLength: 2 }), { minLength: 1, maxLength: 9 }), {
    minLength: 1,
    maxLength: 12,
  });
  fc.assert(
    fc.property(batches, fc.array(fc.nat(), { maxLength: 60 }), fc.nat(), fc.nat(), (all, wanted, trimmed, dropped) => {
      const log = new Log('a');
      for (const one of all) seal(makeBatch(log, one));
      const texts: (string | undefined)[] = all.flat().map((args) => JSON.stringify(args));
      const first = trimmed % texts.length;
      for (let i = 0; i < first; i += 1) log.trim();
      const gone = first + (dropped % (texts.length - first));
      log.drop(gone + 1);
      texts[gone] = undefined;
      const order = [...wanted.map((n) => first + (n % (texts.length - first))), ...texts.keys()];
      for (const i of order) if (i >= first) expect(log.text(i + 1)).toBe(texts[i]);
    }),
  );
});

test('after: for each name, what is most of what its events come after; of several batches, of all', () => {
  const [log, b, c] = ['a', 'b', 'c'].map((name) => new Log(name)) as [Log, Log, Log];
  const audience = new Audience();
  for (const logs of [
    [log, b],
    [log, c],
  ]) {
    audience.add({
      id: logs.map(({ event }) => event).join(),
      logs,
      acked: 0,
      unsureSince: undefined,
      hasBroken: false,
      patience: 0,
      since: 0,
      repeatedAt: 0,
    });
  }
  /** Sends these events in turn, those of `log` in one batch. */
  const publish = (events: readonly Log[]): After | undefined => {
    const batch = new Batch(log, log.last + 1);
    log.batch = batch;
    for (const one of events) {
      one.append('[]', 2, one.last + 1);
      one.send();
      if (one === log) batch.add('[]');
      passFrontiers(one, false);
    }
    return seal(batch).after;
  };
  expect(publish([log, b, log, b, b, log, c])).toEqual(new Map([['b', 3]]));
  expect(publish([log, b])).toEqual(new Map([['c', 1]]));
  expect(publish([log, log])).toEqual(new Map([['b', 4]]));
  expect(publish([log])).toBeUndefined();
  expect(publish([c, log])).toEqual(new Map([['c', 2]]));
  expect(log.after(1, 2)).toEqual(new Map([['b', 3]]));
  expect(log.after(2, 5)).toEqual(
    new Map([
      ['b', 3],
      ['c', 1],
    ]),
  );
  expect(log.after(3, 7)).toEqual(
    new Map([
      ['b', 4],
      ['c', 1],
    ]),
  );
  expect(log.after(7, 8)).toBeUndefined();
});

test('seal: where the ring of the log begins anew in between, and after it has grown', () => {
  const all = Array.from({ length: 40 }, (_, index) => [`item ${index}`]);
  const texts = all.map((args) => JSON.stringify(args));
  const log = makeLog();
  const batch = makeBatch(log, all);
  for (const _ of [1, 2]) log.trim();
  expect(seal(batch).texts).toEqual(texts);
  expect(seal(makeBatch(log, all.slice(0, 30)))).toMatchObject({
    texts: texts.slice(0, 30),
    gs: Array.from({ length: 30 }, (_, index) => 43 + index),
  });
  expect(log.text(42)).toBe(texts[39]);
});

test('seal: what was let go of before it left takes no place of another', () => {
  const log = new Log('a');
  // One has to be escaped, so that each has a text of its own.
  const early = makeBatch(log, [['"'], ['milk']]);
  for (const _ of [1, 2]) log.trim();
  const texts = Array.from({ length: 16 }, (_, index) => JSON.stringify([`item ${index}`]));
  for (const text of texts) log.append(text, text.length, log.last + 1);
  seal(early);
  expect(texts.map((_text, index) => log.text(3 + index))).toEqual(texts);
});

test('batches: are let go of with the last of their events', () => {
  const log = new Log('a');
  const publish = (count: number): void => {
    for (let i = 0; i < count; i += 1) {
      seal(makeBatch(log, [[`item ${i}`], ['x'.repeat(100)]]));
      while (log.length > 10) log.trim();
    }
  };
  publish(100);
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  publish(50_000);
  collectGarbage();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(2_000_000);
  expect(log.text(log.last - 1)).toBe('["item 49999"]');
});

test('batches: the last of its events takes a batch along', async () => {
  const log = new Log('a');
  const seals = (): WeakRef<Batch> => {
    const batch = makeBatch(log, [['tea'], ['milk']]);
    seal(batch);
    return new WeakRef(batch);
  };
  const left = seals();
  for (const _ of [1, 2]) log.trim();
  await expect
    .poll(() => {
      collectGarbage();
      return left.deref() === undefined;
    })
    .toBe(true);
});

test('batches: keep no arguments that have left', () => {
  const log = new Log('a');
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 20; i += 1) {
    // A part of a text keeps all of it.
    const large = JSON.stringify(`${i} `.repeat(2 ** 20));
    seal(makeBatch(log, [[large.slice(1, 50)], ['milk']]));
  }
  collectGarbage();
  // All of them take 50 MB.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(20_000_000);
  expect(log.text(40)).toBe('["milk"]');
});

test('plain: arguments that can change, or are long, are none', () => {
  expect(plainLength(['tea', 1], 9)).toBe(9);
  expect(plainLength([], 9)).toBe(2);
  expect(plainLength(['tea', 1], 8)).toBeUndefined();
  expect(plainLength([{ tea: 1 }], 100)).toBeUndefined();
  expect(plainLength([['tea']], 100)).toBeUndefined();
  for (const none of [undefined, 3n, NaN, Infinity, Symbol('tea')]) expect(plainLength([none], 100)).toBeUndefined();
  expect(plainLength([null, true, -0.5], 100)).toBe('[null,true,-0.5]'.length);
});
