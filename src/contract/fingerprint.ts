import { type Contract, schemasOf } from './contract.ts';
import { isRequest } from './request.ts';
import type { StandardSchema } from './standard-schema.ts';

/**
 * An event and, for each of its arguments, a short text for what its schema takes: the library, how the schema was
 * described, and a hash of the description, `zod/json:3f…`. The text is empty if the schema cannot be described.
 */
export type Fingerprint = readonly [event: string, ...args: string[]];

/** How two contracts differ in an event, or in a request, whose answer counts as its last argument. */
export type ContractDifference =
  /** The two contracts have different numbers of arguments. */
  | {
      /** The name of the event or request. */
      readonly event: string;
      readonly reason: 'arity';
      /** The number of arguments in this peer's contract. */
      readonly here: number;
      /** The number of arguments in the other peer's contract. */
      readonly there: number;
    }
  /** Some of the arguments have different forms. */
  | {
      /** The name of the event or request. */
      readonly event: string;
      readonly reason: 'arguments';
      /** The positions of these arguments, counted from 1. */
      readonly arguments: readonly number[];
    }
  /** The contracts have different codecs, which affects every event and request. */
  | {
      /** The name of the event or request. */
      readonly event: string;
      readonly reason: 'codec';
      /** The name of this peer's codec; undefined if its contract has none. */
      readonly here: string | undefined;
      /** The name of the other peer's codec; undefined if its contract has none. */
      readonly there: string | undefined;
    };

/**
 * Returns the fingerprints of the entries of a contract that have schemas. In that of a request, the last text is for
 * the answer and ends with `?` or, for a stream, with `*`.
 */
export function fingerprintsOf(contract: Contract, events: readonly string[]): Fingerprint[] {
  return events.flatMap((event): Fingerprint[] => {
    const entry = contract[event];
    const isAsked = isRequest(entry);
    const schemas = isAsked ? [...entry.args, entry.result] : entry && schemasOf(entry);
    const answer = isAsked ? (entry.stream ? '*' : '?') : '';
    return schemas === undefined
      ? []
      : [[event, ...schemas.map((one, i) => fingerprint(one) + (schemas[i + 1] ? '' : answer))]];
  });
}

/** Returns what differs between two contracts, for the events and requests that are in both. */
export function compareFingerprints(here: readonly Fingerprint[], there: readonly Fingerprint[]): ContractDifference[] {
  const others = new Map(there.map(([event, ...args]) => [event, args]));
  return here.flatMap(([event, ...args]): ContractDifference[] => {
    const other = others.get(event);
    if (other === undefined) return [];
    if (other.length !== args.length) return [{ event, reason: 'arity', here: args.length, there: other.length }];
    const differing = args.flatMap((arg, i) => (differ(arg, other[i] as string) ? [i + 1] : []));
    return differing.length === 0 ? [] : [{ event, reason: 'arguments', arguments: differing }];
  });
}

/**
 * Descriptions by two libraries, or of two kinds, can differ and mean the same, so they are not compared. Whether it is
 * an answer always is.
 */
function differ(one: string, other: string): boolean {
  return one !== other && (originOf(one) === originOf(other) || answerIn(one) !== answerIn(other));
}

function answerIn(text: string): string | undefined {
  return /[?*]?$/.exec(text)?.[0];
}

function originOf(text: string): string {
  return text.slice(0, text.lastIndexOf(':') + 1);
}

function fingerprint(schema: StandardSchema): string {
  const { vendor } = schema['~standard'];
  const json = jsonSchemaOf(schema);
  try {
    if (json !== undefined) return `${vendor}/json:${hash(textOf(json))}`;
    if (isPlain(schema)) return `${vendor}/form:${hash(formOf(schema, 0))}`;
  } catch {
    // The schema is too deep, or contains something that cannot be described.
  }
  return '';
}

