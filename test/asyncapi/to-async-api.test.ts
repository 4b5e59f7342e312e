import { Parser } from '@asyncapi/parser';
import { type } from 'arktype';
import {
  ConnectError,
  type Contract,
  contract,
  event,
  extendedValues,
  request,
  requestStream,
  type StandardSchema,
} from 'mreventloop';
import { type AsyncApiDocument, toAsyncApi } from 'mreventloop/asyncapi';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';

const INFO = { title: 'Shop', version: '1.2.3' };

/** What the official parser makes of a document; its diagnostics, but for hints. */
async function parse(document: AsyncApiDocument) {
  const { document: parsed, diagnostics } = await new Parser().parse(JSON.stringify(document));
  // 0 is an error, 1 a warning.
  const complaints = diagnostics.filter(({ severity }: { severity: number }) => severity < 2);
  return { parsed, complaints: complaints.map(({ message, path }) => `${path.join('.')}: ${message}`) };
}

async function valid(document: AsyncApiDocument) {
  const { parsed, complaints } = await parse(document);
  expect(complaints).toEqual([]);
  if (parsed === undefined) throw new Error('the parser gave no document');
  return parsed;
}

/** The schema of the only argument of an event. */
function schemaOf(schema: StandardSchema, convert?: (schema: StandardSchema) => unknown): unknown {
  const options = convert === undefined ? INFO : { ...INFO, jsonSchema: convert };
  return toAsyncApi(contract({ x: [schema] }), options).components.schemas['x.1'];
}

function convert(schema: StandardSchema): unknown {
  if (schema['~standard'].vendor === 'zod') throw new Error('not mine');
  return schema['~standard'].vendor === 'valibot' ? { type: 'string', $id: 'x' } : undefined;
}

/** How many arguments an event has at least and at most. */
function sizes(...schemas: StandardSchema[]): unknown[] {
  const { messages } = toAsyncApi(contract({ x: schemas }), INFO).components;
  return [messages['x']?.payload['minItems'], messages['x']?.payload['maxItems']];
}

const shop = contract({
  request_product: [],
  produced: [z.string(), z.number().min(0).describe('in euros'), z.boolean().optional()],
  cleaned: event<[room: string]>(),
  price_of: request([z.string()], z.number()),
});

