import { CONTROL_PREFIX, packMethod } from './names.ts';
import { findUnsafeInJson, MOST_ARGUMENTS } from './payload.ts';

/**
 * JSON-RPC 2.0 frames, as the Python original writes and reads them. Only the head of a frame, up to the method's name,
 * has to be equal byte for byte: subscriptions filter on it.
 */

/** A request in a frame: the method, its positional arguments, and its number. */
export interface Call {
  readonly method: string;
  readonly args: readonly unknown[];
  /** As it came. From peers of this package, a text that numbers the event. */
  readonly id?: unknown;
  /** As it came. From peers of this package, what has to be delivered before. */
  readonly after?: unknown;
  /** As it came. From peers of this package, the trace that the event is part of, see {@link readTrace}. */
  readonly traceparent?: unknown;
}

/**
 * Why a frame, or an element of a batch, was not understood:
 * - `utf-8`: it is not text in UTF-8;
 * - `json`: it is not JSON;
 * - `request`: it is JSON, but not a JSON-RPC 2.0 request;
 * - `method`: it is for an event that the receiver's contract does not have;
 * - `params`: the parameters are neither an array nor an object, are too many, or do not fit a message of this protocol;
 * - `depth`: values are nested deeper than 64 levels;
 * - `key`: an object has a key `__proto__`.
 */
export type InvalidReason = 'utf-8' | 'json' | 'request' | 'method' | 'params' | 'depth' | 'key';

/** A part of a frame that was not understood. */
export interface InvalidCall {
  readonly reason: InvalidReason;
  /** The method, if that much could be read. */
  readonly method?: string;
}

/** What a frame contains. The elements of a batch are judged one by one. */
export interface Decoded {
  readonly calls: readonly Call[];
  readonly invalid: readonly InvalidCall[];
}

/** Returns the start of every request for a method, up to the end of its name. */
export function requestHead(method: string): string {
  return `{"jsonrpc": "2.0", "method": ${pythonString(method)}`;
}

/**
 * Encodes a notification as a frame.
 * @param args - must be free of what {@link findUnsafeValue} finds
 */
export function encodeNotification(method: string, args: readonly unknown[]): string {
  const params = args.length === 0 ? '' : `, "params": ${JSON.stringify(args)}`;
  return `${requestHead(method)}${params}}`;
}

/** Returns how frames with requests for a method can begin: alone, as a batch, and packed. */
export function requestPrefixes(method: string): readonly string[] {
  const head = requestHead(method);
  return [head, `[${head}`, requestHead(packMethod(method))];
}

/** Reads a frame. Never throws. */
export function decode(text: string): Decoded {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { calls: [], invalid: [{ reason: 'json' }] };
  }
  return decodeElements(Array.isArray(value) ? value : [value]);
}

function decodeElements(elements: readonly unknown[]): Decoded {
  const calls: Call[] = [];
  const invalid: InvalidCall[] = [];
  for (const element of elements) {
    const read = decodeRequest(element);
    if ('reason' in read) invalid.push(read);
    else calls.push(read);
  }
  if (elements.length === 0) invalid.push({ reason: 'request' });
  return { calls, invalid };
}

function decodeRequest(value: unknown): Call | InvalidCall {
  if (typeof value !== 'object' || value === null) return { reason: 'request' };
  const { jsonrpc, method, params, id, after, traceparent } = value as Record<string, unknown>;
  if (jsonrpc !== '2.0' || typeof method !== 'string') return { reason: 'request' };
  if (params === undefined) return { method, args: [], id, after, traceparent };
  if (typeof params !== 'object' || params === null) return { reason: 'params', method };
  // Keyword arguments from Python arrive as one object.
  const args: readonly unknown[] = Array.isArray(params) ? params : [params];
  // Control messages wrap events, which are judged when they are unwrapped.
  if (method.startsWith(CONTROL_PREFIX)) return { method, args, id, after, traceparent };
  if (args.length > MOST_ARGUMENTS) return { reason: 'params', method };
  for (const arg of args) {
    const found = findUnsafeInJson(arg);
    if (found !== undefined) return { reason: found, method };
  }
  return { method, args, id, after, traceparent };
}

/** Writes a string as Python's `json.dumps` does: everything except printable ASCII is escaped. */
export function pythonString(text: string): string {
  return JSON.stringify(text).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
