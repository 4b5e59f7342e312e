import { type } from 'arktype';
import { ConnectError, contract, event, request } from 'mreventloop';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

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
    ['a hole in a list', [z.string(), undefined]],
    ['undefined', undefined],
    ['an object', {}],
  ])('%s is none', (_title, entry) => {
    expect(() => contract({ produced: entry as never })).toThrow(ConnectError);
    expect(() => contract({ produced: entry as never })).toThrow("'produced'");
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
