import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode, requestPrefixes } from '../../src/wire/json-rpc.ts';
import {
  type After,
  encodeEvents,
  type EventBatch,
  eventHead,
  packedEvent,
  readPack,
  readTrace,
  unpack,
} from '../../src/wire/pack.ts';

function read(frame: string) {
  const [call] = decode(frame).calls;
  const event = call === undefined ? undefined : packedEvent(call);
  return event === undefined ? undefined : readPack(event, call?.args ?? []);
}

function chain(...pairs: (readonly [string, number])[]): After | undefined {
  return pairs.reduceRight<After | undefined>((more, [event, n]) => ({ event, n, more }), undefined);
}

function pairsOf(first: After | undefined): Map<string, number> {
  const pairs = new Map<string, number>();
  for (let after = first; after !== undefined; after = after.more) pairs.set(after.event, after.n);
  return pairs;
}

const TRACE = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

const batch: EventBatch = {
  head: eventHead('a'),
  publisher: 'P',
  n: 5,
  gs: [7, 8, 9],
  texts: ['["x"]', '[]', '[{"y":1}]'],
  afters: [undefined, undefined, undefined],
};

describe('pack: on the wire', () => {
  test('one head, and the arguments', () => {
    expect(encodeEvents(batch, true)).toBe(
      '{"jsonrpc": "2.0", "method": "rpc.mr.pack.a", "params": ["P:7:5", [["x"],[],[{"y":1}]]]}',
    );
  });

  test('steps of g where other events came between, and columns of what they depend on', () => {
    const afters = [chain(['b', 3]), undefined, chain(['b', 4], ['c', 1])];
    const frame = encodeEvents({ ...batch, gs: [7, 8, 11], afters }, true);
    expect(frame).toContain(', [1,3], [["b",3,0,1],["c",0,0,1]]]}');
    expect(read(frame)?.gs).toEqual([7, 8, 11]);
    expect(read(frame)?.afters?.map((after) => pairsOf(after))).toEqual(afters.map((after) => pairsOf(after)));
  });

  test('what each is part of, where some are traced', () => {
    const traces = [TRACE, undefined, TRACE];
    const frame = encodeEvents({ ...batch, traces }, true);
    expect(frame).toContain(`[{"y":1}]], [], [], ["${TRACE}",null,"${TRACE}"]]}`);
    expect(read(frame)).toMatchObject({ gs: batch.gs, traces, afters: undefined });
    // Python peers get it as well, and do not look at it.
    const [plain = ''] = unpack(frame);
    expect(decode(plain).calls.map(({ traceparent }) => traceparent)).toEqual(traces);
    const [alone] = decode(encodeEvents({ ...batch, gs: [7], texts: ['["x"]'], afters: [], traces }, false)).calls;
    expect(readTrace(alone?.traceparent)).toBe(TRACE);
  });

  test('the last step holds for the rest', () => {
    const afters = [chain(['b', 3]), chain(['b', 4]), chain(['b', 5])];
    const frame = encodeEvents({ ...batch, gs: [7, 9, 11], afters }, true);
    expect(frame).toContain(', [2], [["b",3,1]]]}');
    expect(read(frame)?.gs).toEqual([7, 9, 11]);
    expect(read(frame)?.afters?.map((after) => pairsOf(after))).toEqual(afters.map((after) => pairsOf(after)));
  });

  test('the last step holds for the rest in four columns; more are written out, so that little text is not much to read', () => {
    const names = ['b', 'c', 'd', 'e', 'f', 'g'];
    const count = 500;
    const numbers = Array.from({ length: count }, (_, index) => index + 1);
    const afters = numbers.map((n) => chain(...names.map((name) => [name, n] as const)));
    const texts = numbers.map(() => '[]');
    const frame = encodeEvents({ ...batch, n: 1, gs: numbers, texts, afters }, true);
    expect(read(frame)?.afters?.map((after) => pairsOf(after))).toEqual(afters.map((after) => pairsOf(after)));
    const columns = (JSON.parse(frame) as { params: unknown[][][] }).params[3] ?? [];
    expect(columns.map(({ length }) => length)).toEqual([2, 2, 2, 2, count + 1, count + 1]);
    // What is said of the first event alone takes no room, however much that is.
    const first = [chain(...numbers.map((n) => [`of ${n}`, n] as const)), ...afters.slice(1).map(() => undefined)];
    const short = encodeEvents({ ...batch, n: 1, gs: numbers, texts, afters: first }, true);
    expect(read(short)?.afters?.map((after) => pairsOf(after))).toEqual(first.map((after) => pairsOf(after)));
    expect(short.length).toBeLessThan(count * 40);
  });

  test('a lone event is a plain request', () => {
    expect(encodeEvents({ ...batch, gs: [7], texts: ['["x"]'], afters: [chain(['b', 3])] }, true)).toBe(
      '{"jsonrpc": "2.0", "method": "a", "params": ["x"], "id": "P:7:5", "after": [["b",3]]}',
    );
  });

  test('can be filtered by its prefix', () => {
    expect(encodeEvents(batch, true).startsWith(requestPrefixes('a')[2] ?? '?')).toBe(true);
  });

  test('any events come back as they were, and unpacked as plain requests', () => {
    const names = fc.constantFrom('b', 'c', 'd', 'ä');
    const count = fc.integer({ min: 1, max: 9 });
    const event = fc.record({
      args: fc.array(fc.jsonValue({ maxDepth: 3 }).filter((value) => !JSON.stringify(value).includes('__proto__'))),
      step: count,
      after: fc.dictionary(names, count, { maxKeys: 2 }),
    });
    fc.assert(
      fc.property(fc.array(event, { minLength: 2, maxLength: 20 }), count, (events, n) => {
        let g = n;
        const last = new Map<string, number>();
        const gs = events.map(({ step }) => (g += step));
        const afters = events.map(({ after }): After | undefined => {
          const pairs = Object.entries(after).map(([name, more]): readonly [string, number] => {
            last.set(name, (last.get(name) ?? 0) + more);
            return [name, last.get(name) as number];
          });
          return chain(...pairs);
        });
        const texts = events.map(({ args }) => JSON.stringify(args));
        const frame = encodeEvents({ head: eventHead('ä'), publisher: 'P', n, gs, texts, afters }, true);
        const pack = read(frame);
        const args = texts.map((text) => JSON.parse(text) as unknown[]);
        expect(pack).toMatchObject({ event: 'ä', publisher: 'P', n, gs, events: args });
        const got = pack?.afters ?? events.map(() => undefined);
        expect(got.map((after) => pairsOf(after))).toEqual(afters.map((after) => pairsOf(after)));

        const [plain = ''] = unpack(frame);
        expect(requestPrefixes('ä').some((prefix) => plain.startsWith(prefix))).toBe(false);
        expect(decode(plain)).toMatchObject({
          calls: args.map((each, index) => ({ method: 'ä', args: each, id: `P:${gs[index]}:${n + index}` })),
          invalid: [],
        });
      }),
    );
  });
});

