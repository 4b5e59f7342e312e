import { PayloadError } from '../errors.ts';

/**
 * The arguments of an event: as JSON; or, if they cannot change meanwhile, as they are, from when the event is sent
 * until its batch leaves. Then the JSON of the whole batch is made at once, which takes half of the time. Arguments are
 * not kept as they are for longer: a string that was cut from a larger one would keep the larger one alive.
 */
export type Arguments = string | readonly unknown[];

/** How many bytes a unit of a text takes at most, which is when it is escaped. */
export const WIDEST = 6;

/**
 * Returns the JSON of a value that was found to have one. The value may have changed since: values with a `toJSON`, or
 * with getters, can give something else each time.
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
 * Returns how many characters the JSON of arguments has if nothing in them has to be escaped.
 * @param most - how many it may have
 * @returns undefined for arguments that can change, or have more characters, and for what is no JSON: a codec may have
 *   returned it
 */
export function plainLength(args: readonly unknown[], most: number): number | undefined {
  // The brackets and the commas.
  let length = Math.max(args.length, 1) + 1;
  for (const arg of args) {
    if (typeof arg === 'string') length += arg.length + 2;
    else if (arg === null || typeof arg === 'boolean' || Number.isFinite(arg)) length += String(arg).length;
    else return undefined;
  }
  return length <= most ? length : undefined;
}
