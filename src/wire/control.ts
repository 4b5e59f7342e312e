import { encodeNotification, requestHead } from './json-rpc.ts';
import { methodTo } from './names.ts';
import { type Pack, readPack } from './pack.ts';
import { isCount } from './stream-id.ts';

/**
 * Control messages: notifications whose method starts with `rpc.mr.`, which JSON-RPC reserves and
 * Python peers pass over in silence. Their parameters are the kind, the sender, and what the kind says.
 */

/** Events of one name: the last that was sent, and the first that a new subscriber is to have. */
export type Head = readonly [event: string, last: number, start: number];

/** Events of one name, `from` and `to` included. */
export type Range = readonly [event: string, from: number, to: number];

/** Events of one name that the publisher does not have any more; `g` is the number of the last one over all events. */
export type Gone = readonly [event: string, from: number, to: number, g: number];

/** What a peer says of its contract. */
export interface ContractNote {
  /** Whether events that differ are to be refused. */
  readonly refuses: boolean;
  /** For each event that has schemas: its name, and a short text for each argument; see docs/wire.md. */
  readonly events: readonly (readonly [event: string, ...args: string[]])[];
  /** The name of its codec; left out without one. */
  readonly codec?: string;
}

export type Control =
  /** To the sender itself: are both ways through the broker open? */
  | { readonly kind: 'probe'; readonly count: number }
  /** To the sender itself: the broker has its events up to `g`. */
  | { readonly kind: 'mark'; readonly g: number }
  /**
   * Who the sender is. Answered by a hello, unless it is the answer to one. `acked` tells a publisher how
   * far the sender got before.
   */
  | {
      readonly kind: 'hello';
      readonly subscribes: readonly string[];
      readonly publishes: readonly string[];
      readonly answer: boolean;
      readonly acked: number;
      /** Left out by peers without a contract. */
      readonly contract?: ContractNote;
      /** The requests that it answers; left out by peers that answer none. */
      readonly serves?: readonly string[];
      /** How many milliseconds ago it became ready, and whether its link has broken since; left out when it was just now. */
      readonly ready?: { readonly since: number; readonly hasBroken: boolean };
      /**
       * The events that it gets of a store, where they are to be kept for it; left out where there is no store, and then
       * the sender keeps none there, either.
       */
      readonly durable?: readonly string[];
    }
  /** The sender is still there. */
  | { readonly kind: 'alive' }
  /** The sender leaves; `heads` tell what it has sent last. */
  | { readonly kind: 'bye'; readonly heads: readonly Head[] }
  /**
   * How far the sender's events go, for a subscriber: by name, and as a number over all events. `window`: how many
   * it sends without an acknowledgement. `hasBroken`: whether the sender has heard, in a hello, that the receiver's link
   * broke.
   */
  | {
      readonly kind: 'head';
      readonly heads: readonly Head[];
      readonly g: number;
      readonly window: number;
      readonly hasBroken?: boolean;
    }
  /** The sender has delivered what it wanted of the receiver's events up to `g`. */
  | { readonly kind: 'ack'; readonly g: number }
  /** The sender lacks these. */
  | { readonly kind: 'nak'; readonly ranges: readonly Range[] }
  /** To the broker: what can it do? And its answer: it gives packs to Python peers in a form they understand. */
  | { readonly kind: 'broker' }
  /** What was asked for by a nak, or that it is gone. */
  | { readonly kind: 'replay'; readonly packs: readonly Pack[]; readonly gone: readonly Gone[] };

/** A control message and who sent it. */
export interface Received {
  readonly sender: string;
  readonly control: Control;
}

/** @param to - a method: of a peer, of all, or of the broker */
export function encodeControl(to: string, sender: string, control: Exclude<Control, { kind: 'replay' }>): string {
  return encodeNotification(to, [control.kind, sender, ...body(control)]);
}

/** @param packs - from {@link encodePack} */
export function encodeReplay(to: string, sender: string, packs: readonly string[], gone: readonly Gone[]): string {
  const head = requestHead(methodTo(to));
  return `${head}, "params": ["replay", ${JSON.stringify(sender)}, [${packs.join(', ')}], ${JSON.stringify(gone)}]}`;
}

/** Reads the parameters of a control message; undefined for what is none. */
export function readControl(args: readonly unknown[]): Received | undefined {
  const [kind, sender, ...rest] = args;
  if (typeof sender !== 'string') return undefined;
  const control = readBody(kind, rest);
  return control === undefined ? undefined : { sender, control };
}

