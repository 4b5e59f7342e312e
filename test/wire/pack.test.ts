import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode, requestPrefixes } from '../../src/wire/json-rpc.ts';
import {
  encodeEvents,
  type EventBatch,
  eventHead,
  packedEvent,
  readAfter,
  readPack,
  readTrace,
  unpack,
} from '../../src/wire/pack.ts';

function read(frame: string) {
  const [call] = decode(frame).calls;
  const event = call === undefined ? undefined : packedEvent(call);
  return event === undefined ? undefined : readPack(event, call?.args ?? []);
}

const TRACE = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

const batch: EventBatch = {
  head: eventHead('a'),
  publisher: 'P',
  n: 5,
  gs: [7, 8, 9],
  texts: ['["x"]', '[]', '[{"y":1}]'],
  after: undefined,
};

describe('pack: on the wire', () => {
  test('one head, and the arguments', () => {
    expect(encodeEvents(batch, true)).toBe(
      '{"jsonrpc": "2.0", "method": "rpc.mr.pack.a", "params": ["P:7:5", [["x"],[],[{"y":1}]]]}',
    );
  });

  test('steps of g where other events came between, and what they come after', () => {
    const after = new Map([
      ['b', 4],
      ['c', 1],
    ]);
    const frame = encodeEvents({ ...batch, gs: [7, 8, 11], after }, true);
    expect(frame).toContain(', [1,3], [["b",4],["c",1]]]}');
    expect(read(frame)).toMatchObject({ gs: [7, 8, 11], after });
    expect(read(encodeEvents({ ...batch, after }, true))).toMatchObject({ gs: batch.gs, after });
  });

  test('what each is part of, where some are traced', () => {
    const traces = [TRACE, undefined, TRACE];
    const frame = encodeEvents({ ...batch, traces }, true);
    expect(frame).toContain(`[{"y":1}]], [], [], ["${TRACE}",null,"${TRACE}"]]}`);
    expect(read(frame)).toMatchObject({ gs: batch.gs, traces, after: undefined });
    // Python peers get it as well, and do not look at it.
    const [plain = ''] = unpack(frame);
    expect(decode(plain).calls.map(({ traceparent }) => traceparent)).toEqual(traces);
    const [alone] = decode(encodeEvents({ ...batch, gs: [7], texts: ['["x"]'], traces }, false)).calls;
    expect(readTrace(alone?.traceparent)).toBe(TRACE);
  });

  test('the last step holds for the rest', () => {
    const frame = encodeEvents({ ...batch, gs: [7, 9, 11] }, true);
    expect(frame).toContain(', [2]]}');
    expect(read(frame)?.gs).toEqual([7, 9, 11]);
  });

  test('where peers do not pack, the first event says what all of them come after', () => {
    const { calls } = decode(encodeEvents({ ...batch, after: new Map([['b', 3]]) }, false));
    expect(calls.map(({ after }) => readAfter(after))).toEqual([new Map([['b', 3]]), undefined, undefined]);
  });

  test('a lone event is a plain request', () => {
    expect(encodeEvents({ ...batch, gs: [7], texts: ['["x"]'], after: new Map([['b', 3]]) }, true)).toBe(
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
    });
    const all = fc.array(event, { minLength: 2, maxLength: 20 });
    fc.assert(
      fc.property(all, count, fc.dictionary(names, count), (events, n, afters) => {
        let g = n;
        const gs = events.map(({ step }) => (g += step));
        const after = Object.keys(afters).length === 0 ? undefined : new Map(Object.entries(afters));
        const texts = events.map(({ args }) => JSON.stringify(args));
        const frame = encodeEvents({ head: eventHead('ä'), publisher: 'P', n, gs, texts, after }, true);
        const args = texts.map((text) => JSON.parse(text) as unknown[]);
        expect(read(frame)).toMatchObject({ event: 'ä', publisher: 'P', n, gs, events: args, after });

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

function countBatches(event: string, events: number): number {
  const list = `[${'[],'.repeat(events - 1)}[]]`;
  return unpack(`{"jsonrpc": "2.0", "method": "rpc.mr.pack.${event}", "params": ["P:1:1", ${list}]}`).length;
}

test('pack: very many events, or a very long name, from a stranger: the broker goes on', () => {
  expect(countBatches('a', 900_000)).toBe(14_063);
  expect(countBatches('a'.repeat(2_048), 15_000)).toBe(235);
  expect(countBatches('a'.repeat(2_048), 20_000)).toBe(0);
});

describe('pack: what makes no sense', () => {
  test('more arguments than a listener can be called with', () => {
    const many = Array.from({ length: 1_024 }, () => 0);
    const pack = readPack('a', ['P:1:1', [many, [...many, 0], []]]);
    expect(pack?.invalid).toEqual(new Map([[1, { reason: 'params', method: 'a' }]]));
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
    '["P:9007199254740991:1", [[],[]]]',
    '["P:2:1", [[],[]], [9007199254740990]]',
    '["P:1:1", [[],[]], ["1"]]',
    '["P:1:1", [[],[]], [], [["b",-1]]]',
    '["P:1:1", [[],[]], [], [["b",1],7]]',
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

  test('one bad event does not spoil the others, and peers in Python get it as it is', () => {
    const events = `[[1],7,[{"__proto__":1}],[${'['.repeat(65)}${']'.repeat(65)}],[2]]`;
    const pack = readPack('a', JSON.parse(`["P:1:1",${events}]`) as unknown[]);
    expect(pack?.events.length).toBe(5);
    expect(pack?.invalid).toEqual(
      new Map([
        [1, { reason: 'params', method: 'a' }],
        [2, { reason: 'key', method: 'a' }],
        [3, { reason: 'depth', method: 'a' }],
      ]),
    );
    const [plain = ''] = unpack(`{"jsonrpc": "2.0", "method": "rpc.mr.pack.a", "params": ["P:1:1", ${events}]}`);
    const requests = JSON.parse(plain) as { params?: unknown }[];
    expect(requests.map(({ params }) => JSON.stringify(params)).join()).toBe(events.slice(1, -1));
  });
});
