import { isDeepStrictEqual } from 'node:util';
import { runInNewContext } from 'node:vm';
import * as fc from 'fast-check';
import { extendedValues, PayloadError } from 'mreventloop';
import { describe, expect, test } from 'vitest';
import { findUnsafeValue } from '../../src/wire/payload.ts';

const { encode, decode } = extendedValues;

/** To another peer and back. */
function roundTrip(value: unknown): unknown {
  return decode(JSON.parse(JSON.stringify(encode(value))));
}

class Product {
  name = 'tea';
  added = new Date(0);
}

class ShopError extends RangeError {
  override name = 'ShopError';
  code = 'SOLD_OUT';
}

/** Each kind of value, as it stands on the wire. */
const TABLE: [unknown, string][] = [
  [new Date(Date.UTC(2030, 0, 1, 12)), '{"$date":"2030-01-01T12:00:00.000Z"}'],
  [new Date(-8.64e15), '{"$date":"-271821-04-20T00:00:00.000Z"}'],
  [new Date(Number.NaN), '{"$date":null}'],
  [-12n, '{"$bigint":"-12"}'],
  [undefined, '{"$undefined":true}'],
  [Number.NaN, '{"$number":"NaN"}'],
  [Infinity, '{"$number":"Infinity"}'],
  [-Infinity, '{"$number":"-Infinity"}'],
  [-0, '{"$number":"-0"}'],
  [new Uint8Array([0, 255, 16]), '{"$bytes":"AP8Q"}'],
  [new Uint8Array(), '{"$bytes":""}'],
  [new Set(['a', 1n]), '{"$set":["a",{"$bigint":"1"}]}'],
  [new Map<unknown, unknown>([['a', new Set()]]), '{"$map":[["a",{"$set":[]}]]}'],
  [new Map([[{ a: 1 }, -0]]), '{"$map":[[{"a":1},{"$number":"-0"}]]}'],
  [new Map([['__proto__', 1]]), '{"$map":[["__proto__",1]]}'],
  [new TypeError('no tea'), '{"$error":{"name":"TypeError","message":"no tea"}}'],
  [new Error('x', { cause: 1n }), '{"$error":{"name":"Error","message":"x","cause":{"$bigint":"1"}}}'],
  [{ a: undefined, b: [1, undefined] }, '{"a":{"$undefined":true},"b":[1,{"$undefined":true}]}'],
  // What looks like a tag, or like what stands for what looks like one.
  [{ $date: '2030-01-01T12:00:00.000Z' }, '{"$$date":"2030-01-01T12:00:00.000Z"}'],
  [{ $date: new Date(0) }, '{"$$date":{"$date":"1970-01-01T00:00:00.000Z"}}'],
  [{ $$date: 1 }, '{"$$$date":1}'],
  [{ $: 1 }, '{"$$":1}'],
  [{ $ref: [{ $set: [] }] }, '{"$$ref":[{"$$set":[]}]}'],
  [{ $date: 1, more: 2 }, '{"$date":1,"more":2}'],
  [{ constructor: 1n, toString: 2 }, '{"constructor":{"$bigint":"1"},"toString":2}'],
];

