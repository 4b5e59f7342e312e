import { type Contract, schemasOf } from './contract.ts';
import { isRequest } from './request.ts';
import type { StandardSchema } from './standard-schema.ts';

/**
 * An event and, for each of its arguments, what its schema takes, in short: the library, how the schema was
 * described, and a hash of the description, `zod/json:3f…`; empty where it cannot be described.
 */
export type Fingerprint = readonly [event: string, ...args: string[]];

/** How two contracts differ in an event, or in a request, whose answer counts as its last argument. */
export type ContractDifference =
  /** It has another number of arguments here than there. */
  | {
      /** Its name, or that of a request. */
      readonly event: string;
      readonly reason: 'arity';
      /** How many arguments it has in this peer's contract. */
      readonly here: number;
      /** How many it has in that of the other one. */
      readonly there: number;
    }
  /** Some of its arguments are of another form. */
  | {
      /** Its name, or that of a request. */
      readonly event: string;
      readonly reason: 'arguments';
      /** Which, counted from 1. */
      readonly arguments: readonly number[];
    }
  /** The contracts have different codecs, so that this is of every event and request. */
  | {
      /** Its name, or that of a request. */
      readonly event: string;
      readonly reason: 'codec';
      /** The name of this peer's codec; undefined where its contract has none. */
      readonly here: string | undefined;
      /** The same of the other one. */
      readonly there: string | undefined;
    };

/** The fingerprints of those entries of a contract that have schemas; of a request, the last one is the answer's, with `?` or, of a stream, `*`. */
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

/** What differs between two contracts, of the events that are in both. */
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

/** Descriptions of two libraries, or of two kinds, can be different and mean the same: they are not compared. */
function differ(one: string, other: string): boolean {
  return one !== other && originOf(one) === originOf(other);
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
    // It is too deep, or holds what cannot be described.
  }
  return '';
}

/** The JSON Schema of what a schema takes, where its library follows Standard JSON Schema and has one for it. */
function jsonSchemaOf(schema: StandardSchema): unknown {
  try {
    const { jsonSchema } = schema['~standard'] as {
      jsonSchema?: { input?: (options: { target: string }) => unknown };
    };
    return jsonSchema?.input?.({ target: 'draft-2020-12' });
  } catch {
    // As for what JSON cannot carry.
    return undefined;
  }
}

/** What says something to the reader and nothing of the values. */
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
/** What holds schemas by names, which may be called as anything above. */
const MAPS = new Set(['properties', 'patternProperties', 'dependentSchemas', '$defs', 'definitions']);
/** What holds lists in which the order means nothing. */
const SETS = new Set(['type', 'required', 'enum', 'anyOf', 'oneOf', 'allOf']);
/** What holds values, and no schemas. */
const VALUES = new Set(['enum', 'const']);

/** A JSON Schema as a text that is the same wherever the schema means the same, as far as that is easily told. */
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
/** What a schema that is plain data, or a step of one, has besides what it takes. */
const NO_FORM = /^(?:~|message$|default$)/;

/**
 * What a schema holds that is plain data, as those of valibot are. What a function in it does is not seen.
 * @throws RangeError for what is nested too deep, or contains itself; TypeError for what is no plain data
 */
function formOf(value: unknown, depth: number): string {
  if (depth > DEEPEST) throw new RangeError('too deep');
  if (typeof value === 'bigint' || typeof value === 'symbol' || value instanceof RegExp) return String(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? '';
  if (Array.isArray(value)) return `[${value.map((item) => formOf(item, depth + 1)).join()}]`;
  if (!isPlain(value)) throw new TypeError('not plain');
  // What has no kind is a map, whose members may be called as anything.
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

/** 64 bits that tell texts apart (FNV-1a, from two starts). It need not withstand anybody: peers on a bus trust it. */
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
