import { ConnectError } from '../errors.ts';
import type { AnyEvent, Event } from '../events/event.ts';
import { CODEC, type Codec, isCodec } from './codec.ts';
import { isRequest, type RequestEntry } from './request.ts';
import { type InputOf, isSchema, type OutputOf, type StandardSchema } from './standard-schema.ts';

/**
 * What stands in a contract under a name: a schema for each argument of an event; an event made with
 * `event<[…]>()`, which is there for its types only; or a request.
 */
export type ContractEntry = readonly StandardSchema[] | AnyEvent | RequestEntry;

/** Names, and what crosses sockets under them. */
export interface Contract {
  readonly [name: string]: ContractEntry;
  readonly [CODEC]?: Codec;
}

/** What holds for a whole contract. */
export interface ContractOptions {
  /**
   * How values that JSON does not have cross sockets: `extendedValues`. Without one, only JSON is taken, and what
   * crosses is what a peer without a contract would send.
   */
  readonly codec?: Codec | undefined;
}

/** The events of a contract, without its requests. */
export type EventsIn<C> = { [N in keyof C as C[N] extends RequestEntry ? never : N]: C[N] };

/** The names of the events in a contract. */
export type EventNameIn<C> = keyof EventsIn<C> & string;

/** The names of the requests in a contract. */
export type RequestNameIn<C> = Exclude<keyof C & string, EventNameIn<C>>;

/** The arguments of an event as listeners get them: what the schemas make of them. */
export type ReceivedArgs<E> = E extends Event<infer A> ? A : E extends readonly StandardSchema[] ? OutputsOf<E> : never;

/** The arguments of an event as they are published: what the schemas take. */
export type PublishedArgs<E> = E extends Event<infer A> ? A : E extends readonly StandardSchema[] ? InputsOf<E> : never;

/** What schemas make of the arguments. */
export type OutputsOf<S extends readonly StandardSchema[]> = { -readonly [I in keyof S]: OutputOf<S[I]> };

/** What schemas take. The last arguments may be left out where their schemas take undefined. */
export type InputsOf<S extends readonly StandardSchema[]> = OptionalAtTheEnd<{
  -readonly [I in keyof S]: InputOf<S[I]>;
}>;

type OptionalAtTheEnd<T extends readonly unknown[]> = T extends [...infer Before, infer Last]
  ? undefined extends Last
    ? [...OptionalAtTheEnd<Before>, Last?]
    : T
  : T;

/**
 * Declares what crosses sockets: the names of events and, for each, a schema for every argument, from any
 * library that follows Standard Schema. Peers that are given it check what arrives and what they publish.
 *
 * ```ts
 * export const shop = contract({
 *   request_product: [],
 *   produced: [z.string(), z.number()],
 *   cleaned: event<[room: string]>(), // types only, nothing is checked
 * });
 * ```
 *
 * Contracts are plain objects and compose: `contract({ ...shop, ...bar })`, which takes along the codec of either. A
 * contract has one codec: if both have one, that of the last.
 *
 * @param entries - names, each with what crosses under it
 * @param options - what holds for all of them: the codec, if there is one
 * @throws ConnectError for entries that are none of these, and for a codec that is none
 */
export function contract<const C extends Contract>(entries: C, { codec }: ContractOptions = {}): C {
  if (typeof entries !== 'object' || entries === null) throw new ConnectError('a contract must be an object');
  const found: unknown = codec === undefined ? entries[CODEC] : codec;
  if (found !== undefined && !isCodec(found)) {
    throw new ConnectError('the codec of a contract must be an object such as `extendedValues`');
  }
  for (const [name, entry] of Object.entries(entries)) {
    if (name === '' || name === '__proto__') throw new ConnectError(`'${name}' cannot be a name in a contract`);
    if (isRequest(entry) || isEventEntry(entry) || (isList(entry) && entry.every(isSchema))) continue;
    throw new ConnectError(
      `'${name}' in a contract must be a list with a schema for each argument, event<[…]>() or request(…)`,
    );
  }
  return Object.freeze({ ...entries, ...(codec !== undefined && { [CODEC]: codec }) });
}

/** How values cross that JSON does not have; undefined where they do not. */
export function codecOf(contract: Contract): Codec | undefined {
  return contract[CODEC];
}

/** The schemas of an event's arguments; undefined where there are only types. */
export function schemasOf(entry: ContractEntry): readonly StandardSchema[] | undefined {
  return isList(entry) ? entry : undefined;
}

/** Whether something is a list: `Array.isArray` does not tell the compiler of those that are readonly. */
export function isList<T>(value: T): value is Extract<T, readonly unknown[]> {
  return Array.isArray(value);
}

/** Whether an entry is an event. It is told by its form: this folder needs nothing of the others at run time. */
function isEventEntry(entry: ContractEntry): boolean {
  return typeof entry === 'function' && 'addListener' in entry;
}
