/** This machine does not have what a test requires. The message says what exactly. */
export class Missing extends Error {
  override name = 'Missing';
}