describe('extended values: on the wire and back', () => {
  test.each(TABLE)('%o', (value, json) => {
    expect(JSON.stringify(encode(value))).toBe(json);
    const back = decode(JSON.parse(json));
    expect(isDeepStrictEqual(back, value)).toBe(true);
    expect(findUnsafeValue(encode(value))).toBeUndefined();
  });

  test('the longest BigInt', () => {
    expect(roundTrip(10n ** 4299n)).toBe(10n ** 4299n);
    expect(roundTrip(-(10n ** 4298n))).toBe(-(10n ** 4298n));
  });

  test('what JSON has is not touched, and not copied', () => {
    const value = { a: [1, 'x', null, { b: true }], $a: 1, $b: {} };
    expect(encode(value)).toBe(value);
    expect(decode(value)).toBe(value);
  });

  test('what is given stays as it is', () => {
    const value = { a: { b: [1n] }, c: 1 };
    encode(value);
    expect(value).toEqual({ a: { b: [1n] }, c: 1 });
    const json = { a: { b: [{ $bigint: '1' }] }, c: 1 };
    expect(decode(json)).toEqual(value);
    expect(json).toEqual({ a: { b: [{ $bigint: '1' }] }, c: 1 });
  });

  test('instances of classes are sent by their fields, and others by their toJSON', () => {
    expect(roundTrip(new Product())).toEqual({ name: 'tea', added: new Date(0) });
    // Of another frame.
    expect(roundTrip(runInNewContext('new Date(0)'))).toEqual(new Date(0));
    expect(roundTrip({ toJSON: () => new Set([1]) })).toEqual(new Set([1]));
    expect(roundTrip(Object.assign([1], { toJSON: () => [Number.NaN] }))).toEqual([Number.NaN]);
    expect(roundTrip(new URL('http://x/'))).toBe('http://x/');
  });

  test('a Buffer arrives as bytes, and part of a buffer as that part', () => {
    expect(roundTrip(Buffer.from('tea'))).toEqual(new Uint8Array([116, 101, 97]));
    expect(roundTrip(new Uint8Array([1, 2, 3, 4]).subarray(1, 3))).toEqual(new Uint8Array([2, 3]));
  });

  test('the holes of an array arrive as undefined', () => {
    expect(Object.keys(roundTrip(Array.from({ length: 2 })) as object)).toEqual(['0', '1']);
    // oxlint-disable-next-line no-sparse-arrays
    expect(roundTrip([1, , 2])).toStrictEqual([1, undefined, 2]);
  });

  test('an error: the class if it is one of the language, name, message, code and cause; no stack', () => {
    const sent = new ShopError('no tea', { cause: new TypeError('x') });
    expect(JSON.stringify(encode(sent))).not.toContain('.test.ts');
    const back = roundTrip(sent) as ShopError;
    expect(back).toBeInstanceOf(Error);
    expect(back).toMatchObject({ name: 'ShopError', message: 'no tea', code: 'SOLD_OUT', stack: 'ShopError: no tea' });
    expect(back.cause).toBeInstanceOf(TypeError);
    expect(Object.keys(back)).toEqual(['code']);
    expect(roundTrip(new SyntaxError('x'))).toBeInstanceOf(SyntaxError);
    expect(roundTrip(Object.assign(new Error('x'), { name: 5 }))).toMatchObject({ name: '5', message: 'x' });
  });

  test('dates as Python writes them', () => {
    expect(decode({ $date: '2030-01-01T12:00:00+00:00' })).toEqual(new Date(Date.UTC(2030, 0, 1, 12)));
    expect(decode({ $date: '2030-01-01T12:00:00.123456+02:00' })).toEqual(
      new Date(Date.UTC(2030, 0, 1, 10, 0, 0, 123)),
    );
  });
});

const cycle: Record<string, unknown> = {};
cycle['self'] = new Map([[1, new Set([cycle])]]);
const errorCycle = new Error('x');
errorCycle.cause = [errorCycle];

describe('extended values: what cannot be sent', () => {
  test.each([
    ['a function', () => 1, 'a function'],
    ['a symbol', Symbol('x'), 'a symbol'],
    ['a RegExp', /x/, 'RegExp'],
    ['a Promise', Promise.resolve(), 'an object that'],
    ['another view of memory', new Float64Array(2), 'an object that'],
    ['memory', new ArrayBuffer(2), 'an object that'],
    ['a key __proto__', JSON.parse('{"__proto__": 1}'), '__proto__'],
    ['a cycle', cycle, '64 levels'],
    ['a cycle of causes', errorCycle, '64 levels'],
    ['what gives itself as JSON', { toJSON() { return this; } }, '64 levels'], // prettier-ignore
    ['a BigInt that Python would not read', 10n ** 4300n, 'more than 4300 digits'],
  ])('%s, also deep inside', (_title, value, reason) => {
    for (const one of [value, [{ a: new Map([[new Set([value]), 1]]) }]]) {
      expect(() => encode(one)).toThrow(PayloadError);
      expect(() => encode(one)).toThrow(reason);
    }
  });

  test('what is nested deeper in JSON than receivers take', () => {
    const wrappers: ((value: unknown) => unknown)[] = [
      (value) => [value],
      (value) => ({ a: value }),
      (value) => ({ $a: value }),
      (value) => new Set([value]),
      (value) => new Map([[value, 1]]),
      (value) => new Map([[1, value]]),
      (value) => new Error('x', { cause: value }),
    ];
    for (const leaf of [1, 1n, undefined, new Map(), new Set(), [], {}, new Error('x'), new Date()]) {
      for (const wrap of wrappers) {
        let value: unknown = leaf;
        let json: unknown = encode(value);
        let levels = 0;
        for (; findUnsafeValue(json) === undefined; levels += 1) {
          expect(isDeepStrictEqual(roundTrip(value), value)).toBe(true);
          value = wrap(value);
          // What would be on the wire without the limit.
          json = stackOf(wrap, json);
        }
        expect(levels).toBeGreaterThan(20);
        expect(() => encode(value)).toThrow('64 levels');
      }
    }
  });
});

/** One more level around what is encoded already. */
function stackOf(wrap: (value: unknown) => unknown, json: unknown): unknown {
  const text = JSON.stringify(encode(wrap('HERE')));
  return JSON.parse(text.replace('"HERE"', JSON.stringify(json)));
}

