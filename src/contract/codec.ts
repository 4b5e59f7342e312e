import type { Parse } from './validate.ts';

/**
 * Carries values that JSON does not have across sockets, as JSON that says what they are. A codec is given to
 * `contract`, and all peers of that contract use it. This package has one, `extendedValues`.
 */
export interface Codec {
  /** The name that peers tell each other. Two peers that do not use the same codec report `contractMismatch`. */
  readonly name: string;
  /**
   * Returns a value as JSON carries it, no deeper than 64 levels. The result is not checked again. A value that needs
   * no change is returned as it is.
   * @throws PayloadError for a value that cannot be carried; the message says why, and contains nothing of the value
   */
  readonly encode: (value: unknown) => unknown;
  /**
   * Returns the value that was encoded.
   * @throws PayloadError for something that looks like an encoded value and is not one
   */
  readonly decode: (value: unknown) => unknown;
}

/** The key under which a contract has its codec. Spreading a contract into another one takes the codec along. */
export const CODEC: unique symbol = Symbol.for('mreventloop.codec');

/** Whether a value has the form of a codec. */
export function isCodec(value: unknown): value is Codec {
  const { name, encode, decode } = (value ?? {}) as Partial<Codec>;
  return typeof name === 'string' && typeof encode === 'function' && typeof decode === 'function';
}

/** Decodes arguments and then checks them, if there is a parser to check them with. Never throws. */
export function decodeThen(codec: Codec, parse: Parse | undefined): Parse {
  return (args) => {
    const values: unknown[] = [];
    try {
      for (const arg of args) values.push(codec.decode(arg));
    } catch {
      // The error is left out, because it may quote the value.
      return { reason: 'codec', argument: values.length + 1 };
    }
    return parse === undefined ? values : parse(values);
  };
}
