import { runInNewContext } from 'node:vm';
import { type } from 'arktype';
import type { StandardSchema } from 'mreventloop';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parserFor } from '../../src/contract/validate.ts';

/** The same schemas in each library: a text, a number made of a text, an object. */
const LIBRARIES: Record<string, readonly [StandardSchema, StandardSchema, StandardSchema]> = {
  zod: [z.string(), z.string().transform(Number), z.object({ prices: z.array(z.number()) })],
  valibot: [v.string(), v.pipe(v.string(), v.transform(Number)), v.object({ prices: v.array(v.number()) })],
  arktype: [type('string'), type('string').pipe(Number), type({ prices: 'number[]' })],
};

describe.each(Object.entries(LIBRARIES))('validation: schemas of %s', (_library, schemas) => {
  const parse = parserFor(schemas);

  test('what fits is given as the schemas make it, at once', () => {
    expect(parse(['tea', '3', { prices: [1, 2] }])).toEqual(['tea', 3, { prices: [1, 2] }]);
  });

  test('the first argument that does not fit is told, with the place and what is wrong there', () => {
    expect(parse(['tea', 3, 'x'])).toMatchObject({ reason: 'schema', argument: 2, issues: [{ path: [] }] });
    const deep = parse(['tea', '3', { prices: [1, 'two'] }]);
    expect(deep).toMatchObject({ reason: 'schema', argument: 3, issues: [{ path: ['prices', 1] }] });
    expect(deep).toMatchObject({ issues: [{ message: expect.stringMatching(/number/i) }] });
  });

  test('another number of arguments is told as such', () => {
    expect(parse([])).toEqual({ reason: 'arity', expected: 3, given: 0 });
    expect(parse(['tea', '3'])).toEqual({ reason: 'arity', expected: 3, given: 2 });
    expect(parse(['tea', '3', { prices: [] }, 4])).toEqual({ reason: 'arity', expected: 3, given: 4 });
  });
});

function fail(secret: string): never {
  throw new RangeError(secret);
}

function schemaWith(validate: () => unknown): StandardSchema {
  return { '~standard': { version: 1, vendor: 'test', validate } } as StandardSchema;
}

const FOREIGN = "(value) => Promise.resolve(typeof value === 'number' ? { value } : { issues: [{ message: 'no' }] })";

describe('validation: arguments', () => {
  test('none', () => {
    expect(parserFor([])([])).toEqual([]);
    expect(parserFor([])([undefined])).toEqual({ reason: 'arity', expected: 0, given: 1 });
  });

  test('that may be missing get what their schemas make of that', () => {
    const parse = parserFor([z.string(), z.number().default(3), v.optional(v.string())]);
    expect(parse(['tea'])).toEqual(['tea', 3, undefined]);
    expect(parse(['tea', 4, 'x'])).toEqual(['tea', 4, 'x']);
    expect(parse([])).toEqual({ reason: 'arity', expected: 3, given: 0 });
  });

  test('with schemas that have to be waited for', async () => {
    const even = z.number().refine(async (n) => n % 2 === 0);
    const parse = parserFor([z.string(), even, z.string().transform(Number), even]);
    const parsed = parse(['tea', 2, '3', 4]);
    expect(parsed).toBeInstanceOf(Promise);
    expect(await parsed).toEqual(['tea', 2, 3, 4]);
    expect(await parse(['tea', 1, '3', 4])).toMatchObject({ reason: 'schema', argument: 2 });
    expect(await parse(['tea', 2, '3', 5])).toMatchObject({ reason: 'schema', argument: 4 });
    expect(await parse(['tea', 2, '3'])).toEqual({ reason: 'arity', expected: 4, given: 3 });
    expect(parse([0, 1, '3', 4])).toMatchObject({ reason: 'schema', argument: 1 });
  });

  test('a schema that throws, or rejects, accepts nothing, and its error is not repeated', async () => {
    const issues = [{ message: 'the schema threw RangeError', path: [] }];
    const throwing = parserFor([v.pipe(v.string(), v.transform(fail))]);
    expect(throwing(['secret'])).toEqual({ reason: 'schema', argument: 1, issues });
    const rejecting = parserFor([
      v.pipeAsync(
        v.string(),
        v.transformAsync(async (secret) => fail(secret)),
      ),
    ]);
    expect(await rejecting(['secret'])).toEqual({ reason: 'schema', argument: 1, issues });
    // It tries the same once more, as a promise.
    const both = parserFor([z.string().transform(fail)]);
    expect(await both(['secret'])).toEqual({ reason: 'schema', argument: 1, issues });
  });

  test('with schemas of another realm that have to be waited for', async () => {
    const parse = parserFor([schemaWith(runInNewContext(FOREIGN))]);
    expect(await parse([3])).toEqual([3]);
    expect(await parse(['3'])).toMatchObject({
      reason: 'schema',
      issues: [{ message: 'no' }],
    });
  });

  test.each([
    undefined,
    null,
    true,
    {},
    { issues: undefined },
    { issues: [null] },
    { issues: [{}] },
    { issues: [{ message: 'no', path: [null] }] },
  ])('a schema that gives %o accepts nothing', async (result) => {
    const refused = {
      reason: 'schema',
      argument: 1,
      issues: [{ message: 'the schema gave no usable result', path: [] }],
    };
    expect(parserFor([schemaWith(() => result)])(['tea'])).toEqual(refused);
    expect(await parserFor([schemaWith(() => Promise.resolve(result))])(['tea'])).toEqual(refused);
  });

  test.each(['value', 'issues', 'then'])(
    'a schema whose result throws when its %s is read accepts nothing',
    async (key) => {
      const result = Object.defineProperty({}, key, { get: () => fail('secret') });
      const issues = [{ message: 'the schema threw RangeError', path: [] }];
      const refused = { reason: 'schema', argument: 2, issues };
      expect(parserFor([z.string(), schemaWith(() => result)])(['tea', 'secret'])).toEqual(refused);
      const later = parserFor([z.string(), schemaWith(async () => result)]);
      expect(await later(['tea', 'secret'])).toEqual(refused);
    },
  );

  test('a schema that has null for no issues accepts', () => {
    expect(parserFor([schemaWith(() => ({ value: 'tea', issues: null }))])(['milk'])).toEqual(['tea']);
  });

  test('what is reported stays small, however much is wrong', () => {
    const many = parserFor([z.array(z.number())])([Array.from({ length: 1_000 }, () => 'x')]);
    expect(many).toMatchObject({ issues: { length: 10 } });
    const long = 'x'.repeat(10_000);
    const parsed = parserFor([v.record(v.string(), v.literal('y'))])([{ [long]: long }]);
    expect(JSON.stringify(parsed).length).toBeLessThan(600);
  });
});
