import type { Codec } from '../contract/codec.ts';
import { PayloadError } from '../errors.ts';
import { describeUnsafeValue, isRecord, MAX_DEPTH, type UnsafeValue } from '../wire/payload.ts';
import { toBase64 } from './base64.ts';
import {
  bigIntText,
  dateText,
  errorFields,
  makeError,
  malformed,
  numberText,
  readBigInt,
  readBytes,
  readDate,
  readNumber,
} from './leaves.ts';

/**
 * A codec for Date, BigInt, Map, Set, Uint8Array, Error, `undefined`, NaN, infinities and -0, also deep inside other
 * values. Each crosses sockets as an object with one member, whose name begins with `$`: `{"$bigint": "12"}`. Peers
 * in Python and peers without a contract see these objects; docs/contracts.md has the table.
 *
 * ```ts
 * const shop = contract({ sold: event<[at: Date, cents: bigint]>() }, { codec: extendedValues });
 * ```
 *
 * Everything else is sent as without a codec: an instance of a user's class as its fields, and a value with a `toJSON`
 * as what `toJSON` returns. Bundles that do not use this codec do not contain it.
 *
 * Python: no counterpart; a peer there sees the JSON, and what it sends in that form is understood.
 */
export const extendedValues: Codec = /* @__PURE__ */ Object.freeze({
  name: 'extended',
  encode: (value: unknown): unknown => {
    try {
      return encode(value, 1);
    } catch (cause) {
      if (cause instanceof PayloadError) throw cause;
      // The error is from a getter or a `toJSON` of the user's, and may quote the value.
      throw new PayloadError('it cannot be read', { cause });
    }
  },
  decode: (value: unknown): unknown => decode(value, 1),
});

/** The prefix of the names of tags. A user's lone member whose name begins with it is sent with one more in front. */
const MARK = '$';

/** @param depth - the depth of the encoded value in the JSON, as receivers count it */
function encode(value: unknown, depth: number): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number': {
      const text = numberText(value);
      return text === undefined ? value : tag('number', text, depth);
    }
    case 'bigint':
      return tag('bigint', bigIntText(value), depth);
    case 'undefined':
      return tag('undefined', true, depth);
    case 'object':
      return value === null ? null : encodeObject(value, depth);
    case 'function':
    case 'symbol':
      throw refusal(typeof value as 'function' | 'symbol');
  }
}

/** Whether a value is a Date, even one of another realm. */
function isDate(value: object): value is Date {
  return Object.prototype.toString.call(value) === '[object Date]';
}

function encodeObject(value: object, depth: number): unknown {
  // Before `toJSON`, which some of these values have.
  if (isDate(value)) return tag('date', dateText(value), depth);
  if (value instanceof Uint8Array) return tag('bytes', toBase64(value), depth);
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === 'function') return encodeOwn(value, toJSON as () => unknown, depth);
  if (Array.isArray(value)) return encodeList(value, depth);
  if (value instanceof Map) return tag('map', encodeList([...(value as Map<unknown, unknown>)], depth + 1), depth);
  if (value instanceof Set) return tag('set', encodeList([...(value as Set<unknown>)], depth + 1), depth);
  if (value instanceof Error) return tag('error', encodeRecord(errorFields(value), depth + 1), depth);
  if (!isRecord(value)) throw refusal('object');
  return encodeRecord(value as Record<string, unknown>, depth);
}

/** Encodes what `toJSON` returns, one level deeper, so that an object that returns itself comes to an end. */
function encodeOwn(value: object, toJSON: () => unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) throw refusal('depth');
  return encode(toJSON.call(value), depth + 1);
}

/** Copies the list only if an item changes, as the other functions do with their values. */
function encodeList(list: readonly unknown[], depth: number): readonly unknown[] {
  if (depth > MAX_DEPTH) throw refusal('depth');
  let copy: unknown[] | undefined;
  // By index, because holes count as undefined.
  for (let i = 0; i < list.length; i += 1) {
    const item = list[i];
    const encoded = encode(item, depth + 1);
    if (encoded !== item) (copy ??= [...list])[i] = encoded;
  }
  return copy ?? list;
}

function encodeRecord(record: Record<string, unknown>, depth: number): object {
  if (depth > MAX_DEPTH) throw refusal('depth');
  const keys = Object.keys(record);
  if (isMarked(keys)) return { [`${MARK}${keys[0]}`]: encode(record[keys[0]], depth + 1) };
  let copy: Record<string, unknown> | undefined;
  for (const key of keys) {
    if (key === '__proto__') throw refusal('key');
    const item = record[key];
    const encoded = encode(item, depth + 1);
    if (encoded !== item) (copy ??= { ...record })[key] = encoded;
  }
  return copy ?? record;
}

function tag(name: string, value: unknown, depth: number): object {
  if (depth > MAX_DEPTH) throw refusal('depth');
  return { [`${MARK}${name}`]: value };
}

function refusal(found: UnsafeValue): PayloadError {
  return new PayloadError(describeUnsafeValue(found));
}

function decode(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > MAX_DEPTH) throw refusal('depth');
  return Array.isArray(value) ? decodeList(value, depth) : decodeRecord(value as Record<string, unknown>, depth);
}

function decodeList(list: readonly unknown[], depth: number): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (const [i, item] of list.entries()) {
    const decoded = decode(item, depth + 1);
    if (decoded !== item) (copy ??= [...list])[i] = decoded;
  }
  return copy ?? list;
}

function decodeRecord(record: Record<string, unknown>, depth: number): unknown {
  const keys = Object.keys(record);
  if (isMarked(keys)) return decodeMarked(keys[0], record[keys[0]], depth);
  let copy: Record<string, unknown> | undefined;
  for (const key of keys) {
    if (key === '__proto__') throw refusal('key');
    const item = record[key];
    const decoded = decode(item, depth + 1);
    if (decoded !== item) (copy ??= { ...record })[key] = decoded;
  }
  return copy ?? record;
}

function isMarked(keys: readonly string[]): keys is readonly [string] {
  return keys.length === 1 && (keys[0] as string).startsWith(MARK);
}

function decodeMarked(key: string, value: unknown, depth: number): unknown {
  if (key.startsWith(MARK, 1)) return { [key.slice(1)]: decode(value, depth + 1) };
  switch (key) {
    case '$undefined':
      return value === true ? undefined : malformed();
    case '$number':
      return readNumber(value);
    case '$bigint':
      return readBigInt(value);
    case '$date':
      return readDate(value);
    case '$bytes':
      return readBytes(value);
    case '$set':
      return new Set(decodeItems(value, depth + 1));
    case '$map':
      return new Map(decodeItems(value, depth + 1).map(asPair));
    case '$error':
      return makeError(decodeFields(value, depth + 1));
    default:
      // It is from a later version, or from a sender that does not know tags. Nobody can tell what was meant.
      return malformed();
  }
}

function decodeItems(value: unknown, depth: number): readonly unknown[] {
  return Array.isArray(value) ? (decode(value, depth) as readonly unknown[]) : malformed();
}

function asPair(value: unknown): readonly [unknown, unknown] {
  return Array.isArray(value) && value.length === 2 ? [value[0], value[1]] : malformed();
}

function decodeFields(value: unknown, depth: number): Readonly<Record<string, unknown>> {
  const fields = decode(value, depth);
  return typeof fields === 'object' && fields !== null ? (fields as Record<string, unknown>) : malformed();
}