describe('toAsyncApi: the official parser', () => {
  test('finds channels, operations, messages and schemas, and nothing to complain of', async () => {
    const parsed = await valid(toAsyncApi(shop, INFO));
    expect(parsed.version()).toBe('3.0.0');
    expect(parsed.info().title()).toBe('Shop');
    expect(parsed.info().version()).toBe('1.2.3');
    expect(
      parsed.channels().all().map((channel) => channel.address()), // prettier-ignore
    ).toEqual(['request_product', 'produced', 'cleaned', 'price_of', null]);
    const operations = parsed.operations().all();
    expect(operations.map((operation) => [operation.id(), operation.action()])).toEqual([
      ['send.request_product', 'send'],
      ['send.produced', 'send'],
      ['send.cleaned', 'send'],
      ['receive.request_product', 'receive'],
      ['receive.produced', 'receive'],
      ['receive.cleaned', 'receive'],
      ['send.price_of', 'send'],
      ['receive.price_of', 'receive'],
    ]);
    const asking = operations.find((operation) => operation.id() === 'send.price_of');
    expect(asking?.reply()?.channel()?.id()).toBe('price_of.reply');
    expect(asking?.reply()?.messages().all()[0]?.payload()?.json()).toMatchObject({ type: 'number' });
    const messages = parsed.messages().all();
    const produced = messages.find((message) => message.name() === 'produced');
    expect(produced?.payload()?.json()).toMatchObject({
      type: 'array',
      minItems: 2,
      maxItems: 3,
      items: [{ type: 'string' }, { type: 'number', minimum: 0, description: 'in euros' }, { type: 'boolean' }],
    });
  });

  test('takes schemas of each library, also those that contain themselves', async () => {
    const tree = z.object({
      name: z.string(),
      get children() {
        return z.array(tree);
      },
    });
    const arkTree = type.module({ tree: { name: 'string', 'parent?': 'tree' } }).tree;
    const many = contract({
      zod: [tree, z.object({ at: z.date() }), z.map(z.string(), z.bigint()), z.tuple([z.string(), z.number()])],
      arktype: [arkTree, type({ 'a?': 'number' }), type('Date')],
      valibot: [v.string(), v.object({ a: v.number() })],
      request_of_all: request([tree, v.string()], tree),
      requests_of_all: requestStream([tree], tree),
    });
    const parsed = await valid(toAsyncApi(many, INFO));
    expect(parsed.messages().all()).toHaveLength(7);
    const { schemas } = toAsyncApi(many, INFO).components;
    expect(schemas['zod.1']).toMatchObject({
      properties: { children: { items: { $ref: '#/components/schemas/zod.1' } } },
    });
    expect(JSON.stringify(schemas)).not.toMatch(/"\$ref":"#(?!\/components\/schemas\/)/);
  });

  test('takes any names', async () => {
    const names = ['a b', 'a_b', 'ä/ü~', '{curly}', 'what?', 'constructor', 'price_of.reply', 'toString', '$ref'];
    const odd: Contract = Object.fromEntries(names.map((name) => [name, [z.string()]]));
    const document = toAsyncApi(contract({ ...odd, price_of: request([], z.string()) }), INFO);
    const parsed = await valid(document);
    expect(parsed.channels().all()).toHaveLength(names.length + 2);
    const addresses = parsed.channels().all().map((channel) => channel.address()); // prettier-ignore
    expect(addresses.filter((address) => address !== null)).toEqual(
      names.filter((name) => !/[{?]/.test(name)).concat('price_of'),
    );
    expect(Object.values(document.components.messages).map(({ name }) => name)).toEqual([
      ...names,
      'price_of',
      'price_of reply',
    ]);
  });

  test('does complain of what is wrong', async () => {
    const { complaints } = await parse({ ...toAsyncApi(shop, INFO), channels: {} });
    expect(complaints).not.toEqual([]);
  });
});

describe('toAsyncApi: what one peer does', () => {
  test('only what is named', () => {
    const document = toAsyncApi(shop, { ...INFO, publish: ['produced'], serve: ['price_of'] });
    expect(Object.keys(document.operations)).toEqual(['send.produced', 'receive.price_of']);
    expect(Object.keys(document.channels)).toEqual(['produced', 'price_of', 'price_of.reply']);
    expect(Object.keys(document.components.messages)).toEqual(['produced', 'price_of', 'price_of.reply']);
    expect(Object.keys(toAsyncApi(shop, { ...INFO, request: ['price_of'] }).operations)).toEqual(['send.price_of']);
    expect(Object.keys(toAsyncApi(shop, { ...INFO, subscribe: [] }).operations)).toEqual([]);
  });

  test('a name that is not there, or is something else', () => {
    for (const name of ['nope', 'price_of', 'toString']) {
      expect(() => toAsyncApi(shop, { ...INFO, publish: [name as 'produced'] })).toThrow(ConnectError);
    }
    expect(() => toAsyncApi(shop, { ...INFO, serve: ['produced' as 'price_of'] })).toThrow(
      "the contract has no request 'produced'",
    );
  });
});

describe('toAsyncApi: schemas', () => {
  test.each<[string, StandardSchema, object]>([
    ['zod', z.string().max(3), { type: 'string', maxLength: 3 }],
    ['zod, what goes in', z.string().transform(Number), { type: 'string' }],
    ['zod, in part', z.object({ at: z.date(), a: z.string() }), { properties: { at: {}, a: { type: 'string' } } }],
    ['zod, not at all', z.date(), { description: "The schema is of 'zod', which gave no JSON Schema for it." }],
    ['arktype', type('string <= 3'), { type: 'string', maxLength: 3 }],
    [
      'a property called as a keyword',
      z.object({ $schema: z.string(), $ref: z.literal('#') }),
      { properties: { $schema: { type: 'string' }, $ref: { const: '#' } } },
    ],
  ])('%s', (_title, schema, expected) => {
    const described = schemaOf(schema);
    expect(described).toMatchObject(expected);
    expect(described).not.toHaveProperty('$schema');
  });

  test('of a library that does it with a method', () => {
    const plain: StandardSchema = { '~standard': { version: 1, vendor: 'mine', validate: (value) => ({ value }) } };
    expect(schemaOf(Object.assign({ toJsonSchema: () => ({ type: 'null' }) }, plain))).toEqual({ type: 'null' });
    expect(schemaOf(Object.assign({ toJSONSchema: () => ({ type: 'null' }) }, plain))).toEqual({ type: 'null' });
    expect(schemaOf(plain)).toEqual({ description: "The schema is of 'mine', which gave no JSON Schema for it." });
  });

  test('by a function that is given, else as without', () => {
    expect(schemaOf(v.string(), convert)).toEqual({ type: 'string' });
    expect(schemaOf(z.string(), convert)).toMatchObject({ type: 'string' });
    expect(schemaOf(type('string'), convert)).toMatchObject({ type: 'string' });
    expect(schemaOf(v.string())).toEqual({
      description: "The schema is of 'valibot', which gave no JSON Schema for it.",
    });
  });

  test('how many arguments there must be', () => {
    const asks: StandardSchema = {
      '~standard': { version: 1, vendor: 'mine', validate: () => Promise.reject(new Error('nobody there')) },
    };
    expect(sizes()).toEqual([0, 0]);
    expect(sizes(z.string().optional(), v.string(), z.unknown(), v.optional(v.string()))).toEqual([2, 4]);
    expect(sizes(asks)).toEqual([1, 1]);
  });

  test('one answer or any number of them', () => {
    const asked = contract({ one: request([], z.string()), many: requestStream([], z.string()) });
    const { channels } = toAsyncApi(asked, INFO);
    expect(channels['one.reply']?.description).toBe("The answer to 'one', only to the peer that asked.");
    expect(channels['many.reply']?.description).toMatch(/^Any number of answers/);
  });

  test('types alone are told as such', () => {
    const { payload } = toAsyncApi(shop, INFO).components.messages['cleaned'] ?? {};
    expect(payload).toEqual({ type: 'array', description: expect.stringContaining('only types') });
  });
});

test('toAsyncApi: the description says how arguments cross, and names the codec', () => {
  expect(toAsyncApi(shop, INFO).info.description).toMatch(/JSON-RPC 2\.0/);
  const exact = contract({ sold: [z.date()] }, { codec: extendedValues });
  expect(toAsyncApi(exact, INFO).info.description).toContain("codec 'extended'");
  const mine = { ...INFO, description: 'mine', license: { name: 'MIT' } };
  expect(toAsyncApi(shop, mine).info).toEqual(mine);
});