describe('extended values: what only looks like one', () => {
  test.each([
    '{"$nope":1}',
    '{"$":1}',
    '{"$undefined":null}',
    '{"$number":1}',
    '{"$number":["NaN"]}',
    '{"$number":"1"}',
    '{"$number":"toString"}',
    '{"$bigint":1}',
    '{"$bigint":""}',
    '{"$bigint":"0x10"}',
    '{"$bigint":" 1"}',
    '{"$bigint":"1n"}',
    '{"$date":0}',
    '{"$date":"yesterday"}',
    '{"$date":"2030-01-01"}',
    '{"$date":"2030-01-01T12:00:00"}',
    '{"$date":"2030-13-01T12:00:00Z"}',
    '{"$date":"2030-01-01T25:00:00Z"}',
    '{"$date":"2030-02-30T12:00:00Z"}',
    '{"$date":"2030-04-31T23:00:00-05:00"}',
    '{"$bytes":"*"}',
    '{"$bytes":[1]}',
    '{"$set":{}}',
    '{"$set":{"$set":[]}}',
    '{"$set":[{"$nope":1}]}',
    '{"$map":null}',
    '{"$map":[[1]]}',
    '{"$map":[[1,2,3]]}',
    '{"$map":["ab"]}',
    '{"$error":"x"}',
    '{"$error":null}',
    '{"$error":[]}',
    '{"$error":{"name":"x"}}',
    '{"$error":{"name":1,"message":"x"}}',
    '{"$error":{"$map":[]}}',
    '{"__proto__":{"$bigint":"1"},"a":1}',
  ])('%s, also deep inside', (json) => {
    expect(() => decode(JSON.parse(json))).toThrow(PayloadError);
    expect(() => decode(JSON.parse(`{"a":[{"$$x":{"$map":[[1,${json}]]}}]}`))).toThrow(PayloadError);
  });

  test('what is too deep, and a BigInt that would take long', () => {
    expect(() => decode(JSON.parse(`${'['.repeat(65)}${']'.repeat(65)}`))).toThrow('64 levels');
    expect(() => decode({ $bigint: '9'.repeat(4301) })).toThrow(PayloadError);
  });

  test('members of an error that make no sense are left out', () => {
    const json = '{"$error":{"name":"constructor","message":"x","code":{},"stack":"here","toString":1}}';
    const error = decode(JSON.parse(json)) as Error;
    expect(Object.getPrototypeOf(error)).toBe(Error.prototype);
    expect(Object.getOwnPropertyNames(error).toSorted()).toEqual(['message', 'name', 'stack']);
    expect(error.stack).toBe('constructor: x');
  });
});

const key = fc.oneof(
  fc.string().filter((name) => name !== '__proto__'),
  fc.constantFrom('$', '$$', '$date', '$$map', '$set', 'constructor', 'toJSON'),
);
const { value: anything } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.boolean(),
      fc.constantFrom(null, undefined),
      fc.double(),
      fc.bigInt(),
      fc.date(),
      fc.uint8Array(),
    ),
    fc.array(tie('value')),
    fc.dictionary(key, tie('value'), { noNullPrototype: true }),
    fc.dictionary(key, tie('value'), { maxKeys: 1, minKeys: 1, noNullPrototype: true }),
    fc.array(tie('value')).map((items) => new Set(items)),
    fc.array(fc.tuple(tie('value'), tie('value'))).map((pairs) => new Map(pairs)),
    fc.tuple(fc.string(), tie('value')).map(([message, cause]) => new RangeError(message, { cause })),
  ),
}));

// Thousands of values take a while on a busy machine.
describe('extended values: properties', { timeout: 60_000 }, () => {
  // What fails prints its seed, and is tried again with `{ seed, path }` here.
  const parameters = { numRuns: 3_000 };

  test('whatever is sent comes back the same', () => {
    fc.assert(
      fc.property(anything, (value) => {
        const encoded = encode(value);
        expect(findUnsafeValue(encoded)).toBeUndefined();
        expect(isDeepStrictEqual(roundTrip(value), value)).toBe(true);
      }),
      parameters,
    );
  });

  test('whatever JSON arrives is decoded or refused with a PayloadError', () => {
    const tagged = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.jsonValue(),
        fc.constantFrom('NaN', '-0', '12', 'AP8Q', '2030-01-01T12:00:00Z', true, null),
        fc.array(tie('value')),
        fc.array(fc.tuple(tie('value'), tie('value'))),
        fc.dictionary(
          fc.constantFrom('$date', '$bigint', '$number', '$undefined', '$bytes', '$map', '$set', '$error', '$$a', '$b'),
          tie('value'),
          { minKeys: 1, maxKeys: 1 },
        ),
        fc.record({ name: fc.string(), message: fc.string(), cause: tie('value') }),
      ),
    })).value;
    let decoded = 0;
    fc.assert(
      fc.property(tagged, (value) => {
        try {
          decode(JSON.parse(JSON.stringify(value)));
          decoded += 1;
        } catch (error) {
          expect(error).toBeInstanceOf(PayloadError);
        }
      }),
      parameters,
    );
    expect(decoded).toBeGreaterThan(parameters.numRuns / 10);
  });
});
