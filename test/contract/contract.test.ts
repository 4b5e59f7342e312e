import { type } from 'arktype';
import { ConnectError, contract, event, extendedValues, request } from 'mreventloop';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { CODEC } from '../../src/contract/codec.ts';
import { codecOf } from '../../src/contract/contract.ts';

describe('contract: entries', () => {
  test('stay as they are, and contracts compose', () => {
    const product = z.string();
    const cleaned = event<[room: string]>();
    const priceOf = request([product], z.number());
    const shop = contract({ request_product: [], produced: [product], cleaned, price_of: priceOf });
    const weather = contract({ rained: [type('boolean'), v.string()] });
    expect(contract({ ...shop, ...weather })).toEqual({ ...shop, ...weather });
    expect(shop.produced[0]).toBe(product);
    expect(shop.cleaned).toBe(cleaned);
    expect(shop.price_of).toEqual({ kind: 'request', args: [product], result: z.number(), stream: false });
  });

  test('cannot be changed later', () => {
    const shop = contract({ opened: [] }) as Record<string, unknown>;
    expect(() => (shop['opened'] = [z.string()])).toThrow(TypeError);
  });

  test.each([
    ['a schema without a list', z.string()],
    ['a schema that is a function', type('string')],
    ['a function', () => {}],
    ['a list of something else', ['string']],
    ['undefined in a list', [z.string(), undefined]],
    ['a hole in a list', Object.assign([z.string()], { length: 2 })],
    ['what calls itself a request', { kind: 'request' }],
    ['a request without an answer', { kind: 'request', args: [], stream: false }],
    ['undefined', undefined],
    ['an object', {}],
  ])('%s is none', (_title, entry) => {
    expect(() => contract({ produced: entry as never })).toThrow(ConnectError);
    expect(() => contract({ produced: entry as never })).toThrow("'produced'");
  });

  test.each([null, undefined, 'shop'])('%o is no contract', (entries) => {
    expect(() => contract(entries as never)).toThrow(new ConnectError('a contract must be an object'));
  });

  test.each(['', '__proto__'])("'%s' is no name", (name) => {
    expect(() => contract({ [name]: [] })).toThrow(ConnectError);
  });

  test('a request takes nothing but schemas', () => {
    expect(() => request([z.string()], 'number' as never)).toThrow(ConnectError);
    expect(() => request([3 as never], z.number())).toThrow(ConnectError);
    expect(() => request(z.string() as never, z.number())).toThrow(ConnectError);
  });
});

describe('contract: codec', () => {
  test('is taken along when contracts are spread, and stands in no name', () => {
    const shop = contract({ sold: [z.date()] }, { codec: extendedValues });
    expect(Object.keys(shop)).toEqual(['sold']);
    const weather = contract({ rained: [] });
    expect(codecOf(shop)).toBe(extendedValues);
    expect(codecOf(weather)).toBeUndefined();
    expect(codecOf(contract({ ...shop, ...weather }))).toBe(extendedValues);
    expect(codecOf(contract({ ...weather, ...shop }))).toBe(extendedValues);
    const other = { ...extendedValues, name: 'other' };
    expect(codecOf(contract({ ...shop }, { codec: other }))).toBe(other);
  });

  test.each([null, 'extended', {}, { ...extendedValues, encode: undefined }])('%o is none', (codec) => {
    expect(() => contract({ sold: [] }, { codec: codec as never })).toThrow(ConnectError);
    expect(() => contract({ sold: [], [CODEC]: codec as never })).toThrow(ConnectError);
  });
});
