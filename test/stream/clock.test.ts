import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/stream/clock.ts';

describe('clock: soon', () => {
  test('comes in the same turn of the loop when nothing came just before', async () => {
    const clock = systemClock();
    const order: string[] = [];
    const turn = new Promise<void>((resolve) => {
      setImmediate(() => {
        order.push('turn');
        resolve();
      });
    });
    clock.soon(() => order.push('soon'));
    order.push('now');
    await turn;
    expect(order).toEqual(['now', 'soon', 'turn']);
  });

  test('comes with the next turn in quick succession', async () => {
    const clock = systemClock(() => 0);
    const order: string[] = [];
    clock.soon(() => order.push('first'));
    const second = new Promise<void>((resolve) => {
      clock.soon(() => {
        order.push('second');
        resolve();
      });
    });
    await Promise.resolve();
    order.push('microtask');
    await second;
    expect(order).toEqual(['first', 'microtask', 'second']);
  });
});
