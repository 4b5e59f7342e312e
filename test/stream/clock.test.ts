import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/stream/clock.ts';

test('clock: what is to come after longer than there are timers does not come at once', async () => {
  const clock = systemClock();
  const order: string[] = [];
  for (const time of [2 ** 31, Infinity]) clock.after(time, () => order.push('far too soon'))();
  clock.after(2 ** 31, () => order.push('far too soon'));
  await new Promise<void>((resolve) => {
    clock.after(5, () => {
      order.push('in time');
      resolve();
    });
  });
  expect(order).toEqual(['in time']);
});

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
