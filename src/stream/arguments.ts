import { PayloadError } from '../errors.ts';

/**
 * The arguments of an event, as JSON. Arguments that cannot change may also be kept as they are from the moment when the
 * event is sent to the end of that turn: JSON is then made of all arguments of a frame at once, which takes half the time.
 */
export type Arguments = string | readonly unknown[];

/**
 * Returns the JSON of a value that was found to have one. It may have changed since: values with a `toJSON` or with
 * getters can give something else each time.
 * @throws PayloadError
 */
export function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw new PayloadError('JSON could not be made of it', { cause });
  }
}

/**
 * Returns the length of the JSON of arguments in which nothing has to be escaped.
 * @param most - the most characters that it may have
 * @returns undefined for arguments that can change, or are longer
 */
export function plainLength(args: readonly unknown[], most: number): number | undefined {
  // The brackets, and the commas.
  let length = Math.max(args.length, 1) + 1;
  for (const arg of args) {
    if (typeof arg === 'string') length += arg.length + 2;
    else if (typeof arg === 'object' && arg !== null) return undefined;
    else length += String(arg).length;
  }
  return length <= most ? length : undefined;
}
