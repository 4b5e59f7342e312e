/** How deeply arrays and objects in an argument may be nested. */
export const MAX_DEPTH = 64;

/** How many arguments an event may have on its way: with many more, listeners cannot be called. */
export const MOST_ARGUMENTS = 1_024;

/**
 * What keeps a value from crossing a socket as JSON and arriving as it was:
 * - `depth`: nested deeper than {@link MAX_DEPTH}, which is what a cycle looks like, too;
 * - `key`: an object with a key `__proto__`, which receivers could trip over;
 * - otherwise a name for the kind of value that JSON cannot carry.
 */
export type UnsafeValue = 'depth' | 'key' | 'bigint' | 'function' | 'symbol' | 'undefined' | 'number' | 'object';

/**
 * Looks for what JSON would refuse, drop or silently change (except -0, which becomes 0): BigInt, functions, symbols,
 * `undefined` (except as the value of a property, which counts as left out), NaN and infinities, Map, Set, binary data
 * and the like. A value with `toJSON`, such as a Date, is judged by what that method returns.
 */
export function findUnsafeValue(value: unknown, depth = 1): UnsafeValue | undefined {
  const kind = typeof value;
  if (kind === 'string' || kind === 'boolean' || value === null) return undefined;
  if (kind === 'number') return Number.isFinite(value) ? undefined : 'number';
  return kind === 'object' ? findUnsafeInObject(value as object, depth) : kind;
}

function findUnsafeInObject(value: object, depth: number): UnsafeValue | undefined {
  if (depth > MAX_DEPTH) return 'depth';
  // JSON writes null for an invalid Date.
  if (value instanceof Date && Number.isNaN(value.getTime())) return 'number';
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === 'function') return findUnsafeValue((toJSON as () => unknown).call(value), depth + 1);
  if (Array.isArray(value)) {
    // `for of` visits holes, too, as undefined; `forEach` would skip them.
    for (const item of value as unknown[]) {
      const found = findUnsafeValue(item, depth + 1);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (!isRecord(value)) return 'object';
  for (const key of Object.keys(value)) {
    if (key === '__proto__') return 'key';
    const item = (value as Record<string, unknown>)[key];
    if (item === undefined) continue;
    const found = findUnsafeValue(item, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Looks for what no receiver should have to deal with, in a value that was JSON. It searches the whole value: an
 * infinite number, as which `1e999` is read, does not end the search.
 */
export function findUnsafeInJson(value: unknown, depth = 1): 'depth' | 'key' | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth > MAX_DEPTH) return 'depth';
  if (!Array.isArray(value) && Object.hasOwn(value, '__proto__')) return 'key';
  for (const item of Object.values(value)) {
    const found = findUnsafeInJson(item, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

const EXPLANATIONS: Readonly<Record<UnsafeValue, string>> = {
  bigint: 'it contains a BigInt',
  depth: `it is nested deeper than ${MAX_DEPTH} levels, or contains itself`,
  function: 'it contains a function',
  key: "it contains an object with a key '__proto__'",
  number: 'it contains NaN, an infinite number or an invalid Date',
  object: 'it contains an object that JSON would empty, such as a Map, a Set, a RegExp or binary data',
  symbol: 'it contains a symbol',
  undefined: 'it is undefined, or contains an array with undefined in it',
};

/** Returns what to tell the user about such a value. */
export function describeUnsafeValue(found: UnsafeValue): string {
  return EXPLANATIONS[found];
}

/** Whether an object consists of its own properties: a literal or an instance of a user's class. */
export function isRecord(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return Object.prototype.toString.call(value) === '[object Object]';
}
