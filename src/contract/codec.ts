import type { Parse } from './validate.ts';

/**
 * How values that JSON does not have cross sockets: as JSON that says what they are. It is given to `contract`, and
 * all peers of that contract use it. This package has one, `extendedValues`.
 */
export interface Codec {
  /** Peers tell it to each other: two that do not use the same report `contractMismatch`. */
  readonly name: string;
  /**
   * A value as JSON carries it, no deeper than 64 levels, which is not checked again. What needs no change is given
   * back as it is.
   * @throws PayloadError for what cannot be carried; its message says why, and holds nothing of the value
   */
  readonly encode: (value: unknown) => unknown;
  /**
   * The value that was encoded.
   * @throws PayloadError for what is no such value, but only looks like one
   */
  readonly decode: (value: unknown) => unknown;
}

/** Where a contract has its codec. Spreading a contract into another one takes it along. */
export const CODEC: unique symbol = Symbol.for('mreventloop.codec');

/** Whether a value has the form of a codec. */
export function isCodec(value: unknown): value is Codec {
  const { name, encode, decode } = (value ?? {}) as Partial<Codec>;
  return typeof name === 'string' && typeof encode === 'function' && typeof decode === 'function';
}

/** Decodes arguments and then checks them, where there is something to check them with. Never throws. */
export function decodeThen(codec: Codec, parse: Parse | undefined): Parse {
  return (args) => {
    const values: unknown[] = [];
    try {
      for (const arg of args) values.push(codec.decode(arg));
    } catch {
      // What was thrown may quote the value.
      return { reason: 'codec', argument: values.length + 1 };
    }
    return parse === undefined ? values : parse(values);
  };
}
