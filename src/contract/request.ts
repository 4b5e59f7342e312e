import { ConnectError } from '../errors.ts';
import { isSchema, type StandardSchema } from './standard-schema.ts';

/**
 * The entry of a contract for a request: schemas for the arguments, and one for the answer, or for each answer of a
 * stream.
 */
export interface RequestEntry<
  A extends readonly StandardSchema[] = readonly StandardSchema[],
  R extends StandardSchema = StandardSchema,
  S extends boolean = boolean,
> {
  /** Tells the entry apart from the events in a contract. */
  readonly kind: 'request';
  /** A schema for each argument. */
  readonly args: A;
  /** The schema of the answer, or of each answer. */
  readonly result: R;
  /** Whether there may be any number of answers. */
  readonly stream: S;
}

/**
 * Declares a request in a contract, which can be made to the peers that serve it.
 *
 * ```ts
 * const shop = contract({ price_of: request([z.string()], z.number()) });
 * ```
 *
 * @param args - a schema for each argument
 * @param result - the schema of the answer
 * @throws ConnectError for something that is not a schema
 */
export function request<const A extends readonly StandardSchema[], R extends StandardSchema>(
  args: A,
  result: R,
): RequestEntry<A, R, false> {
  return entry(args, result, false);
}

/**
 * Declares a request in a contract that has any number of answers, one after the other.
 *
 * ```ts
 * const shop = contract({ prices_of: requestStream([z.string()], z.number()) });
 * ```
 *
 * @param args - a schema for each argument
 * @param item - the schema of each answer
 * @throws ConnectError for something that is not a schema
 */
export function requestStream<const A extends readonly StandardSchema[], R extends StandardSchema>(
  args: A,
  item: R,
): RequestEntry<A, R, true> {
  return entry(args, item, true);
}

function entry<A extends readonly StandardSchema[], R extends StandardSchema, S extends boolean>(
  args: A,
  result: R,
  stream: S,
): RequestEntry<A, R, S> {
  const made = { kind: 'request', args, result, stream } as const;
  if (isRequest(made)) return Object.freeze(made);
  throw new ConnectError('a request takes a list of schemas for its arguments, and a schema for its result');
}

/** Whether an entry of a contract is a request. */
export function isRequest(value: unknown): value is RequestEntry {
  const { kind, args, result } = (value ?? {}) as Partial<RequestEntry>;
  return kind === 'request' && Array.isArray(args) && areSchemas([...args, result]);
}

/** Whether a list has nothing but schemas. Holes are none. */
export function areSchemas(list: readonly unknown[]): boolean {
  return [...list].every(isSchema);
}
