import { expect, test } from 'vitest';
import { StepClock } from 'mreventloop/testing';
import { Receipts } from '../../src/stream/receipts.ts';

function makeReceipts() {
  const clock = new StepClock();
  const sent: number[] = [];
  const receipts = new Receipts(clock, (g) => sent.push(g));
  return { clock, receipts, sent };
}

test('receipts: never go back', () => {
  const { clock, receipts, sent } = makeReceipts();
  for (const g of [5, 3]) receipts.delivered(g);
  expect(receipts.position).toBe(5);
  clock.advance(100);
  expect(sent).toEqual([5]);
});

test('receipts: each number once, unless it is asked for', () => {
  const { clock, receipts, sent } = makeReceipts();
  receipts.delivered(5);
  for (const _ of [1, 2]) receipts.send();
  clock.advance(1_000);
  expect(sent).toEqual([5]);
  receipts.repeat(4);
  expect(sent).toEqual([5, 5]);
});

test('receipts: a quarter of the window at a time, however small that is', () => {
  const { receipts, sent } = makeReceipts();
  receipts.pace(12);
  for (let g = 1; g <= 7; g += 1) receipts.delivered(g);
  expect(sent).toEqual([3, 6]);
  receipts.pace(1);
  receipts.delivered(8);
  expect(sent).toEqual([3, 6, 8]);
});

test('receipts: half a window that was sent, to whomever', () => {
  const { receipts, sent } = makeReceipts();
  receipts.pace(40);
  for (const g of [19, 20, 21]) receipts.delivered(g);
  expect(sent).toEqual([20]);
});

test('receipts: a million characters at a time, or two that others got', () => {
  const { receipts, sent } = makeReceipts();
  for (let g = 1; g <= 5; g += 1) {
    receipts.delivered(g);
    receipts.weigh(2 ** 19, 1);
  }
  expect(sent).toEqual([2, 4]);
  receipts.send();
  // Eleven events of others came between.
  receipts.delivered(16);
  receipts.weigh(10, 1);
  receipts.delivered(17);
  expect(sent).toEqual([2, 4, 5, 16]);
});
