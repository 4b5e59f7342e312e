/** How many bytes an event may have where its way sets no limit: a frame has to be one text, which may have twice as many characters. */
export const LARGEST: number = 268_435_456;

/** Whether a text has more than so many bytes in UTF-8, of which a unit of it takes three at most. */
export function isLonger(text: string, bytes: number): boolean {
  return text.length * 3 > bytes && new TextEncoder().encode(text).length > bytes;
}
