import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LengthLimit, PrefixIndex } from '../../src/bus/prefix-index.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('who wants a frame', () => {
  test('those whose prefixes it begins with, each once, whatever was added and deleted before', () => {
    const prefix = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '€', '😀'), maxLength: 4 });
    const step = fc.record({ adds: fc.boolean(), prefix, item: fc.nat(3) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), fc.array(prefix, { maxLength: 5 }), (steps, frames) => {
        const index = new PrefixIndex<number>();
        const model = new Map<string, Set<number>>();
        for (const { adds, prefix: one, item: by } of steps) {
          if (adds) {
            index.add(one, by);
            model.set(one, (model.get(one) ?? new Set()).add(by));
          } else {
            index.delete(one, by);
            model.get(one)?.delete(by);
          }
          // All that begin with a letter, as frames do: bytes are cut where a character may be in the middle.
          for (const frame of frames.map((text) => `a${text}`)) {
            const wanted = new Set<number>();
            for (const [start, items] of model) if (frame.startsWith(start)) for (const item of items) wanted.add(item);
            expect(new Set(index.match(frame))).toEqual(wanted);
            expect(new Set(index.match(bytes(frame)))).toEqual(wanted);
          }
          for (const [start, items] of model) expect(index.has(start)).toBe(items.size > 0);
        }
      }),
    );
  });

  test('not those who want what comes behind a byte order mark', () => {
    const index = new PrefixIndex<string>();
    index.add('{}', 'somebody');
    expect([...index.match(bytes('\uFEFF{}'))]).toEqual([]);
    expect([...index.match(bytes('{}'))]).toEqual(['somebody']);
  });
});

test('a guest may want prefixes of up to 2,048 characters, and of 128 lengths', () => {
  const lengths = new LengthLimit();
  expect(lengths.takes('x'.repeat(2_048))).toBe(true);
  expect(new LengthLimit().takes('x'.repeat(2_049))).toBe(false);
  for (let length = 0; length < 127; length += 1) expect(lengths.takes('x'.repeat(length))).toBe(true);
  expect(lengths.takes('y'.repeat(126))).toBe(true);
  expect(lengths.takes('x'.repeat(127))).toBe(false);
});
