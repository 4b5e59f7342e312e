import { type } from 'arktype';
import { contract, event, request, requestStream, type StandardSchema } from 'mreventloop';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { compareFingerprints, fingerprintsOf } from '../../src/contract/fingerprint.ts';

function fingerprint(...schemas: StandardSchema[]): string[] {
  const [[, ...args] = ['']] = fingerprintsOf(contract({ x: schemas }), ['x']);
  return args;
}

function compare(here: readonly StandardSchema[], there: readonly StandardSchema[]) {
  return compareFingerprints([['x', ...fingerprint(...here)]], [['x', ...fingerprint(...there)]]);
}

const FIRST_DIFFERS = [{ event: 'x', reason: 'arguments', arguments: [1] }];

/** Schemas that take the same. */
const SAME: [string, StandardSchema, StandardSchema][] = [
  ['made twice, zod', z.object({ a: z.string(), b: z.number() }), z.object({ b: z.number(), a: z.string() })],
  ['made twice, valibot', v.object({ a: v.string(), b: v.number() }), v.object({ b: v.number(), a: v.string() })],
  ['made twice, arktype', type({ a: 'string', b: 'number' }), type({ b: 'number', a: 'string' })],
  ['described', z.string().describe('a name').meta({ title: 'Name' }), z.string()],
  ['with other messages', v.string('no text'), v.string()],
  ['with another transform', z.string().transform(Number), z.string().transform(String)],
  ['with another default, valibot', v.optional(v.string(), 'a'), v.optional(v.string(), 'b')],
  ['with another default', z.object({ a: z.number().default(3) }), z.object({ a: z.number().default(4) })],
  ['with what JSON Schema cannot say', z.string().refine((text) => text !== ''), z.string()],
  ['in another order', z.enum(['a', 'b']), z.enum(['b', 'a'])],
];

/** Schemas that take something else. */
const DIFFERENT: [string, StandardSchema, StandardSchema][] = [
  ['zod', z.string(), z.number()],
  ['valibot', v.string(), v.number()],
  ['arktype', type('string'), type('number')],
  ['a limit, zod', z.string().max(3), z.string().max(4)],
  ['a limit, valibot', v.pipe(v.string(), v.maxLength(3)), v.pipe(v.string(), v.maxLength(4))],
  ['deep inside', z.object({ a: z.array(z.string()) }), z.object({ a: z.array(z.number()) })],
  ['a property called as an annotation', z.object({ title: z.string() }), z.object({})],
  ['a property called as a message', v.object({ message: v.string() }), v.object({ message: v.number() })],
  ['properties that begin with ~', v.object({ '~a': v.string() }), v.object({})],
  ['a value called as an annotation', z.literal('title'), z.literal('description')],
  ['optional or not', z.object({ a: z.string().optional() }), z.object({ a: z.string() })],
  ['a choice', z.enum(['a', 'b']), z.enum(['a', 'c'])],
  ['a pattern', v.pipe(v.string(), v.regex(/a/)), v.pipe(v.string(), v.regex(/b/))],
];

/** Schemas of which it cannot be told. */
const INCOMPARABLE: [string, StandardSchema, StandardSchema][] = [
  ['of two libraries', z.string(), type('number')],
  ['without a JSON Schema', z.date(), z.bigint()],
  ['without a JSON Schema on one side', z.date(), z.string()],
];

describe('fingerprints', () => {
  test.each(SAME)('the same: %s', (_title, one, other) => {
    expect(compare([one], [other])).toEqual([]);
    expect(fingerprint(one)).toEqual(fingerprint(other));
  });

  test.each(DIFFERENT)('different: %s', (_title, one, other) => {
    expect(compare([one], [other])).toEqual(FIRST_DIFFERS);
  });

  test.each(INCOMPARABLE)('not compared: %s', (_title, one, other) => {
    expect(compare([one], [other])).toEqual([]);
  });

  test('which arguments differ, and another number of them', () => {
    expect(compare([z.string(), z.number(), z.boolean()], [z.number(), z.number(), z.null()])).toEqual([
      { event: 'x', reason: 'arguments', arguments: [1, 3] },
    ]);
    expect(compare([z.date()], [])).toEqual([{ event: 'x', reason: 'arity', here: 1, there: 0 }]);
  });

  test('only events in both are compared, and only those with schemas', () => {
    const shop = contract({ a: [z.string()], b: [], c: event<[number]>(), price_of: request([], z.string()) });
    const prints = fingerprintsOf(shop, ['a', 'b', 'c', 'nope']);
    expect(prints.map(([name]) => name)).toEqual(['a', 'b']);
    expect(compareFingerprints(prints, [['d', 'zod/json:00']])).toEqual([]);
  });

  test('an event, a request and a stream are different', () => {
    const [x, y] = [z.string(), z.number()];
    const entries = [contract({ x: [x, y] }), contract({ x: request([x], y) }), contract({ x: requestStream([x], y) })];
    const prints = entries.map((entry) => fingerprintsOf(entry, ['x']));
    const differences = prints.map((one) => prints.map((other) => compareFingerprints(one, other)));
    const answer = [{ event: 'x', reason: 'arguments', arguments: [2] }];
    expect(differences).toEqual([
      [[], answer, answer],
      [answer, [], answer],
      [answer, answer, []],
    ]);
  });

  test('an event, a request and a stream are different, also if their schemas cannot be compared', () => {
    const [x, y] = [z.string(), v.number()];
    const event = fingerprintsOf(contract({ x: [x, z.number()] }), ['x']);
    const asked = fingerprintsOf(contract({ x: request([x], y) }), ['x']);
    const stream = fingerprintsOf(contract({ x: requestStream([x], z.date()) }), ['x']);
    const answer = [{ event: 'x', reason: 'arguments', arguments: [2] }];
    expect(compareFingerprints(event, asked)).toEqual(answer);
    expect(compareFingerprints(asked, stream)).toEqual(answer);
    expect(compareFingerprints(stream, event)).toEqual(answer);
    const other = fingerprintsOf(contract({ x: request([x], z.number()) }), ['x']);
    expect(compareFingerprints(asked, other)).toEqual([]);
  });

  // Peers of different versions compare them: a change here makes them warn of each other.
  test('do not change from version to version', () => {
    expect(fingerprint(z.object({ name: z.string() }), v.object({ name: v.string() }), z.date()))
      .toMatchInlineSnapshot(`
      [
        "zod/json:f65c0a577ecbedc1",
        "valibot/form:96dd926ae2a5abca",
        "",
      ]
    `);
  });
});
