import { connect, event, events } from 'mreventloop';
import { Spy } from 'mreventloop/testing';
import { expect, test } from 'vitest';

class Producer {
  readonly events = events({ produced: event<[product: string]>(), sold: event<[product: string, price: number]>() });
}

test('Spy: remembers the arguments of each call, slot by slot', () => {
  const producer = new Producer();
  const spy = new Spy<{ onProduced: [product: string]; onSold: [product: string, price: number] }>([
    'onProduced',
    'onSold',
  ]);
  connect(producer, spy);
  producer.events.produced('tea');
  producer.events.sold('tea', 3);
  producer.events.produced('coffee');
  expect(spy.calls('onProduced')).toEqual([['tea'], ['coffee']]);
  expect(spy.calls('onSold')).toEqual([['tea', 3]]);
});

test('Spy: a slot that was not called has no calls', () => {
  expect(new Spy(['onProduced']).calls('onProduced')).toEqual([]);
});

test('Spy: what calls() gave does not change', () => {
  const spy = new Spy(['onProduced']);
  const before = spy.calls('onProduced');
  spy.onProduced('tea');
  expect(before).toEqual([]);
});

test('Spy: slots return nothing, and need no this', () => {
  const spy = new Spy(['onProduced']);
  const { onProduced } = spy;
  expect(onProduced('tea')).toBeUndefined();
  expect(spy.calls('onProduced')).toEqual([['tea']]);
});

test('Spy: asking for a slot that it does not have is an error', () => {
  const spy = new Spy(['onProduced']);
  expect(() => spy.calls('onSold' as 'onProduced')).toThrow(new TypeError("this spy has no slot 'onSold'"));
  expect(() => new Spy(['calls'])).toThrow(new TypeError("a spy cannot have a slot named 'calls'"));
});
