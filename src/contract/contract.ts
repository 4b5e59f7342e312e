import { ConnectError } from '../errors.ts';
import type { AnyEvent, Event } from '../events/event.ts';
import { CODEC, type Codec, isCodec } from './codec.ts';
import { areSchemas, isRequest, type RequestEntry } from './request.ts';
import type { InputOf, OutputOf, StandardSchema } from './standard-schema.ts';

/**
 * The entry of a contract under a name: a schema for each argument of an event; an event made with
 * `event<[…]>()`, which is there only for its types; or a request.
 */
export type ContractEntry = readonly StandardSchema[] | AnyEvent | RequestEntry;

/** Names, each with what crosses sockets under it. */
export interface Contract {
  readonly [name: string]: ContractEntry;
  readonly [CODEC]?: Codec;
}

/** Options for a whole contract. */
export interface ContractOptions {
  /**
   * The codec that carries values that JSON does not have: `extendedValues`. Without a codec, only JSON is accepted,
   * and it is sent as a peer without a contract would send it.
   */
  readonly codec?: Codec | undefined;
}

/** The events of a contract, without its requests. */
export type EventsIn<C> = { [N in keyof C as C[N] extends RequestEntry ? never : N]: C[N] };

/** The names of the events in a contract. */
export type EventNameIn<C> = keyof EventsIn<C> & string;

/** The names of the requests in a contract. */
export type RequestNameIn<C> = Exclude<keyof C & string, EventNameIn<C>>;

/** The arguments of an event as listeners get them: the outputs of the schemas. */
export type ReceivedArgs<E> = E extends Event<infer A> ? A : E extends readonly StandardSchema[] ? OutputsOf<E> : never;

/** The arguments of an event as they are published: the inputs of the schemas. */
export type PublishedArgs<E> = E extends Event<infer A> ? A : E extends readonly StandardSchema[] ? InputsOf<E> : never;

/** What the schemas make of the arguments. */
export type OutputsOf<S extends readonly StandardSchema[]> = { -readonly [I in keyof S]: OutputOf<S[I]> };

/** What the schemas take. The last arguments may be left out if their schemas take undefined. */
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
 * library that follows Standard Schema. Peers with a contract check what arrives and what they publish.
 *
 * ```ts
 * export const shop = contract({
 *   request_product: [],
 *   produced: [z.string(), z.number()],
 *   cleaned: event<[room: string]>(), // types only, nothing is checked
 * });
 * ```
 *
 * Contracts are plain objects and can be combined: `contract({ ...shop, ...bar })`. The result takes along the codec
 * of either. A contract has only one codec: if both have one, it is that of the last.
 *
 * @param entries - names, each with what crosses under it
 * @param options - options for all of the entries: the codec, if there is one
 * @throws ConnectError for entries that are none of these, and for a codec that is not a codec
 */
export function contract<const C extends Contract>(entries: C, { codec }: ContractOptions = {}): C {
  if (typeof entries !== 'object' || entries === null) throw new ConnectError('a contract must be an object');
  const found: unknown = codec === undefined ? entries[CODEC] : codec;
  if (found !== undefined && !isCodec(found)) {
    throw new ConnectError('the codec of a contract must be an object such as `extendedValues`');
  }
  for (const [name, entry] of Object.entries(entries)) {
    if (name === '' || name === '__proto__') throw new ConnectError(`'${name}' cannot be a name in a contract`);
    if (isRequest(entry) || isEventEntry(entry) || (isList(entry) && areSchemas(entry))) continue;
    throw new ConnectError(
      `'${name}' in a contract must be a list with a schema for each argument, event<[…]>() or request(…)`,
    );
  }
  return Object.freeze({ ...entries, ...(codec !== undefined && { [CODEC]: codec }) });
}

/** Returns the codec of a contract; undefined if it has none. */
export function codecOf(contract: Contract): Codec | undefined {
  return contract[CODEC];
}

/** Returns the schemas of an event's arguments; undefined if there are only types. */
export function schemasOf(entry: ContractEntry): readonly StandardSchema[] | undefined {
  return isList(entry) ? entry : undefined;
}

/** Whether something is a list. `Array.isArray` does not narrow the types of readonly lists. */
export function isList<T>(value: T): value is Extract<T, readonly unknown[]> {
  return Array.isArray(value);
}

/** Whether an entry is an event. This is decided by its form, so that this folder needs no other at run time. */
function isEventEntry(entry: ContractEntry): boolean {
  return typeof entry === 'function' && 'addListener' in entry;
}
