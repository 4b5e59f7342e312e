import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeByHand, encodeByHand, fromBase64, toBase64 } from '../../src/codec/base64.ts';

// Whichever of the two ways the runtime takes, both have to do the same.
describe.each([
  ['of the runtime, if it has it', toBase64, fromBase64],
  ['by hand', encodeByHand, decodeByHand],
])('base64: %s', (_title, encode, decode) => {
  test('the same as others write', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1_000 }), (bytes) => {
        const text = Buffer.from(bytes).toString('base64');
        expect(encode(bytes)).toBe(text);
        expect(decode(text)).toEqual(bytes);
      }),
    );
  });

  test('more than a function takes arguments', () => {
    const bytes = Uint8Array.from({ length: 1_000_001 }, (_, i) => i % 251);
    expect(encode(bytes)).toBe(Buffer.from(bytes).toString('base64'));
    expect(Buffer.from(decode(encode(bytes))).equals(bytes)).toBe(true);
  });

  test('what is none throws', () => {
    for (const text of ['*', 'A', 'A===', 'ä']) expect(() => decode(text)).toThrow();
  });
});
