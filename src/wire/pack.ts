import { type Call, type InvalidCall, requestHead } from './json-rpc.ts';
import { CONTROL_PREFIX, PACK_PREFIX, packMethod } from './names.ts';
import { findUnsafeInJson, MOST_ARGUMENTS } from './payload.ts';
import { encodeStreamId, isCount, readStreamId } from './stream-id.ts';

/**
 * Packs: events of one name and one publisher that follow each other, with one head for all of them. To JSON-RPC, a
 * pack is a notification of `rpc.mr.pack.NAME`. Its parameters are the id of the first event; the lists of arguments;
 * the steps from each event's g to that of the next, left out if all are 1; and `after`, in columns: for each other
 * event, the steps between those of its numbers on which the events of the pack depend. In both, the last number holds
 * for the rest. If events are traced, there are as many traces as events, null for events that are not traced.
 */

/**
 * What has to be delivered before an event: mostly one other event of its publisher, and more if there are several
 * groups of subscribers. It is a chain, because a list for each event makes three times as much garbage.
 */
export interface After {
  readonly event: string;
  readonly n: number;
  readonly more: After | undefined;
}

/** The name of an event, and how its frames begin. */
export interface EventHead {
  readonly event: string;
  readonly plain: string;
  readonly packed: string;
}

export function eventHead(event: string): EventHead {
  return { event, plain: requestHead(event), packed: requestHead(packMethod(event)) };
}

/** Events of one name, numbered from `n` on. All lists but `afters` have the same length. */
export interface EventBatch {
  readonly head: EventHead;
  readonly publisher: string;
  readonly n: number;
  readonly gs: readonly number[];
  /** The arguments of each, as JSON. */
  readonly texts: readonly string[];
  /** All of them as one list, if there is one already. */
  readonly list?: string | undefined;
  /** What has to be delivered before each. Shorter than the other lists if there is nothing before the last ones. */
  readonly afters: readonly (After | undefined)[];
  /** The trace that each event is part of; undefined if none of them is traced. */
  readonly traces?: readonly (string | undefined)[] | undefined;
}

/** What a pack contains. Members without a comment are as in {@link EventBatch}. */
export interface Pack {
  readonly event: string;
  readonly publisher: string;
  readonly n: number;
  readonly gs: readonly number[];
  /** The arguments of each event, or why they cannot be accepted. */
  readonly events: readonly (readonly unknown[] | InvalidCall)[];
  /** Undefined if no event has any. */
  readonly afters: readonly (After | undefined)[] | undefined;
  readonly traces: readonly (string | undefined)[] | undefined;
}

/** Encodes events as one frame: packed, or as a plain request or batch, which Python peers understand, too. */
export function encodeEvents(batch: EventBatch, mayPack: boolean): string {
  if (mayPack && batch.gs.length > 1) return `${batch.head.packed}, "params": [${encodeBody(batch)}]}`;
  const requests = encodeRequests(batch);
  return requests.length === 1 ? (requests[0] as string) : `[${requests.join(', ')}]`;
}

/** Encodes a pack for use within another message; to be read with {@link readPack}. */
export function encodePack(batch: EventBatch): string {
  return `[${JSON.stringify(batch.head.event)}, ${encodeBody(batch)}]`;
}

function encodeRequests({ head, publisher, n, gs, texts, afters, traces }: EventBatch): string[] {
  return texts.map((text, index) => {
    const after = afters[index];
    const params = text === '[]' ? '' : `, "params": ${text}`;
    const id = encodeStreamId(publisher, gs[index] as number, n + index);
    const trace = traces?.[index];
    const traced = trace === undefined ? '' : `, "traceparent": ${JSON.stringify(trace)}`;
    return `${head.plain}${params}, "id": "${id}"${encodeAfter(after)}${traced}}`;
  });
}

function encodeAfter(first: After | undefined): string {
  if (first === undefined) return '';
  const pairs: [string, number][] = [];
  for (let after: After | undefined = first; after !== undefined; after = after.more) {
    pairs.push([after.event, after.n]);
  }
  return `, "after": ${JSON.stringify(pairs)}`;
}

function encodeBody(batch: EventBatch): string {
  const { publisher, n, gs, list = `[${batch.texts.join()}]`, afters, traces } = batch;
  const id = encodeStreamId(publisher, gs[0] as number, n);
  const columns = encodeColumns(afters, gs.length);
  const isTraced = traces !== undefined;
  const steps = columns === '' && isConsecutive(gs) && !isTraced ? '' : `, [${stepsOf(gs).join()}]`;
  if (!isTraced) return `"${id}", ${list}${steps}${columns}`;
  const all = JSON.stringify(gs.map((_, index) => traces[index]));
  return `"${id}", ${list}${steps}${columns || ', []'}, ${all}`;
}

function isConsecutive(gs: readonly number[]): boolean {
  return (gs.at(-1) as number) - (gs[0] as number) === gs.length - 1;
}

function stepsOf(gs: readonly number[]): number[] {
  if (isConsecutive(gs)) return [];
  const steps: number[] = [];
  for (let index = 1; index < gs.length; index += 1) steps.push((gs[index] as number) - (gs[index - 1] as number));
  return shorten(steps);
}

/** Cuts repetitions of the last number off the end of a list. */
function shorten(steps: number[]): number[] {
  let { length } = steps;
  while (length > 1 && steps[length - 1] === steps[length - 2]) length -= 1;
  steps.length = length;
  return steps;
}

/** How many columns may have a last number that holds for all the rest: that is little to write, and much to read. */
const MOST_REPEATING = 4;

