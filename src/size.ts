/**
 * The number of bytes that an event may have if its route sets no limit. A frame has to be one string, which may have
 * about twice as many characters.
 */
export const LARGEST: number = 268_435_456;

/** How many bytes a message may have that is read into one string, whatever its characters are. */
export const LONGEST: number = 536_870_887;

/** Whether a text has more bytes in UTF-8 than the given number. Each unit of the text takes at most three bytes. */
export function isLonger(text: string, bytes: number): boolean {
  return text.length * 3 > bytes && new TextEncoder().encode(text).length > bytes;
}
