import { connect, ConnectError, disconnect, event, events } from 'mreventloop';
import { expect, test } from 'vitest';

class Producer {
  readonly events = events({ produced: event<[product: string]>(), sold_out: event<[product: string]>() });
}

class Consumer {
  readonly log: string[] = [];
  onProduced(product: string): void {
    this.log.push(`onProduced ${product}`);
  }
  onSoldOut(product: string): void {
    this.log.push(`onSoldOut ${product}`);
  }
  produced(product: string): void {
    this.log.push(`produced ${product}`);
  }
}

// All that is connected: the slots by name, one of them under another, and one function.
function connected() {
  const [producer, consumer] = [new Producer(), new Consumer()];
  const listener = (product: string): void => void consumer.log.push(`listener ${product}`);
  connect(producer, consumer);
  connect(producer, 'produced', consumer, { slotNames: false });
  connect(producer, 'sold_out', consumer, 'onProduced');
  connect(producer, 'produced', listener);
  return { producer, consumer, listener };
}

type Connected = ReturnType<typeof connected>;

const PRODUCED = ['onProduced tea', 'produced tea', 'listener tea'];
const SOLD_OUT = ['onSoldOut milk', 'onProduced milk'];
const without = (...gone: string[]) => [...PRODUCED, ...SOLD_OUT].filter((call) => !gone.includes(call));

test.each<[form: string, end: (all: Connected) => number, ended: number, left: string[]]>([
  ['an event', ({ producer }) => disconnect(producer.events.produced), 3, SOLD_OUT],
  [
    'an event and a function',
    ({ producer, listener }) => disconnect(producer.events.produced, listener),
    1,
    without('listener tea'),
  ],
  ['an emitter', ({ producer }) => disconnect(producer), 5, []],
  ['the events of an emitter', ({ producer }) => disconnect(producer.events), 5, []],
  ['one event of an emitter', ({ producer }) => disconnect(producer, 'sold_out'), 2, PRODUCED],
  [
    'an emitter and a receiver',
    ({ producer, consumer }) => disconnect(producer, consumer),
    2,
    without('onProduced tea', 'onSoldOut milk'),
  ],
  [
    'an emitter and a receiver by the names of events',
    ({ producer, consumer }) => disconnect(producer, consumer, { slotNames: false }),
    1,
    without('produced tea'),
  ],
  [
    'an event by name and a function',
    ({ producer, listener }) => disconnect(producer, 'produced', listener),
    1,
    without('listener tea'),
  ],
  [
    'an event and the slot by its name',
    ({ producer, consumer }) => disconnect(producer, 'sold_out', consumer),
    1,
    without('onSoldOut milk'),
  ],
  [
    'an event and the slot named as the event',
    ({ producer, consumer }) => disconnect(producer, 'produced', consumer, { slotNames: false }),
    1,
    without('produced tea'),
  ],
  [
    'an event and a named slot',
    ({ producer, consumer }) => disconnect(producer, 'sold_out', consumer, 'onProduced'),
    1,
    without('onProduced milk'),
  ],
  [
    'a list of events',
    ({ producer, consumer }) => disconnect(producer, ['produced', 'sold_out'], consumer),
    2,
    without('onProduced tea', 'onSoldOut milk'),
  ],
  [
    'a list of events and a list of slots',
    ({ producer, consumer }) => disconnect(producer, ['produced', 'sold_out'], consumer, ['produced', 'onProduced']),
    2,
    without('produced tea', 'onProduced milk'),
  ],
])('disconnect: %s', (_form, end, ended, left) => {
  const all = connected();
  expect(end(all)).toBe(ended);
  all.producer.events.produced('tea');
  all.producer.events.sold_out('milk');
  expect(all.consumer.log).toEqual(left);
});

test('disconnect: what is not connected is counted as none', () => {
  const { producer, consumer } = connected();
  expect(disconnect(producer, 'produced', () => {})).toBe(0);
  expect(disconnect(producer, 'produced', new Consumer())).toBe(0);
  expect(disconnect(new Producer(), consumer)).toBe(0);
  expect(disconnect(new Producer())).toBe(0);
});

test('disconnect: ends one connection of several equal ones, the oldest', () => {
  const producer = new Producer();
  const consumer = new Consumer();
  const links = [connect(producer, 'produced', consumer), connect(producer, 'produced', consumer)];
  expect(disconnect(producer, 'produced', consumer)).toBe(1);
  expect(links.map((link) => link.connected)).toEqual([false, true]);
});

test('disconnect: the same method of another object stays connected', () => {
  const producer = new Producer();
  const [one, other] = [new Consumer(), new Consumer()];
  connect(producer, 'produced', one);
  connect(producer, 'produced', other);
  disconnect(producer, 'produced', one);
  producer.events.produced('tea');
  expect([one.log, other.log]).toEqual([[], ['onProduced tea']]);
});

test('disconnect: a function is not found as a slot, nor a slot as a function', () => {
  const producer = new Producer();
  const consumer = new Consumer();
  connect(producer, 'produced', consumer);
  // oxlint-disable-next-line typescript/unbound-method
  expect(disconnect(producer.events.produced, consumer.onProduced)).toBe(0);
  const other = new Producer();
  connect(other, 'produced', (product) => consumer.onProduced(product));
  expect(disconnect(other, 'produced', consumer)).toBe(0);
});

const untyped = (...args: readonly unknown[]): unknown => Reflect.apply(disconnect, undefined, args);

test.each<[args: unknown[], message: RegExp]>([
  [[], /^expected an event or an emitter first, not undefined$/],
  [[3], /^expected an event or an emitter first, not number$/],
  [[null, 'produced'], /^expected an event or an emitter first, not object$/],
  [[{}], /^Object has no events in 'events'/],
  [[new Producer(), 'nope'], /^Producer has no event 'nope'/],
  [[new Producer(), undefined], /^expected a receiver, not undefined$/],
  [[new Producer(), 'produced', undefined], /^expected a receiver, not undefined$/],
  [[new Producer(), new Producer()], /^Producer has no slot for any event of Producer$/],
  [[new Producer(), 'produced', new Consumer(), 'onNope'], /^Consumer has no slot 'onNope' for event 'produced'$/],
])('disconnect: %# says what is wrong, and disconnects nothing', (args, message) => {
  expect(() => untyped(...args)).toThrow(ConnectError);
  expect(() => untyped(...args)).toThrow(message);
});
