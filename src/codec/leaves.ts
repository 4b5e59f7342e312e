import { PayloadError } from '../errors.ts';
import { fromBase64 } from './base64.ts';

/**
 * Values that hold no others, and what errors say: how they are written in JSON. What reads them takes anything and
 * throws a PayloadError for what makes no sense.
 */

/** So many digits Python reads unless it is told otherwise; and reading many takes more than proportionately long. */
const MOST_DIGITS = 4300;

/** The numbers that JSON does not have. */
const NUMBER = /^(?:NaN|-?Infinity|-0)$/;

/** As Python writes them, too: with a `T`, and any offset from UTC, but not without one. */
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

/** How a number is written that JSON does not have; undefined for others. */
export function numberText(value: number): string | undefined {
  // Dividing by zero tells its sign.
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

/** Null for a Date that is none. */
export function dateText(value: Date): string | null {
  return Number.isNaN(value.getTime()) ? null : value.toISOString();
}

export function readDate(value: unknown): Date {
  if (value === null) return new Date(Number.NaN);
  const [, date, day] = (typeof value === 'string' && DATE.exec(value)) || [];
  // Some runtimes take the 30th of February for the 1st of March.
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

/** What is sent of an error. Its stack is not: it tells strangers about the sender's program. */
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
  // Otherwise it would tell where it was decoded.
  define(error, 'stack', `${name}: ${message}`);
  return typeof code === 'string' || typeof code === 'number' ? Object.assign(error, { code }) : error;
}

/** Like the properties that errors have by themselves. */
function define(error: Error, key: 'name' | 'stack', value: string): void {
  Object.defineProperty(error, key, { value, configurable: true, writable: true });
}

/** For what looks like an encoded value and is none. */
export function malformed(): never {
  throw new PayloadError('it contains an object with a lone member that begins with $, which is no encoded value');
}
