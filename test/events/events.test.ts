import { addEvent, type AnyEvent, ConnectError, event, eventNames, Events, events } from 'mreventloop';
import { expect, test } from 'vitest';

test('events: gives each event its name', () => {
  const { produced, sold_out: soldOut } = events({ produced: event<[string]>(), sold_out: event() });
  expect([produced.name, soldOut.name]).toEqual(['produced', 'sold_out']);
});

test('events: keeps the events it is given, with their listeners', () => {
  const produced = event<[string]>();
  const products: string[] = [];
  produced.addListener((product) => products.push(product));
  events({ produced }).produced('tea');
  expect(products).toEqual(['tea']);
});

test('events: has nothing but the events', () => {
  const all = events({ b: event(), a: event() });
  expect(Object.keys(all)).toEqual(['b', 'a']);
  expect(eventNames(all)).toEqual(['b', 'a']);
  expect(all).toBeInstanceOf(Events);
});

test('events: cannot be replaced one by one', () => {
  const all = events({ a: event() });
  expect(() => Object.assign(all, { a: event() })).toThrow(TypeError);
});

test('events: what is no event is refused, by its name', () => {
  const record = { produced: () => {} } as unknown as { produced: AnyEvent };
  expect(() => events(record)).toThrow(new ConnectError("'produced' must be an event, made with event()"));
});

test.each(['', '__proto__'])('events: %j cannot be a name', (name) => {
  expect(() => new Events([name])).toThrow(new ConnectError(`'${name}' cannot be the name of an event`));
});

test('events: names of methods that every object has are names like any other', () => {
  const all = new Events(['toString', 'constructor', 'hasOwnProperty']);
  const calls: unknown[] = [];
  all.constructor.addListener((...args) => calls.push(args));
  all.constructor('tea');
  expect(calls).toEqual([['tea']]);
});

test('Events: the same name twice is refused', () => {
  expect(() => new Events(['a', 'a'])).toThrow(new ConnectError("there is an event 'a' already"));
});

test('addEvent: adds to the same events and keeps those that are there', () => {
  const all = new Events(['a']);
  const more = addEvent(all, 'b');
  expect(more).toBe(all);
  expect(eventNames(more)).toEqual(['a', 'b']);
});

test('addEvent: takes an event that exists', () => {
  const counted = event<[count: number]>();
  const more = addEvent(events({ a: event() }), 'counted', counted);
  expect(more.counted).toBe(counted);
  expect(counted.name).toBe('counted');
});

test('addEvent: a name that is taken, or something that is no event, is refused', () => {
  const all = new Events(['a']);
  expect(() => addEvent(all, 'a')).toThrow(new ConnectError("there is an event 'a' already"));
  const none = (() => {}) as unknown as ReturnType<typeof event>;
  expect(() => addEvent(all, 'b', none)).toThrow(new ConnectError("'b' must be an event, made with event()"));
});
