import type { Grant } from './websocket-options.ts';

const KEYS: readonly (keyof Grant)[] = ['subscribe', 'publish', 'request', 'serve'];

/**
 * A grant as `authorize` gave it, as it is now; undefined for what is none, whatever the types say: an answer of a server
 * or the data of a user, taken for one, would let in anybody and restrict nothing.
 */
export function readGrant(value: unknown): Grant | undefined {
  if (!isPlainObject(value) || !Object.keys(value).every((key) => KEYS.some((known) => known === key)))
    return undefined;
  const lists = KEYS.map((key) => [key, Object.hasOwn(value, key) ? readNames(value[key]) : undefined] as const);
  return lists.some(([, names]) => names === null) ? undefined : Object.fromEntries(lists);
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** A copy; null for what are no names. */
function readNames(value: unknown): readonly string[] | undefined | null {
  if (value === undefined) return undefined;
  return Array.isArray(value) && value.every((name) => typeof name === 'string') ? [...value] : null;
}
