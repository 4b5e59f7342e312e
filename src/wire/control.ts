import { encodeNotification, requestHead } from './json-rpc.ts';
import { methodTo } from './names.ts';
import { type Pack, readPack } from './pack.ts';
import { isCount } from './stream-id.ts';

/**
 * Control messages: notifications whose method starts with `rpc.mr.`, which JSON-RPC reserves and Python peers silently
 * ignore. Their parameters are the kind, the sender, and what belongs to the kind.
 */

/** Events of one name: the last that was sent, and the first that a new subscriber is to have. */
export type Head = readonly [event: string, last: number, start: number];

/** Events of one name, `from` and `to` included. */
export type Range = readonly [event: string, from: number, to: number];

/** Events of one name that the publisher does not have any more; `g` is the number of the last one over all events. */
export type Gone = readonly [event: string, from: number, to: number, g: number];

/** What a peer tells about its contract. */
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
   * Who the sender is. It is answered by a hello, unless it is itself such an answer. `acked` tells a publisher how far
   * the sender got before.
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
      /** How many milliseconds ago it became ready, and whether its link has broken since; left out for just now. */
      readonly ready?: { readonly since: number; readonly hasBroken: boolean };
      /**
       * The events that it gets from a store, in which they are to be kept for it. Left out if there is no store; then
       * the sender keeps none there, either.
       */
      readonly durable?: readonly string[];
      /**
       * After how many milliseconds without a word the sender takes others for gone. It gives three signs of life
       * within these, so it is not to be taken for gone any earlier.
       */
      readonly silence?: number;
      /** About a channel: see the nak. */
      readonly forgot?: number;
    }
  /** The sender is still there. */
  | { readonly kind: 'alive' }
  /** The sender leaves; `heads` tell what it has sent last. */
  | { readonly kind: 'bye'; readonly heads: readonly Head[] }
  /**
   * How far the sender's events go, for a subscriber: by name, and as a number over all events. `window`: how many it
   * sends without an acknowledgement. `hasBroken`: whether the sender has heard in a hello that the receiver's link
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
  /**
   * The sender lacks these. `forgot`, about a channel only: how many peers the sender had forgotten when it met the
   * receiver. If that grows, the sender has forgotten the receiver, and what it got from it.
   */
  | { readonly kind: 'nak'; readonly ranges: readonly Range[]; readonly forgot?: number }
  /** To the broker: what can it do? And its answer: it gives packs to Python peers in a form they understand. */
  | { readonly kind: 'broker' }
  /** The events that a nak asked for, or the report that they are gone. */
  | { readonly kind: 'replay'; readonly packs: readonly Pack[]; readonly gone: readonly Gone[] };

/** A control message and who sent it. */
export interface Received {
  readonly sender: string;
  readonly control: Control;
}

/** @param to - the method of a peer, of all peers, or of the broker */
export function encodeControl(to: string, sender: string, control: Exclude<Control, { kind: 'replay' }>): string {
  const values = new Map<string, unknown>(Object.entries(control));
  const body = FORMS[control.kind].map(([name, , write]) => {
    const value = values.get(name);
    return value === undefined ? null : write === undefined ? value : write(value as never);
  });
  const end = body.findLastIndex((value) => value !== null) + 1;
  return encodeNotification(to, [control.kind, sender, ...body.slice(0, end)]);
}

/** @param packs - from {@link encodePack} */
export function encodeReplay(to: string, sender: string, packs: readonly string[], gone: readonly Gone[]): string {
  const head = requestHead(methodTo(to));
  return `${head}, "params": ["replay", ${JSON.stringify(sender)}, [${packs.join(', ')}], ${JSON.stringify(gone)}]}`;
}

/** Reads the parameters of a control message. Returns undefined for what is not a control message. */
export function readControl(args: readonly unknown[]): Received | undefined {
  const [kind, sender, ...body] = args;
  if (typeof sender !== 'string' || !isKind(kind)) return undefined;
  const control: Record<string, unknown> = { kind };
  for (const [place, [name, read, write]] of FORMS[kind].entries()) {
    const value = read(body[place]);
    if (value !== undefined) control[name] = value;
    else if (write === undefined) return undefined;
  }
  return { sender, control: control as unknown as Control };
}

