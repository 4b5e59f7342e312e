import { type Call, type InvalidCall, requestHead } from './json-rpc.ts';
import { CONTROL_PREFIX, PACK_PREFIX, packMethod } from './names.ts';
import { findUnsafeInJson, MOST_ARGUMENTS } from './payload.ts';
import { encodeStreamId, isCount, readStreamId } from './stream-id.ts';

/**
 * Packs: events of one name and one publisher that follow each other, with one head for all of them. To JSON-RPC, a
 * pack is a notification of `rpc.mr.pack.NAME`. Its parameters are the id of the first event; the lists of arguments;
 * the steps from each event's g to that of the next, of which the last one holds for the rest, left out if all are 1;
 * and `after`. If events are traced, there are as many traces as events, null for events that are not traced.
 */

/**
 * What has to be delivered before events: for other events of their publisher, up to which number. For several events
 * it is the most that any of them needs: a subscriber that lacks something delivers none of them.
 */
export type After = ReadonlyMap<string, number>;

/** The name of an event, and how its frames begin. */
export interface EventHead {
  readonly event: string;
  readonly plain: string;
  readonly packed: string;
}

export function eventHead(event: string): EventHead {
  return { event, plain: requestHead(event), packed: requestHead(packMethod(event)) };
}

/** Events of one name, numbered from `n` on. All lists have the same length. */
export interface EventBatch {
  readonly head: EventHead;
  readonly publisher: string;
  readonly n: number;
  readonly gs: readonly number[];
  /** The arguments of each, as JSON. */
  readonly texts: readonly string[];
  /** All of them as one list, if there is one already. */
  readonly list?: string | undefined;
  readonly after: After | undefined;
  /** The trace that each event is part of; undefined if none of them is traced. */
  readonly traces?: readonly (string | undefined)[] | undefined;
}

/** Events that arrived together. Members without a comment are as in {@link EventBatch}. */
export interface Arrival {
  readonly event: string;
  readonly n: number;
  readonly gs: readonly number[];
  /** The arguments of each. */
  readonly events: readonly (readonly unknown[])[];
  readonly after: After | undefined;
  readonly traces?: readonly (string | undefined)[] | undefined;
}

