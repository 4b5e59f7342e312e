import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { takeInOrder } from '../../src/stream/merge.ts';

test('everything is taken in order, whatever the sources have', () => {
  const numbers = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(fc.array(numbers, { maxLength: 9 }), (lists) => {
      const sources = lists.map((list) => {
        const left = list.toSorted((one, other) => one - other);
        return { g: left[0] as number, left };
      });
      const taken: number[] = [];
      takeInOrder(sources, (source) => {
        taken.push(source.left.shift() as number);
        source.g = source.left[0] ?? NaN;
        return source.left.length > 0;
      });
      expect(taken).toEqual(lists.flat().toSorted((one, other) => one - other));
    }),
  );
});