/**
 * A parameter: the property that it becomes; how it is read, which returns undefined for what makes no sense; and, if
 * it may be null or left out at the end, how it is written.
 */
type Field = readonly [
  name: string,
  read: (value: unknown) => unknown,
  // It gets the value of the property.
  write?: (value: never) => unknown,
];

/** The parameters that follow the kind and the sender. */
const FORMS: Readonly<Record<Control['kind'], readonly Field[]>> = {
  probe: [['count', readCount]],
  mark: [['g', readCountOrZero]],
  hello: [
    ['subscribes', readNames],
    ['publishes', readNames],
    ['answer', readBoolean],
    ['acked', readCountOrZero],
    ['contract', readNote, writeNote],
    ['serves', readNames, asItIs],
    ['ready', readReady, writeReady],
    ['durable', readNames, asItIs],
    ['silence', readCount, asItIs],
    ['forgot', readCountOrZero, asItIs],
  ],
  alive: [],
  bye: [['heads', readPairs]],
  head: [
    ['heads', readPairs],
    ['g', readCountOrZero],
    ['window', readCount],
    ['hasBroken', readBoolean, asItIs],
  ],
  ack: [['g', readCountOrZero]],
  nak: [
    ['ranges', readPairs],
    ['forgot', readCountOrZero, asItIs],
  ],
  broker: [],
  replay: [
    ['packs', readPacks],
    ['gone', (value) => readTuples(value, 3)],
  ],
};

function isKind(value: unknown): value is Control['kind'] {
  return typeof value === 'string' && Object.hasOwn(FORMS, value);
}

function asItIs(value: unknown): unknown {
  return value;
}

function readBoolean(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

function readCount(value: unknown): number | undefined {
  return isCount(value) ? value : undefined;
}

function readCountOrZero(value: unknown): number | undefined {
  return value === 0 ? value : readCount(value);
}

function readNames(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) && value.every((name) => typeof name === 'string') ? value : undefined;
}

/** A list of names, each with two counts. */
function readPairs(value: unknown): readonly unknown[] | undefined {
  return readTuples(value, 2);
}

function readTuples(value: unknown, counts: number): readonly unknown[] | undefined {
  const isTuple = (tuple: unknown): boolean => {
    const [name, ...numbers] = Array.isArray(tuple) ? (tuple as readonly unknown[]) : [];
    return (
      typeof name === 'string' &&
      numbers.length === counts &&
      numbers.every((number) => readCountOrZero(number) !== undefined)
    );
  };
  return Array.isArray(value) && value.every(isTuple) ? value : undefined;
}

function readPacks(value: unknown): Pack[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const packs = value.map((one) => {
    const [event, ...rest] = Array.isArray(one) ? (one as readonly unknown[]) : [];
    return typeof event === 'string' ? readPack(event, rest) : undefined;
  });
  return packs.filter((pack) => pack !== undefined);
}

/** Reads what a peer says of its contract; undefined if that makes no sense, as if it had none. */
function readNote(value: unknown): ContractNote | undefined {
  if (!Array.isArray(value)) return undefined;
  const [refuses, events, codec] = value as readonly unknown[];
  return typeof refuses === 'boolean' && Array.isArray(events) && events.every(isFingerprint)
    ? { refuses, events, ...(typeof codec === 'string' && { codec }) }
    : undefined;
}

function isFingerprint(value: unknown): boolean {
  return (readNames(value)?.length ?? 0) > 0;
}

function writeNote({ refuses, events, codec }: ContractNote): unknown[] {
  return codec === undefined ? [refuses, events] : [refuses, events, codec];
}

function readReady(value: unknown): (Control & { kind: 'hello' })['ready'] {
  if (!Array.isArray(value)) return undefined;
  const [since, hasBroken] = value as readonly unknown[];
  const isOne = readCountOrZero(since) !== undefined && typeof hasBroken === 'boolean';
  return isOne ? { since: since as number, hasBroken } : undefined;
}

function writeReady({ since, hasBroken }: NonNullable<ReturnType<typeof readReady>>): unknown[] {
  return [since, hasBroken];
}
