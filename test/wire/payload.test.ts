import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findUnsafeValue } from '../../src/wire/payload.ts';

class Product {
  name = 'tea';
}

class Labelled {
  get [Symbol.toStringTag]() {
    return 'Labelled';
  }
}

const cycle: Record<string, unknown> = {};
cycle['self'] = cycle;

const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));

describe('payload: what JSON carries', () => {
  test.each([
    ['text', 'tea'],
    ['a number', -1.5],
    ['null', null],
    ['nested values', [{ a: [1, 'x', { b: null }] }]],
    ['a property that is undefined, which counts as left out', { a: undefined, b: 1 }],
    ['an object without a prototype', Object.create(null)],
    ['an instance of a class, by its fields', new Product()],
    ['a Date, by its toJSON', new Date(0)],
  ])('passes %s', (_, value) => {
    expect(findUnsafeValue(value)).toBeUndefined();
  });

  test('passes any JSON value', () => {
    fc.assert(
      fc.property(
        fc.jsonValue().filter((value) => !JSON.stringify(value).includes('__proto__')),
        (value) => findUnsafeValue(value) === undefined,
      ),
    );
  });
});

describe('payload: what JSON would refuse, drop or change', () => {
  test.each([
    ['a BigInt', 1n, 'bigint'],
    ['a function', () => 1, 'function'],
    ['a symbol', Symbol('x'), 'symbol'],
    ['undefined', undefined, 'undefined'],
    ['NaN', Number.NaN, 'number'],
    ['an infinite number', -Infinity, 'number'],
    ['a cycle', cycle, 'depth'],
    ['a Map', new Map(), 'object'],
    ['a Set', new Set(), 'object'],
    ['binary data', new Uint8Array(2), 'object'],
    ['an ArrayBuffer', new ArrayBuffer(2), 'object'],
    ['a RegExp', /x/, 'object'],
    ['an Error', new Error('x'), 'object'],
    ['a Promise', Promise.resolve(), 'object'],
    ['an object that calls itself something else', new Labelled(), 'object'],
    ['a key __proto__', JSON.parse('{"__proto__": 1}'), 'key'],
    ['an invalid Date, which would become null', new Date(Number.NaN), 'number'],
    ['what toJSON gives', { toJSON: () => 1n }, 'bigint'],
    ['what the toJSON of an array gives', Object.assign([1], { toJSON: () => [Number.NaN] }), 'number'],
  ])('finds %s, also deep inside', (_, value, kind) => {
    expect(findUnsafeValue(value)).toBe(kind);
    expect(findUnsafeValue([{ a: { b: [value] } }])).toBe(kind);
  });

  test('finds what is nested deeper than 64 levels, by whatever toJSON gives as well', () => {
    expect(findUnsafeValue(nested(64))).toBeUndefined();
    expect(findUnsafeValue(nested(65))).toBe('depth');
    const endless = { toJSON: () => endless };
    expect(findUnsafeValue(endless)).toBe('depth');
  });

  test('finds the hole in an array', () => {
    expect(findUnsafeValue(Array.from({ length: 1 }))).toBe('undefined');
    // oxlint-disable-next-line no-sparse-arrays
    expect(findUnsafeValue([1, , 2])).toBe('undefined');
  });
});
