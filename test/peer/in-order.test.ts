import { describe, expect, test } from 'vitest';
import { InOrder } from '../../src/peer/in-order.ts';
import { deferred } from '../loop/deferred.ts';

describe('steps in order', () => {
  test('are done at once, as long as none has to be waited for', () => {
    const order = new InOrder();
    const done: number[] = [];
    order.do(() => void done.push(1));
    expect(done).toEqual([1]);
    expect(order.busy).toBe(false);
  });

  test('wait behind one that has to be waited for', async () => {
    const order = new InOrder();
    const done: number[] = [];
    const first = deferred();
    const third = deferred();
    const fourth = deferred();
    order.do(() => first.promise.then(() => void done.push(1)));
    order.do(() => void done.push(2));
    order.do(() => third.promise.then(() => void done.push(3)));
    const settled = order.settled().then(() => done.push(0));
    order.do(() => fourth.promise);
    order.do(() => void done.push(4));
    third.resolve();
    expect(done).toEqual([]);
    first.resolve();
    await settled;
    expect(done).toEqual([1, 2, 3, 0]);
    fourth.resolve();
    await order.settled();
    expect(done).toEqual([1, 2, 3, 0, 4]);
    expect(order.busy).toBe(false);
    order.do(() => void done.push(5));
    expect(done).toEqual([1, 2, 3, 0, 4, 5]);
  });

  test('are not done after the end, which ends the waiting', async () => {
    const order = new InOrder();
    const done: number[] = [];
    order.do(() => new Promise(() => {}));
    order.do(() => void done.push(2));
    const settled = order.settled();
    order.close();
    await settled;
    order.do(() => void done.push(3));
    expect(done).toEqual([]);
    expect(order.closed).toBe(true);
  });
});
