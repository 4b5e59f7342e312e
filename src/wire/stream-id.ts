/**
 * The id of a numbered event, `P:g:n`: the publisher, its count over all events, and its count for events of this name.
 */
export interface StreamId {
  readonly publisher: string;
  readonly g: number;
  readonly n: number;
}

export function encodeStreamId(publisher: string, g: number, n: number): string {
  return `${publisher}:${g}:${n}`;
}

/** Reads such an id. Returns undefined for any other, such as those of Python peers. */
export function readStreamId(id: unknown): StreamId | undefined {
  if (typeof id !== 'string') return undefined;
  const first = id.indexOf(':');
  const second = id.indexOf(':', first + 1);
  if (first <= 0 || second < 0) return undefined;
  const g = Number(id.slice(first + 1, second));
  const n = Number(id.slice(second + 1));
  if (!isCount(g) || !isCount(n) || n > g) return undefined;
  return { publisher: id.slice(0, first), g, n };
}

/** Whether a value is a number that counts from 1. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1;
}
