import type { Codec } from '../contract/codec.ts';
import { type ErrorDetails, PayloadError } from '../errors.ts';
import { jsonOf } from '../stream/arguments.ts';
import { describeUnsafeValue, findUnsafeValue, MOST_ARGUMENTS } from '../wire/payload.ts';

/** The messages that carry values out of a peer. */
type Kind = 'event' | 'request' | 'answer';

/**
 * Returns arguments as JSON carries them: without a codec, as they are.
 * @throws PayloadError, which names the first argument that cannot be carried
 */
export function payloadOf(
  kind: 'event' | 'request',
  name: string,
  args: readonly unknown[],
  codec: Codec | undefined,
): readonly unknown[] {
  if (args.length > MOST_ARGUMENTS) {
    throw new PayloadError(`${kind} '${name}' has more than ${MOST_ARGUMENTS} arguments`);
  }
  if (codec !== undefined) return args.map((arg, position) => carried(arg, codec, kind, name, position));
  for (let position = 0; position < args.length; position += 1) carried(args[position], codec, kind, name, position);
  return args;
}

/** Leaves out trailing undefined arguments. JSON has no `undefined`, and an argument that is missing is undefined. */
export function withoutLastUndefined(args: readonly unknown[]): readonly unknown[] {
  let { length } = args;
  while (length > 0 && args[length - 1] === undefined) length -= 1;
  return length === args.length ? args : args.slice(0, length);
}

/**
 * Returns an answer as JSON carries it. `undefined` stays as it is: it is not carried.
 * @throws PayloadError
 */
export function answerPayload(request: string, value: unknown, codec: Codec | undefined): unknown {
  return value === undefined ? value : carried(value, codec, 'answer', request, 0);
}

/** Returns what JSON makes of a value that it can carry. This copy does not change any more. @throws PayloadError */
export function copyOf<T>(value: T): T {
  return value === undefined ? value : (JSON.parse(jsonOf(value)) as T);
}

function carried(value: unknown, codec: Codec | undefined, kind: Kind, name: string, position: number): unknown {
  let reason: string;
  let details: ErrorDetails = {};
  try {
    if (codec !== undefined) return codec.encode(value);
    const found = findUnsafeValue(value);
    if (found === undefined) return value;
    reason = describeUnsafeValue(found);
  } catch (cause) {
    // Without a codec, the error comes from a getter or a `toJSON` of the user's, and may quote the value.
    reason = codec === undefined ? 'it cannot be read' : (cause as Error).message;
    details = { cause };
  }
  const what = kind === 'answer' ? `the answer to request '${name}'` : `argument ${position + 1} of ${kind} '${name}'`;
  throw new PayloadError(`${what} cannot be ${kind === 'event' ? 'published' : 'sent'}: ${reason}`, details);
}
