import type { StandardSchema } from '../contract/standard-schema.ts';
import type { JsonSchema } from './document.ts';

/** Makes a JSON Schema of a schema; returns undefined if it cannot. */
export type Convert = (schema: StandardSchema) => unknown;

/** The part of Standard JSON Schema (https://standardschema.dev/json-schema) that this package uses. */
interface StandardJsonSchema {
  readonly jsonSchema?: {
    readonly input?: (options: { target: string; libraryOptions?: Record<string, unknown> }) => unknown;
  };
}

/** The kind of JSON Schema that AsyncAPI's own schemas are based on. */
const TARGET = { target: 'draft-07' };

/** The names of the method on schemas of libraries that do not follow the standard yet. */
const METHODS = ['toJSONSchema', 'toJsonSchema'] as const;

/**
 * Returns the JSON Schema of what a schema takes, as its library makes it.
 * @param key - the place of the JSON Schema in the document's components
 */
export function describe(schema: StandardSchema, key: string, convert: Convert | undefined): JsonSchema {
  const ways = [convert, standard, partly, ...METHODS.map((name) => (one: StandardSchema) => callMethod(one, name))];
  for (const way of ways) {
    const json = attempt(way, schema);
    if (json !== undefined) return embed(json, `#/components/schemas/${key}`, 'schema') as JsonSchema;
  }
  const { vendor } = schema['~standard'];
  return { description: `The schema is of '${vendor}', which gave no JSON Schema for it.` };
}

function attempt(way: Convert | undefined, schema: StandardSchema): object | undefined {
  try {
    const json = way?.(schema);
    return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : undefined;
  } catch {
    // Libraries throw for what JSON Schema cannot express.
    return undefined;
  }
}

function standard(schema: StandardSchema): unknown {
  return (schema['~standard'] as StandardJsonSchema).jsonSchema?.input?.(TARGET);
}

/** Allows anything in the places of what JSON Schema cannot express. Libraries other than zod ignore the option. */
function partly(schema: StandardSchema): unknown {
  const libraryOptions = { unrepresentable: 'any' };
  const json = (schema['~standard'] as StandardJsonSchema).jsonSchema?.input?.({ ...TARGET, libraryOptions });
  // If nothing at all can be expressed, the document has to say so.
  return Object.keys(json ?? {}).every((key) => OF_A_DOCUMENT.has(key)) ? undefined : json;
}

function callMethod(schema: StandardSchema, name: (typeof METHODS)[number]): unknown {
  const { [name]: method } = schema as { [Name in typeof name]?: unknown };
  return typeof method === 'function' ? (method as () => unknown).call(schema) : undefined;
}

/** The keywords that identify a document. Here, the JSON Schema becomes a part of another document. */
const OF_A_DOCUMENT = new Set(['$schema', '$id']);
/** The keywords that hold schemas by names, which may be any names. */
const MAPS = new Set(['properties', 'patternProperties', 'dependentSchemas', 'dependencies', '$defs', 'definitions']);
/** The keywords that hold values, and no schemas. */
const VALUES = new Set(['enum', 'const', 'default', 'examples']);

/** Copies a JSON Schema for another place: references to its own parts point to that place. */
function embed(json: unknown, place: string, role: 'schema' | 'map'): unknown {
  if (Array.isArray(json)) return json.map((item) => embed(item, place, role));
  if (typeof json !== 'object' || json === null) return json;
  const members = Object.entries(json).flatMap(([key, value]): [string, unknown][] => {
    if (role === 'map') return [[key, embed(value, place, 'schema')]];
    if (OF_A_DOCUMENT.has(key)) return [];
    if (key === '$ref' && typeof value === 'string') return [[key, value.replace(/^#/, () => place)]];
    return [[key, VALUES.has(key) ? value : embed(value, place, MAPS.has(key) ? 'map' : 'schema')]];
  });
  return Object.fromEntries(members);
}
