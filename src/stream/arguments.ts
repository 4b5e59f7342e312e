import { PayloadError } from '../errors.ts';

/**
 * The arguments of an event, as JSON or as they are. Arguments that cannot change stay as they are from when the event
 * is sent to the end of that turn. Then JSON is made of all arguments of a frame at once, which takes half of the time.
 * If nothing had to be escaped, their batch keeps this JSON as one list, and cuts a text out only when it is wanted.
 */
export type Arguments = string | readonly unknown[];

/**
 * Returns the JSON of a value that was found to have one. The value may have changed since: a `toJSON` or a getter can
 * return something else each time.
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
 * Returns how long the JSON of arguments is if nothing in them has to be escaped.
 * @param most - the largest length to return
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
