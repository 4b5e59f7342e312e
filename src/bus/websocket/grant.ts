import type { Grant } from './websocket-options.ts';

const KEYS: readonly (keyof Grant)[] = ['subscribe', 'publish', 'request', 'serve'];

/**
 * Copies a grant that `authorize` returned; returns undefined for any value that is not a grant, whatever its type
 * says. A server's response or a user's data, taken for a grant, would let in anybody and restrict nothing.
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

/** Returns a copy; null for anything but a list of names. */
function readNames(value: unknown): readonly string[] | undefined | null {
  if (value === undefined) return undefined;
  return Array.isArray(value) && value.every((name) => typeof name === 'string') ? [...value] : null;
}
