import { type Codec, decodeThen } from '../contract/codec.ts';
import { codecOf, type Contract, type InputsOf, type OutputsOf } from '../contract/contract.ts';
import type { RequestEntry } from '../contract/request.ts';
import type { InputOf, OutputOf, StandardSchema } from '../contract/standard-schema.ts';
import { type Parse, parserFor } from '../contract/validate.ts';
import type { AnyEvent, HandlerPoint } from '../events/event.ts';
import type { HasEventMap } from '../events/events.ts';

/** How to send a request. */
export interface RequestOptions {
  /**
   * Milliseconds to wait for the answer; in a stream, for each answer.
   * @default 30_000; of a stream, Infinity
   */
  timeout?: number | undefined;
  /**
   * Cancels the request with the signal's reason. The peer that serves it is notified. Answers of a stream that were
   * not read yet are dropped.
   */
  signal?: AbortSignal | undefined;
  /**
   * If several peers serve the request, requests with the same key go to the same peer, as long as it is there. Without
   * a key, the peers take turns.
   */
  key?: string | undefined;
}

/** A function that sends a request. It takes the arguments of the request, then options. */
export type Ask<E> =
  E extends RequestEntry<infer A, infer R, infer S>
    ? S extends true
      ? (...args: [...args: InputsOf<A>, options?: RequestOptions | undefined]) => AsyncIterable<OutputOf<R>>
      : (...args: [...args: InputsOf<A>, options?: RequestOptions | undefined]) => Promise<OutputOf<R>>
    : never;

/** A handler of a request. It gets the arguments, and a signal that aborts when the answer is no longer wanted. */
export type Handler<E> =
  E extends RequestEntry<infer A, infer R, infer S>
    ? (...args: [...args: HandlerArgs<A>, signal: AbortSignal]) => Answer<R, S>
    : never;

type HandlerArgs<A> = A extends readonly StandardSchema[] ? Required<OutputsOf<A>> : never;

// A string is an iterable of strings, too, but is hardly meant as a stream of its characters. `object` excludes it.
type Answer<R extends StandardSchema, S> = S extends true
  ? | AsyncIterable<InputOf<R>>
    | (Iterable<InputOf<R>> & object)
    | PromiseLike<AsyncIterable<InputOf<R>> | (Iterable<InputOf<R>> & object)>
  : InputOf<R> | PromiseLike<InputOf<R>>;

/** The functions that send requests, by the names of the requests. */
export type Requests<C, N extends PropertyKey> = { readonly [K in N & keyof C]: Ask<C[K]> };

/**
 * The points to which handlers are connected, by the names of the requests. Calling one connects a handler. For
 * `connect`, the type holds a handler for each name, where the type of events holds arguments.
 */
export type Served<C, N extends PropertyKey> = {
  readonly [K in N & keyof C]: HandlerPoint<Handler<C[K]>> & AnyEvent;
} & HasEventMap<{ [K in N & keyof C]: Handler<C[K]> }>;

/** What a peer has to know about a request. */
export interface RequestSpec {
  readonly name: string;
  readonly arity: number;
  readonly isStream: boolean;
  /** Checks the arguments, and decodes them first if they come from the other side. */
  readonly parseArgs: Parse;
  readonly parseResult: Parse;
  /** How outgoing values are encoded. */
  readonly codec: Codec | undefined;
}

/** @param role - whether this peer asks or answers; this decides what comes from the other side */
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
