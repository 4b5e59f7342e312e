import type { Codec } from '../contract/codec.ts';
import { PayloadError } from '../errors.ts';
import { describeUnsafeValue, findUnsafeValue } from '../wire/payload.ts';

/** What leaves a peer with values. */
type Kind = 'event' | 'request' | 'answer';

/**
 * Arguments as JSON carries them: without a codec, as they are.
 * @throws PayloadError, which names the first that cannot be carried
 */
export function payloadOf(
  kind: 'event' | 'request',
  name: string,
  args: readonly unknown[],
  codec: Codec | undefined,
): readonly unknown[] {
  if (codec !== undefined) return args.map((arg, position) => encode(arg, codec, kind, name, position));
  for (let position = 0; position < args.length; position += 1) check(args[position], kind, name, position);
  return args;
}

/**
 * An answer as JSON carries it. That there is nothing to say needs no carrying.
 * @throws PayloadError
 */
export function answerPayload(request: string, value: unknown, codec: Codec | undefined): unknown {
  if (value === undefined) return value;
  if (codec !== undefined) return encode(value, codec, 'answer', request, 0);
  check(value, 'answer', request, 0);
  return value;
}

function check(value: unknown, kind: Kind, name: string, position: number): void {
  const found = findUnsafeValue(value);
  if (found !== undefined) throw refusal(kind, name, position, describeUnsafeValue(found));
}

function encode(value: unknown, codec: Codec, kind: Kind, name: string, position: number): unknown {
  try {
    return codec.encode(value);
  } catch (error) {
    // Others are not of the codec, but of a getter or a `toJSON` of the user's: they may quote the value.
    const reason = error instanceof PayloadError ? error.message : 'it cannot be read';
    throw refusal(kind, name, position, reason, error);
  }
}

function refusal(kind: Kind, name: string, position: number, reason: string, cause?: unknown): PayloadError {
  const what = kind === 'answer' ? `the answer to request '${name}'` : `argument ${position + 1} of ${kind} '${name}'`;
  const message = `${what} cannot be ${kind === 'event' ? 'published' : 'sent'}: ${reason}`;
  return new PayloadError(message, cause === undefined ? {} : { cause });
}
