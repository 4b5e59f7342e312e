import { ConnectError } from '../errors.ts';
import { isSchema, type StandardSchema } from './standard-schema.ts';

/** The entry of a contract for something that can be asked: schemas for the arguments, and one for the answer. */
export interface RequestEntry<A extends readonly StandardSchema[] = readonly StandardSchema[], R = StandardSchema> {
  readonly kind: 'request';
  readonly args: A;
  readonly result: R;
}

/**
 * Declares in a contract what can be asked of the peers that serve it.
 *
 * ```ts
 * const shop = contract({ price_of: request([z.string()], z.number()) });
 * ```
 *
 * @throws ConnectError for what is no schema
 */
export function request<const A extends readonly StandardSchema[], R extends StandardSchema>(
  args: A,
  result: R,
): RequestEntry<A, R> {
  if (!Array.isArray(args) || ![...args, result].every(isSchema)) {
    throw new ConnectError('a request takes a list of schemas for its arguments, and a schema for its result');
  }
  return Object.freeze({ kind: 'request', args, result });
}

/** Whether an entry of a contract is a request. */
export function isRequest(entry: unknown): entry is RequestEntry {
  return typeof entry === 'object' && entry !== null && (entry as Partial<RequestEntry>).kind === 'request';
}