/** What a pack contains. */
export interface Pack extends Arrival {
  readonly publisher: string;
  /** Why events cannot be accepted, by their index; undefined if all can. Their arguments may be anything. */
  readonly invalid: ReadonlyMap<number, InvalidCall> | undefined;
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

function encodeRequests({ head, publisher, n, gs, texts, after, traces }: EventBatch): string[] {
  return texts.map((text, index) => {
    const params = text === '[]' ? '' : `, "params": ${text}`;
    const id = encodeStreamId(publisher, gs[index] as number, n + index);
    // While the first event waits, so do the others.
    const follows = index > 0 || after === undefined ? '' : `, "after": ${encodeAfter(after)}`;
    const trace = traces?.[index];
    const traced = trace === undefined ? '' : `, "traceparent": ${JSON.stringify(trace)}`;
    return `${head.plain}${params}, "id": "${id}"${follows}${traced}}`;
  });
}

function encodeAfter(after: After): string {
  return JSON.stringify([...after]);
}

function encodeBody(batch: EventBatch): string {
  const { publisher, n, gs, list = `[${batch.texts.join()}]`, after, traces } = batch;
  const lists = [list];
  if (traces !== undefined || after !== undefined || !isConsecutive(gs)) lists.push(`[${stepsOf(gs).join()}]`);
  if (traces !== undefined || after !== undefined) lists.push(after === undefined ? '[]' : encodeAfter(after));
  if (traces !== undefined) lists.push(JSON.stringify(gs.map((_, index) => traces[index])));
  return `"${encodeStreamId(publisher, gs[0] as number, n)}", ${lists.join(', ')}`;
}

function isConsecutive(gs: readonly number[]): boolean {
  return (gs.at(-1) as number) - (gs[0] as number) === gs.length - 1;
}

/** Returns the steps between numbers, without repetitions of the last one at the end. */
function stepsOf(gs: readonly number[]): number[] {
  if (isConsecutive(gs)) return [];
  const steps: number[] = [];
  for (let index = 1; index < gs.length; index += 1) steps.push((gs[index] as number) - (gs[index - 1] as number));
  let { length } = steps;
  while (length > 1 && steps[length - 1] === steps[length - 2]) length -= 1;
  steps.length = length;
  return steps;
}

/** Reads what follows the event's name in a pack. Returns undefined if that makes no sense. */
export function readPack(event: string, parameters: readonly unknown[]): Pack | undefined {
  const [id, events, steps = [], pairs = [], traces] = parameters;
  const first = readStreamId(id);
  if (first === undefined || !Array.isArray(events) || events.length === 0) return undefined;
  const gs = readSteps(first.g, steps, events.length);
  const after = readAfter(pairs);
  if (gs === undefined || after === undefined) return undefined;
  let invalid: Map<number, InvalidCall> | undefined;
  for (const [index, args] of events.entries()) {
    const reason = reasonAgainst(args);
    if (reason !== undefined) (invalid ??= new Map()).set(index, { reason, method: event });
  }
  return {
    event,
    publisher: first.publisher,
    n: first.n,
    gs,
    events: events as readonly (readonly unknown[])[],
    invalid,
    after: after.size === 0 ? undefined : after,
    traces: Array.isArray(traces) ? traces.map((trace) => readTrace(trace)) : undefined,
  };
}

/** Returns why an event with these arguments cannot be accepted; undefined if it can. */
function reasonAgainst(args: unknown): InvalidCall['reason'] | undefined {
  if (!Array.isArray(args) || args.length > MOST_ARGUMENTS) return 'params';
  for (const arg of args as readonly unknown[]) {
    const found = findUnsafeInJson(arg);
    if (found !== undefined) return found;
  }
  return undefined;
}

function readSteps(first: number, steps: unknown, length: number): number[] | undefined {
  if (!Array.isArray(steps) || steps.length > length - 1) return undefined;
  const gs = [first];
  for (let index = 0; index < length - 1; index += 1) {
    const step: unknown = steps.length === 0 ? 1 : steps[Math.min(index, steps.length - 1)];
    if (!isCount(step)) return undefined;
    const g = (gs[index] as number) + step;
    // Beyond, numbers do not count any more. As n is no larger than g, the same holds for it.
    if (!isCount(g)) return undefined;
    gs.push(g);
  }
  return gs;
}

/** Reads an `after`. Returns undefined if it makes no sense. */
export function readAfter(value: unknown): After | undefined {
  if (!Array.isArray(value)) return undefined;
  const after = new Map<string, number>();
  for (const pair of value as readonly unknown[]) {
    const [event, n] = Array.isArray(pair) ? (pair as readonly unknown[]) : [];
    if (typeof event !== 'string' || !isCount(n)) return undefined;
    after.set(event, n);
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
 * How many characters the heads of all plain requests may have together. A pack has its name only once, so one of a
 * stranger could become thousands of times as large. What peers pack stays far below.
 */
const MOST_OF_HEADS = 33_554_432;

/**
 * Turns a pack into plain batches, which Python peers understand; returns none if the frame is not a pack, or would
 * become too large. They begin with a space, so that peers that filter on the text, and so get the pack, do not get
 * these as well.
 */
export function unpack(frame: string): string[] {
  try {
    const { method, params } = JSON.parse(frame) as { method: string; params: readonly unknown[] };
    const event = packedEvent({ method, args: params });
    // What goes from one peer to one other alone is for nobody else.
    if (event === undefined || event.startsWith(CONTROL_PREFIX)) return [];
    const pack = readPack(event, params);
    const head = eventHead(event);
    if (pack === undefined || head.plain.length * pack.events.length > MOST_OF_HEADS) return [];
    const batches: string[] = [];
    for (let i = 0; i < pack.events.length; i += MOST_IN_A_BATCH) {
      const end = i + MOST_IN_A_BATCH;
      const texts = pack.events.slice(i, end).map((args) => JSON.stringify(args));
      const [gs, traces] = [pack.gs.slice(i, end), pack.traces?.slice(i, end)];
      const requests = encodeRequests({ ...pack, head, n: pack.n + i, gs, texts, traces, after: undefined });
      batches.push(` [${requests.join(', ')}]`);
    }
    return batches;
  } catch {
    return [];
  }
}
