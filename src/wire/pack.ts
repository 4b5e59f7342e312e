import { type Call, type InvalidCall, requestHead } from './json-rpc.ts';
import { CONTROL_PREFIX, PACK_PREFIX, packMethod } from './names.ts';
import { findUnsafeInJson, MOST_ARGUMENTS } from './payload.ts';
import { encodeStreamId, isCount, readStreamId } from './stream-id.ts';

/**
 * Packs: events of one name and one publisher that follow each other, with one head for all of them. To JSON-RPC
 * a pack is a notification of `rpc.mr.pack.NAME` with the parameters: the id of the first event; the lists of
 * arguments; the steps from each event's g to the next one's, left out where all are 1; and `after`, in
 * columns: for each other event, by how much more of it each event of the pack depends on than the one before. In
 * both, the last number holds for the rest. Where events are traced there are as many traces as events, null for
 * those that are not.
 */

/**
 * What has to be delivered before an event: another event of its publisher, mostly one, and more if there are
 * several groups of subscribers. A chain, because a list for each event is three times as much garbage.
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

/** Events of one name, numbered from `n` on. The lists have the same length. */
export interface EventBatch {
  readonly head: EventHead;
  readonly publisher: string;
  readonly n: number;
  readonly gs: readonly number[];
  /** The arguments of each, as JSON. */
  readonly texts: readonly string[];
  /** All of them as one list, where that is there already. */
  readonly list?: string | undefined;
  readonly afters: readonly (After | undefined)[];
  /** What each is part of; undefined if none of them is traced. */
  readonly traces?: readonly (string | undefined)[] | undefined;
}

/** What a pack holds; otherwise as {@link EventBatch}. */
export interface Pack {
  readonly event: string;
  readonly publisher: string;
  readonly n: number;
  readonly gs: readonly number[];
  /** The arguments of each; or why they cannot be taken. */
  readonly events: readonly (readonly unknown[] | InvalidCall)[];
  /** Undefined if none of them has any. */
  readonly afters: readonly (After | undefined)[] | undefined;
  readonly traces: readonly (string | undefined)[] | undefined;
}

/** Events as one frame: packed, or as a plain request or batch, which Python peers understand, too. */
export function encodeEvents(batch: EventBatch, mayPack: boolean): string {
  const { head, texts } = batch;
  if (mayPack && texts.length > 1) return `${head.packed}, "params": [${encodeBody(batch)}]}`;
  const requests = encodeRequests(batch);
  return requests.length === 1 ? (requests[0] as string) : `[${requests.join(', ')}]`;
}

/** A pack within another message; to be read with {@link readPack}. */
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

function encodeBody({ publisher, n, gs, texts, list = `[${texts.join()}]`, afters, traces }: EventBatch): string {
  const id = encodeStreamId(publisher, gs[0] as number, n);
  const columns = encodeColumns(afters);
  const isTraced = traces !== undefined;
  const steps = columns === '' && isConsecutive(gs) && !isTraced ? '' : `, [${stepsOf(gs).join()}]`;
  if (!isTraced) return `"${id}", ${list}${steps}${columns}`;
  const all = JSON.stringify(texts.map((_, index) => traces[index]));
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

/** Leaves out the end of a list where all are as the last one that is left. */
function shorten(steps: number[]): number[] {
  let { length } = steps;
  while (length > 1 && steps[length - 1] === steps[length - 2]) length -= 1;
  steps.length = length;
  return steps;
}

/** How many columns may say with their last number what holds for all the rest: it is little to write, and much to read. */
const MOST_REPEATING = 4;

function encodeColumns(afters: readonly (After | undefined)[]): string {
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
    if (steps.length < afters.length) steps.push(0);
    else repeating += 1;
    return [event, ...(repeating > MOST_REPEATING && steps.at(-1) !== 0 ? steps : shorten(steps))];
  });
  return `, ${JSON.stringify(lists)}`;
}

/** Reads what follows the event's name in a pack; undefined if that makes no sense. */
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

/** Empty if there are no columns. */
function readColumns(columns: unknown, length: number): (After | undefined)[] | undefined {
  if (!Array.isArray(columns)) return undefined;
  if (columns.length === 0) return [];
  const afters = Array.from<After | undefined>({ length });
  // Whoever writes a few characters should not have others make billions of objects.
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

/** Reads the `after` of a plain request; what makes no sense counts as none. */
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

/** Reads what an event is part of; what makes no sense counts as nothing. */
export function readTrace(value: unknown): string | undefined {
  return typeof value === 'string' && TRACE.test(value) ? value : undefined;
}

/** Whether a call is a pack, and of which event. */
export function packedEvent({ method }: Call): string | undefined {
  return method.startsWith(PACK_PREFIX) ? method.slice(PACK_PREFIX.length) : undefined;
}

/** How many events go into a plain batch: what waits for a slow Python peer is bounded by the number of batches. */
const MOST_IN_A_BATCH = 64;

/**
 * A pack as plain batches, which Python peers understand; none if it is no pack. They begin with a space, so that
 * peers that filter on the text, which get the pack, do not get these as well.
 */
export function unpack(frame: string): string[] {
  try {
    const { method, params } = JSON.parse(frame) as { method: string; params: readonly unknown[] };
    const event = packedEvent({ method, args: params });
    // What goes from one peer to another alone is nobody else's.
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