test('pack: many events are unpacked into several batches', () => {
  const events = Array.from({ length: 130 }, (_, i) => [i]);
  const batches = unpack(
    `{"jsonrpc": "2.0", "method": "rpc.mr.pack.a", "params": ["P:1:1", ${JSON.stringify(events)}]}`,
  );
  expect(batches.map((batch) => decode(batch).calls.length)).toEqual([64, 64, 2]);
  expect(batches.flatMap((batch) => decode(batch).calls.map(({ args }) => args))).toEqual(events);
});

function columns(count: number, ...steps: number[]): unknown[] {
  return Array.from({ length: count }, () => ['b', ...steps]);
}

describe('pack: what makes no sense', () => {
  test('columns that say of many events what takes few characters', () => {
    const events = Array.from({ length: 20_000 }, () => []);
    const pack = (columns: unknown[]) => readPack('a', ['P:1:1', events, [], columns]);
    expect(pack(columns(4, 1))?.afters?.length).toBe(20_000);
    expect(pack(columns(5, 1))).toBeUndefined();
    expect(pack(columns(20_000, 1))).toBeUndefined();
    expect(pack(columns(20_000, 1, 0))?.afters?.length).toBe(20_000);
  });

  test('more arguments than a listener can be called with', () => {
    const many = Array.from({ length: 1_024 }, () => 0);
    const pack = readPack('a', ['P:1:1', [many, [...many, 0], []]]);
    expect(pack?.events).toEqual([many, { reason: 'params', method: 'a' }, []]);
  });

  test.each([undefined, null, 7, '', TRACE.toUpperCase(), `${TRACE}0`, TRACE.slice(1), [TRACE]])(
    'as a trace: %j',
    (value) => {
      expect(readTrace(value)).toBeUndefined();
      const pack = readPack('a', ['P:1:1', [[]], [], [], [value]]);
      expect(pack?.traces).toEqual([undefined]);
      expect(readPack('a', ['P:1:1', [[]], [], [], value])?.events).toEqual([[]]);
    },
  );

  test.each([
    '[]',
    '["P:1:1"]',
    '["P:1:1", []]',
    '["P:1:1", {}]',
    '["P:1", [[]]]',
    '[7, [[]]]',
    '["P:1:1", [[],[]], [0]]',
    '["P:1:1", [[],[]], [], [["b"]]]',
    '["P:1:1", [[],[]], [1,1]]',
    '["P:1:1", [[],[]], ["1"]]',
    '["P:1:1", [[],[]], [], [["b",1,1,1]]]',
    '["P:1:1", [[],[]], [], [["b",-1]]]',
    '["P:1:1", [[],[]], [], [[7,1]]]',
    '["P:1:1", [[],[]], [], {}]',
  ])('%s is none', (parameters) => {
    expect(readPack('a', JSON.parse(parameters) as unknown[])).toBeUndefined();
    expect(unpack(`{"jsonrpc": "2.0", "method": "rpc.mr.pack.a", "params": ${parameters}}`)).toEqual([]);
  });

  test.each([
    '',
    '7',
    '{"jsonrpc": "2.0", "method": "a", "params": ["P:1:1", [[],[]]]}',
    '{"jsonrpc": "2.0", "method": "rpc.mr.pack.rpc.mr.@Q", "params": ["P~1:1:1", [[],[]]]}',
  ])('%s is none', (frame) => {
    expect(unpack(frame)).toEqual([]);
  });

  test('one bad event does not spoil the others', () => {
    const events = `[[1],7,[{"__proto__":1}],[${'['.repeat(65)}${']'.repeat(65)}],[2]]`;
    expect(readPack('a', JSON.parse(`["P:1:1",${events}]`) as unknown[])?.events).toEqual([
      [1],
      { reason: 'params', method: 'a' },
      { reason: 'key', method: 'a' },
      { reason: 'depth', method: 'a' },
      [2],
    ]);
  });
});
