/**
 * The arguments of an event: as JSON; or as they are, from when it is sent to the end of that turn, for those that cannot change
 * meanwhile. JSON is made of all of a frame at once, which takes half of the time. Kept for longer, a text that was cut from a
 * larger one would keep that alive.
 */
export type Arguments = string | readonly unknown[];

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
