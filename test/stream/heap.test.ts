import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Heap } from '../../src/stream/heap.ts';

test('heap: gives the smallest first, whatever the order of adding and taking', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 50 }))), (steps) => {
      const heap = new Heap<number>((item) => item);
      const model: number[] = [];
      for (const item of steps) {
        if (item === null) {
          model.sort((a, b) => a - b);
          expect(heap.peek()).toBe(model[0]);
          expect(heap.pop()).toBe(model.shift());
        } else {
          heap.push(item);
          model.push(item);
        }
        expect(heap.length).toBe(model.length);
      }
    }),
  );
});
