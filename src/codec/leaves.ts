import { PayloadError } from '../errors.ts';
import { fromBase64 } from './base64.ts';

/**
 * How values that contain no others, and the fields of errors, are written in JSON. The functions that read them take
 * anything and throw a PayloadError for a value that makes no sense.
 */

/** The number of digits that Python reads by default. Reading many digits also takes more than proportionately long. */
const MOST_DIGITS = 4300;

/** The numbers that JSON does not have. */
const NUMBER = /^(?:NaN|-?Infinity|-0)$/;

/** Dates, also as Python writes them: with a `T`, and with any offset from UTC, but not without an offset. */
const DATE = /^((?:\d{4}|[+-]\d{6})-\d\d-(\d\d))T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/;

const ERRORS: ReadonlyMap<string, ErrorConstructor> = /* @__PURE__ */ byName([
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
]);

function byName(types: readonly ErrorConstructor[]): ReadonlyMap<string, ErrorConstructor> {
  return new Map(types.map((type) => [type.name, type]));
}

/** Returns the text for a number that JSON does not have; undefined for other numbers. */
export function numberText(value: number): string | undefined {
  // Dividing by a zero shows its sign.
  if (value === 0) return 1 / value > 0 ? undefined : '-0';
  return Number.isFinite(value) ? undefined : String(value);
}

export function readNumber(value: unknown): number {
  return typeof value === 'string' && NUMBER.test(value) ? Number(value) : malformed();
}

/** @throws PayloadError */
export function bigIntText(value: bigint): string {
  const text = String(value);
  if (text.length > MOST_DIGITS) throw new PayloadError(`it contains a BigInt of more than ${MOST_DIGITS} digits`);
  return text;
}

export function readBigInt(value: unknown): bigint {
  if (typeof value !== 'string' || value.length > MOST_DIGITS || !/^-?\d+$/.test(value)) return malformed();
  return BigInt(value);
}

/** Returns null for an invalid Date. */
export function dateText(value: Date): string | null {
  return Number.isNaN(value.getTime()) ? null : value.toISOString();
}

export function readDate(value: unknown): Date {
  if (value === null) return new Date(Number.NaN);
  const [, date, day] = (typeof value === 'string' && DATE.exec(value)) || [];
  // Some runtimes read the 30th of February as a day of March.
  if (new Date(`${date}T00:00Z`).getUTCDate() !== Number(day)) return malformed();
  const read = new Date(value as string);
  return Number.isNaN(read.getTime()) ? malformed() : read;
}

export function readBytes(value: unknown): Uint8Array {
  if (typeof value !== 'string') return malformed();
  try {
    return fromBase64(value);
  } catch {
    return malformed();
  }
}

/** Returns the fields of an error that are sent. The stack is not: it tells strangers about the sender's program. */
export function errorFields(error: Error): Record<string, unknown> {
  const { name, message, code }: { name: unknown; message: unknown; code?: unknown } = error;
  return {
    name: String(name),
    message: String(message),
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    ...('cause' in error && { cause: error.cause }),
  };
}

/** @param fields - as sent, with the cause decoded */
export function makeError(fields: Readonly<Record<string, unknown>>): Error {
  const { name, message, code } = fields;
  if (typeof name !== 'string' || typeof message !== 'string') return malformed();
  const error = new (ERRORS.get(name) ?? Error)(message, 'cause' in fields ? { cause: fields['cause'] } : undefined);
  if (error.name !== name) define(error, 'name', name);
  // Otherwise the stack would tell where the error was decoded.
  define(error, 'stack', `${name}: ${message}`);
  return typeof code === 'string' || typeof code === 'number' ? Object.assign(error, { code }) : error;
}

/** Defines a property like those that errors have by themselves. */
function define(error: Error, key: 'name' | 'stack', value: string): void {
  Object.defineProperty(error, key, { value, configurable: true, writable: true });
}

/** Throws the error for something that looks like an encoded value and is not one. */
export function malformed(): never {
  throw new PayloadError('it contains an object with a lone member that begins with $, which is no encoded value');
}