/** The JSON Schema of what a schema takes, if its library follows Standard JSON Schema and has one for the schema. */
function jsonSchemaOf(schema: StandardSchema): unknown {
  try {
    const { jsonSchema } = schema['~standard'] as {
      jsonSchema?: { input?: (options: { target: string }) => unknown };
    };
    return jsonSchema?.input?.({ target: 'draft-2020-12' });
  } catch {
    // Libraries throw for values that JSON cannot carry, for example.
    return undefined;
  }
}

/** The keywords that tell the reader something and do not restrict the values. */
const ANNOTATIONS = new Set([
  '$schema',
  '$id',
  '$comment',
  'title',
  'description',
  'examples',
  'default',
  'deprecated',
]);
/** The keywords that hold schemas by names. The names may be the same as any keyword above. */
const MAPS = new Set(['properties', 'patternProperties', 'dependentSchemas', '$defs', 'definitions']);
/** The keywords that hold lists whose order has no meaning. */
const SETS = new Set(['type', 'required', 'enum', 'anyOf', 'oneOf', 'allOf']);
/** The keywords that hold values, and no schemas. */
const VALUES = new Set(['enum', 'const']);

/** A JSON Schema as a text. Schemas that mean the same have the same text, as far as that is easy to tell. */
function textOf(schema: unknown, role: 'schema' | 'map' | 'value' = 'schema'): string {
  if (Array.isArray(schema)) return `[${schema.map((item) => textOf(item, role)).join()}]`;
  if (typeof schema !== 'object' || schema === null) return JSON.stringify(schema) ?? '';
  const members = Object.entries(schema).flatMap(([key, value]) => {
    if (role === 'schema' && ANNOTATIONS.has(key)) return [];
    return [`${JSON.stringify(key)}:${memberText(key, value, role)}`];
  });
  return `{${members.toSorted().join()}}`;
}

function memberText(key: string, value: unknown, role: 'schema' | 'map' | 'value'): string {
  if (role !== 'schema') return textOf(value, role === 'map' ? 'schema' : 'value');
  const within = MAPS.has(key) ? 'map' : VALUES.has(key) ? 'value' : 'schema';
  if (!SETS.has(key) || !Array.isArray(value)) return textOf(value, within);
  return `[${value
    .map((item) => textOf(item, within))
    .toSorted()
    .join()}]`;
}

const DEEPEST = 64;
/** The keys of a schema that is plain data, or of a step of one, that say nothing about what the schema takes. */
const NO_FORM = /^(?:~|message$|default$)/;

/**
 * The content of a schema that is plain data, as those of valibot are. What its functions do is not visible.
 * @throws RangeError for a value that is nested too deep, or contains itself; TypeError for one that is not plain data
 */
function formOf(value: unknown, depth: number): string {
  if (depth > DEEPEST) throw new RangeError('too deep');
  if (typeof value === 'bigint' || typeof value === 'symbol' || value instanceof RegExp) return String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? '';
  if (Array.isArray(value)) return `[${value.map((item) => formOf(item, depth + 1)).join()}]`;
  if (!isPlain(value)) throw new TypeError('not plain');
  // A value without a kind is a map, whose members may have any name.
  const isMap = typeof (value as { kind?: unknown }).kind !== 'string';
  const members = Object.entries(value).flatMap(([key, member]) =>
    (!isMap && NO_FORM.test(key)) || member === undefined || typeof member === 'function'
      ? []
      : [`${JSON.stringify(key)}:${formOf(member, depth + 1)}`],
  );
  return `{${members.toSorted().join()}}`;
}

function isPlain(value: object): boolean {
  return Object.getPrototypeOf(value) === Object.prototype;
}

/** 64 bits that tell texts apart (FNV-1a, from two starts). They need not resist attacks: peers on a bus trust each other. */
function hash(text: string): string {
  let high = 0x811c9dc5;
  let low = 0x050c5d1f;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    high = Math.imul(high ^ unit, 0x01000193);
    low = Math.imul(low ^ unit ^ (high >>> 15), 0x01000193);
  }
  return [high, low].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}
