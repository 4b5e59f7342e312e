import { PayloadError } from '../errors.ts';

/**
 * The arguments of an event: as JSON; or as they are, from when it is sent to the end of that turn, for those that cannot change
 * meanwhile. JSON is made of all of a frame at once, which takes half of the time. Kept for longer, a text that was cut from a
 * larger one would keep that alive.
 */
export type Arguments = string | readonly unknown[];

/**
 * The JSON of what was found to have one. What it is may have changed since: values with a `toJSON`, or with getters, can
 * give something else each time.
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
 * How long the JSON of arguments is where nothing in them has to be escaped.
 * @param most - as many characters at most
 * @returns undefined for those that can change, or are longer
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
