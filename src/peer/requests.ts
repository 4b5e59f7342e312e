import { type Codec, decodeThen } from '../contract/codec.ts';
import { codecOf, type Contract, type InputsOf, type OutputsOf } from '../contract/contract.ts';
import type { RequestEntry } from '../contract/request.ts';
import type { InputOf, OutputOf, StandardSchema } from '../contract/standard-schema.ts';
import { type Parse, parserFor } from '../contract/validate.ts';
import type { AnyEvent, HandlerPoint } from '../events/event.ts';
import type { HasEventMap } from '../events/events.ts';

/** How to ask. */
export interface RequestOptions {
  /**
   * Milliseconds to wait for the answer; of a stream, for each.
   * @default 30_000; of a stream, Infinity
   */
  timeout?: number | undefined;
  /** Calls it off with the signal's reason. Whoever serves it is told. */
  signal?: AbortSignal | undefined;
  /**
   * Where several peers serve it, requests with the same key go to the same one of them, as long as it is there.
   * Without a key they take turns.
   */
  key?: string | undefined;
}

/** What asks: the arguments of the request, then options. */
export type Ask<E> =
  E extends RequestEntry<infer A, infer R, infer S>
    ? S extends true
      ? (...args: [...args: InputsOf<A>, options?: RequestOptions | undefined]) => AsyncIterable<OutputOf<R>>
      : (...args: [...args: InputsOf<A>, options?: RequestOptions | undefined]) => Promise<OutputOf<R>>
    : never;

/** What answers: it gets the arguments of the request, and a signal that aborts when the answer is not wanted any more. */
export type Handler<E> =
  E extends RequestEntry<infer A, infer R, infer S>
    ? (...args: [...args: HandlerArgs<A>, signal: AbortSignal]) => Answer<R, S>
    : never;

type HandlerArgs<A> = A extends readonly StandardSchema[] ? Required<OutputsOf<A>> : never;

// A text is an iterable of texts, too, but hardly meant as a stream of its characters: it is no object.
type Answer<R extends StandardSchema, S> = S extends true
  ? | AsyncIterable<InputOf<R>>
    | (Iterable<InputOf<R>> & object)
    | PromiseLike<AsyncIterable<InputOf<R>> | (Iterable<InputOf<R>> & object)>
  : InputOf<R> | PromiseLike<InputOf<R>>;

/** The functions that ask, by the names of the requests. */
export type Requests<C, N extends PropertyKey> = { readonly [K in N & keyof C]: Ask<C[K]> };

/**
 * Where handlers are connected, by the names of the requests. Calling one connects a handler. For `connect`, it has
 * handlers where events have their arguments.
 */
export type Served<C, N extends PropertyKey> = {
  readonly [K in N & keyof C]: HandlerPoint<Handler<C[K]>> & AnyEvent;
} & HasEventMap<{ [K in N & keyof C]: Handler<C[K]> }>;

/** What has to be known of a request. */
export interface RequestSpec {
  readonly name: string;
  readonly arity: number;
  readonly isStream: boolean;
  /** Checks, and decodes before if they come from the other side. */
  readonly parseArgs: Parse;
  readonly parseResult: Parse;
  /** How what leaves is encoded. */
  readonly codec: Codec | undefined;
}

/** @param role - whether this peer asks or answers: by that, what comes from the other side */
export function specsOf(
  contract: Contract,
  names: readonly string[],
  role: 'asks' | 'answers',
): Map<string, RequestSpec> {
  const codec = codecOf(contract);
  const decoding = (parse: Parse): Parse => (codec === undefined ? parse : decodeThen(codec, parse));
  return new Map(
    names.map((name) => {
      const { args, result, stream } = contract[name] as RequestEntry;
      const spec: RequestSpec = {
        name,
        arity: args.length,
        isStream: stream,
        parseArgs: role === 'answers' ? decoding(parserFor(args)) : parserFor(args),
        parseResult: role === 'asks' ? decoding(parserFor([result])) : parserFor([result]),
        codec,
      };
      return [name, spec];
    }),
  );
}
