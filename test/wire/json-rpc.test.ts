import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decode, encodeNotification, pythonString, requestHead, requestPrefixes } from '../../src/wire/json-rpc.ts';
import { encodeEvents, eventHead } from '../../src/wire/pack.ts';

interface Fixture {
  method: string;
  args: unknown[];
  frame: string;
}

/** An event, or several alike, as a plain frame. */
function plainFrame(event: string, args: readonly unknown[], count = 1): string {
  const texts = Array.from({ length: count }, () => JSON.stringify(args));
  const gs = texts.map((_, index) => index + 1);
  return encodeEvents({ head: eventHead(event), publisher: 'P', n: 1, gs, texts, after: undefined }, false);
}

const fixtures = JSON.parse(readFileSync(new URL('fixtures/frames.json', import.meta.url), 'utf8')) as Fixture[];
const positional = fixtures.filter(({ frame }) => !frame.includes('"params": {'));

describe('json-rpc: frames written by Python', () => {
  test.each(fixtures)('are understood: $frame', ({ method, args, frame }) => {
    expect(decode(frame)).toMatchObject({ calls: [{ method, args }], invalid: [] });
  });

  test.each(positional)('are written with the same head: $frame', ({ method, args, frame }) => {
    const ours = plainFrame(method, args);
    const headEnd = frame.indexOf(args.length === 0 ? ', "id": ' : ', "params": ');
    expect(headEnd).toBeGreaterThan(0);
    expect(ours.slice(0, headEnd)).toBe(frame.slice(0, headEnd));
    const separator = args.length === 0 ? ', "id": ' : ', "params": ';
    expect(ours.slice(headEnd, headEnd + separator.length)).toBe(separator);
    const { id: _, ...theirs } = JSON.parse(frame) as Record<string, unknown>;
    expect(JSON.parse(ours)).toEqual({ ...theirs, id: 'P:1:1' });
  });
});

describe('json-rpc: encoding', () => {
  test('leaves out params of an event without arguments, and the id of a notification', () => {
    expect(plainFrame('stop', [])).toBe('{"jsonrpc": "2.0", "method": "stop", "id": "P:1:1"}');
    expect(encodeNotification('stop', [])).toBe('{"jsonrpc": "2.0", "method": "stop"}');
  });

  test('escapes all but printable ASCII in names as Python does', () => {
    expect(pythonString('a/ä😀\u007f"\\\n\u0001')).toBe('"a/\\u00e4\\ud83d\\ude00\\u007f\\"\\\\\\n\\u0001"');
  });

  test('can be filtered by its prefixes, alone and in a batch, and no other method can', () => {
    const [alone = '', batch = ''] = requestPrefixes('produced');
    expect(plainFrame('produced', ['x']).startsWith(alone)).toBe(true);
    expect(plainFrame('produced', ['x'], 2).startsWith(batch)).toBe(true);
    expect(plainFrame('produced_twice', ['x']).startsWith(alone)).toBe(false);
  });

  test('gives back any method and any JSON arguments when decoded', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.array(fc.jsonValue({ maxDepth: 4 }).filter((value) => !JSON.stringify(value).includes('__proto__'))),
        (method, args) => {
          const sent = JSON.parse(JSON.stringify(args)) as unknown[];
          const frame = plainFrame(method, args);
          expect(decode(frame)).toEqual({
            calls: [{ method, args: sent, id: 'P:1:1', after: undefined }],
            invalid: [],
          });
          // The head is ASCII, so prefixes need not care for encodings.
          expect(requestHead(method)).toMatch(/^[ -~]*$/);
        },
      ),
    );
  });
});

/** A frame whose argument is nested that deep. */
function nested(depth: number): string {
  return `{"jsonrpc": "2.0", "method": "a", "params": [${'['.repeat(depth)}${']'.repeat(depth)}]}`;
}

describe('json-rpc: decoding', () => {
  const good = '{"jsonrpc": "2.0", "method": "a", "params": [1]}';

  test('takes a batch in its order', () => {
    expect(decode(`[${good}, {"jsonrpc": "2.0", "method": "b"}]`).calls).toMatchObject([
      { method: 'a', args: [1] },
      { method: 'b', args: [] },
    ]);
  });

  test('takes the good elements of a batch and reports the bad ones (Python drops all after the first bad one)', () => {
    expect(decode(`[${good}, 7, {"jsonrpc": "2.0", "method": "b", "params": 7}, ${good}]`)).toMatchObject({
      calls: [
        { method: 'a', args: [1] },
        { method: 'a', args: [1] },
      ],
      invalid: [{ reason: 'request' }, { reason: 'params', method: 'b' }],
    });
  });

  test('passes over members it does not know', () => {
    expect(decode('{"jsonrpc": "2.0", "method": "a", "traceparent": "00-x", "id": 1}')).toMatchObject({
      calls: [{ method: 'a', args: [] }],
      invalid: [],
    });
  });

  test('gives keyword arguments as one object', () => {
    expect(decode('{"jsonrpc": "2.0", "method": "a", "params": {"x": 1}}').calls[0]?.args).toEqual([{ x: 1 }]);
  });

  test.each([
    ['', 'json'],
    ['{"jsonrpc": "2.0", "method": "a", "params": [1', 'json'],
    ['{"jsonrpc": "2.0", "method": "a", "params": [NaN]}', 'json'],
    ['7', 'request'],
    ['null', 'request'],
    ['"text"', 'request'],
    ['[]', 'request'],
    ['{"method": "a"}', 'request'],
    ['{"jsonrpc": "1.0", "method": "a"}', 'request'],
    ['{"jsonrpc": "2.0", "method": 7}', 'request'],
    ['{"jsonrpc": "2.0", "result": 1, "id": 1}', 'request'],
    ['{"jsonrpc": "2.0", "method": "a", "params": null}', 'params'],
    ['{"jsonrpc": "2.0", "method": "a", "params": "text"}', 'params'],
    ['{"jsonrpc": "2.0", "method": "a", "params": [{"__proto__": {}}]}', 'key'],
    ['{"jsonrpc": "2.0", "method": "a", "params": [{"x": [{"\\u005f_proto__": 1}]}]}', 'key'],
    ['{"jsonrpc": "2.0", "method": "a", "params": {"__proto__": 1}}', 'key'],
    // Read as an infinite number, which must not end the search.
    ['{"jsonrpc": "2.0", "method": "a", "params": [[1e999, {"__proto__": {}}]]}', 'key'],
    [`{"jsonrpc": "2.0", "method": "a", "params": [[1e999, ${'['.repeat(65)}${']'.repeat(65)}]]}`, 'depth'],
    [
      plainFrame(
        'a',
        Array.from({ length: 1_025 }, () => 0),
      ),
      'params',
    ],
    [nested(65), 'depth'],
    [nested(100_000), 'depth'],
  ])('reports %.60s', (frame, reason) => {
    const { calls, invalid } = decode(frame);
    expect(calls).toEqual([]);
    expect(invalid.map((part) => part.reason)).toEqual([reason]);
  });

  test('takes the deepest nesting that is allowed', () => {
    expect(decode(nested(64)).invalid).toEqual([]);
    expect(
      decode(
        plainFrame(
          'a',
          Array.from({ length: 1_024 }, () => 0),
        ),
      ).invalid,
    ).toEqual([]);
  });

  test('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(() => decode(text)).not.toThrow();
      }),
    );
  });
});