function encodeColumns(afters: readonly (After | undefined)[], length: number): string {
  const columns = new Map<string, { readonly steps: number[]; last: number }>();
  for (let index = 0; index < afters.length; index += 1) {
    for (let after = afters[index]; after !== undefined; after = after.more) {
      let column = columns.get(after.event);
      if (column === undefined) columns.set(after.event, (column = { steps: [], last: 0 }));
      while (column.steps.length < index) column.steps.push(0);
      column.steps.push(after.n - column.last);
      column.last = after.n;
    }
  }
  if (columns.size === 0) return '';
  let repeating = 0;
  const lists = Array.from(columns, ([event, { steps }]) => {
    if (steps.length < length) steps.push(0);
    else repeating += 1;
    return [event, ...(repeating > MOST_REPEATING && steps.at(-1) !== 0 ? steps : shorten(steps))];
  });
  return `, ${JSON.stringify(lists)}`;
}

/** Reads what follows the event's name in a pack. Returns undefined if that makes no sense. */
export function readPack(event: string, parameters: readonly unknown[]): Pack | undefined {
  const [id, events, steps = [], columns = [], traces] = parameters;
  const first = readStreamId(id);
  if (first === undefined || !Array.isArray(events) || events.length === 0) return undefined;
  const gs = readSteps(first.g, steps, events.length);
  const afters = readColumns(columns, events.length);
  if (gs === undefined || afters === undefined) return undefined;
  return {
    event,
    publisher: first.publisher,
    n: first.n,
    gs,
    events: events.map((args) => judge(event, args)),
    afters: afters.length === 0 ? undefined : afters,
    traces: Array.isArray(traces) ? traces.map((trace) => readTrace(trace)) : undefined,
  };
}

function judge(event: string, args: unknown): readonly unknown[] | InvalidCall {
  if (!Array.isArray(args) || args.length > MOST_ARGUMENTS) return { reason: 'params', method: event };
  for (const arg of args as readonly unknown[]) {
    const found = findUnsafeInJson(arg);
    if (found !== undefined) return { reason: found, method: event };
  }
  return args;
}

function readSteps(first: number, steps: unknown, length: number): number[] | undefined {
  if (!Array.isArray(steps) || steps.length > length - 1) return undefined;
  const gs = [first];
  for (let index = 0; index < length - 1; index += 1) {
    const step: unknown = steps.length === 0 ? 1 : steps[Math.min(index, steps.length - 1)];
    if (!isCount(step)) return undefined;
    gs.push((gs[index] as number) + step);
  }
  return gs;
}

/** Returns an empty list if there are no columns. */
function readColumns(columns: unknown, length: number): (After | undefined)[] | undefined {
  if (!Array.isArray(columns)) return undefined;
  if (columns.length === 0) return [];
  const afters = Array.from<After | undefined>({ length });
  // A sender that writes a few characters should not make others create billions of objects.
  let left = MOST_REPEATING * length;
  for (const column of columns as readonly unknown[]) {
    if (!Array.isArray(column) || typeof column[0] !== 'string') return undefined;
    if (column.length < 2 || column.length > length + 1) return undefined;
    const [event, ...steps] = column as [string, ...unknown[]];
    const last = steps.length - 1;
    left += steps.length;
    let n = 0;
    for (let index = 0; index < length; index += 1) {
      const step = steps[Math.min(index, last)];
      if (step === 0 && index >= last) break;
      if (step === 0) continue;
      left -= 1;
      if (!isCount(step) || left < 0) return undefined;
      n += step;
      afters[index] = { event, n, more: afters[index] };
    }
  }
  return afters;
}

/** Reads the `after` of a plain request. What makes no sense counts as missing. */
export function readAfter(value: unknown): After | undefined {
  if (!Array.isArray(value)) return undefined;
  let after: After | undefined;
  for (const pair of value as readonly unknown[]) {
    const [event, n] = Array.isArray(pair) ? (pair as readonly unknown[]) : [];
    if (typeof event === 'string' && isCount(n)) after = { event, n, more: after };
  }
  return after;
}

/** The shape of what W3C calls a `traceparent`. */
const TRACE = /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/;

/** Reads the trace that an event is part of. What makes no sense counts as missing. */
export function readTrace(value: unknown): string | undefined {
  return typeof value === 'string' && TRACE.test(value) ? value : undefined;
}

/** Returns the event of which a call is a pack; undefined if the call is not a pack. */
export function packedEvent({ method }: Call): string | undefined {
  return method.startsWith(PACK_PREFIX) ? method.slice(PACK_PREFIX.length) : undefined;
}

/** How many events go into a plain batch: what waits for a slow Python peer is bounded by the number of batches. */
const MOST_IN_A_BATCH = 64;

/**
 * Turns a pack into plain batches, which Python peers understand; returns none if the frame is not a pack. They begin
 * with a space, so that peers that filter on the text, and so get the pack, do not get these as well.
 */
export function unpack(frame: string): string[] {
  try {
    const { method, params } = JSON.parse(frame) as { method: string; params: readonly unknown[] };
    const event = packedEvent({ method, args: params });
    // What goes from one peer to one other alone is for nobody else.
    if (event === undefined || event.startsWith(CONTROL_PREFIX)) return [];
    const pack = readPack(event, params);
    if (pack === undefined) return [];
    const texts = pack.events.map((args) => JSON.stringify(args));
    const requests = encodeRequests({ ...pack, head: eventHead(event), texts, afters: [] });
    const batches: string[] = [];
    while (requests.length > 0) batches.push(` [${requests.splice(0, MOST_IN_A_BATCH).join(', ')}]`);
    return batches;
  } catch {
    return [];
  }
}
