import { connect, Events, eventToSlotName } from 'mreventloop';
import { expect, test } from 'vitest';

test.each([
  ['produced', 'onProduced'],
  ['request_product', 'onRequestProduct'],
  ['requestProduct', 'onRequestProduct'],
  ['sold_out_2', 'onSoldOut2'],
  ['a__b', 'onAB'],
  ['_private', 'onPrivate'],
  ['URL_changed', 'onURLChanged'],
  ['', 'on'],
])('names: the slot for %j is %j', (event, slot) => {
  expect(eventToSlotName(event)).toBe(slot);
});

test.each(['request_product', 'requestProduct'])('names: connect finds onRequestProduct for %j', (name) => {
  const all = new Events([name]);
  const calls: unknown[][] = [];
  connect(all, { onRequestProduct: (...args: unknown[]) => calls.push(args) });
  all[name]?.('tea');
  expect(calls).toEqual([['tea']]);
});