function body(control: Exclude<Control, { kind: 'replay' }>): unknown[] {
  switch (control.kind) {
    case 'probe':
      return [control.count];
    case 'hello':
      return [control.subscribes, control.publishes, control.answer, control.acked, ...notes(control)];
    case 'alive':
    case 'broker':
      return [];
    case 'bye':
      return [control.heads];
    case 'head':
      return [control.heads, control.g, control.window, ...(control.hasBroken === true ? [true] : [])];
    case 'ack':
    case 'mark':
      return [control.g];
    case 'nak':
      return [control.ranges];
  }
}

/** What may be left out, as far as nothing follows. */
function notes({ contract, serves, ready, durable }: Control & { kind: 'hello' }): unknown[] {
  const all = [
    contract === undefined ? null : noteOf(contract),
    serves ?? null,
    ready === undefined ? null : [ready.since, ready.hasBroken],
    durable ?? null,
  ];
  return all.slice(0, all.findLastIndex((note) => note !== null) + 1);
}

function noteOf({ refuses, events, codec }: ContractNote): unknown[] {
  return codec === undefined ? [refuses, events] : [refuses, events, codec];
}

function readBody(
  kind: unknown,
  [first, second, third, fourth, fifth, sixth, seventh, eighth]: readonly unknown[],
): Control | undefined {
  switch (kind) {
    case 'probe':
      return isCount(first) ? { kind, count: first } : undefined;
    case 'hello':
      return areNames(first) && areNames(second) && typeof third === 'boolean' && isCountOrZero(fourth)
        ? {
            kind,
            subscribes: first,
            publishes: second,
            answer: third,
            acked: fourth,
            ...readNote(fifth),
            ...(areNames(sixth) && { serves: sixth }),
            ...readReady(seventh),
            ...(areNames(eighth) && { durable: eighth }),
          }
        : undefined;
    case 'alive':
      return { kind };
    case 'bye':
      return areTuples<Head>(first, 2) ? { kind, heads: first } : undefined;
    case 'head':
      return areTuples<Head>(first, 2) && isCountOrZero(second) && isCount(third)
        ? { kind, heads: first, g: second, window: third, ...(fourth === true && { hasBroken: true }) }
        : undefined;
    case 'ack':
    case 'mark':
      return isCountOrZero(first) ? { kind, g: first } : undefined;
    case 'nak':
      return areTuples<Range>(first, 2) ? { kind, ranges: first } : undefined;
    case 'replay':
      return Array.isArray(first) && areTuples<Gone>(second, 3)
        ? { kind, packs: readPacks(first), gone: second }
        : undefined;
    case 'broker':
      return { kind };
    default:
      return undefined;
  }
}

function readPacks(values: readonly unknown[]): Pack[] {
  const packs = values.map((value) => {
    const [event, ...rest] = Array.isArray(value) ? (value as readonly unknown[]) : [];
    return typeof event === 'string' ? readPack(event, rest) : undefined;
  });
  return packs.filter((pack) => pack !== undefined);
}

/** What makes no sense counts as none: nothing but a report depends on it. */
function readNote(value: unknown): { contract?: ContractNote } {
  if (!Array.isArray(value)) return {};
  const [refuses, events, codec] = value as readonly unknown[];
  return typeof refuses === 'boolean' && Array.isArray(events) && events.every(isFingerprint)
    ? { contract: { refuses, events, ...(typeof codec === 'string' && { codec }) } }
    : {};
}

function readReady(value: unknown): { ready?: { since: number; hasBroken: boolean } } {
  if (!Array.isArray(value)) return {};
  const [since, hasBroken] = value as readonly unknown[];
  return isCountOrZero(since) && typeof hasBroken === 'boolean' ? { ready: { since, hasBroken } } : {};
}

function isFingerprint(value: unknown): value is ContractNote['events'][number] {
  return areNames(value) && value.length > 0;
}

function isCountOrZero(value: unknown): value is number {
  return value === 0 || isCount(value);
}

function areNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}

/** Whether a value is a list of names, each with so many counts. */
// The caller says which tuple it asks for.
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
function areTuples<T extends readonly [string, ...number[]]>(value: unknown, counts: number): value is readonly T[] {
  return (
    Array.isArray(value) &&
    value.every(
      (tuple) =>
        Array.isArray(tuple) &&
        tuple.length === counts + 1 &&
        typeof tuple[0] === 'string' &&
        tuple.slice(1).every(isCountOrZero),
    )
  );
}
