import {
  addEvent,
  connect,
  ConnectError,
  disconnect,
  event,
  type EventMap,
  eventOf,
  Events,
  events,
  type Link,
  type Listener,
} from 'mreventloop';
import { describe, expect, test } from 'vitest';

class Producer {
  readonly events = events({
    produced: event<[product: string]>(),
    sold_out: event<[product: string]>(),
  });
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
  sold_out(product: string): void {
    this.log.push(`sold_out ${product}`);
  }
  other(product: string): void {
    this.log.push(`other ${product}`);
  }
}

/** Connects, emits both events with the connection and once more without it, and gives what was called. */
function callsOf(make: (producer: Producer, consumer: Consumer) => Link): string[] {
  const [producer, consumer] = [new Producer(), new Consumer()];
  const link = make(producer, consumer);
  producer.events.produced('tea');
  producer.events.sold_out('milk');
  link.disconnect();
  producer.events.produced('more');
  producer.events.sold_out('more');
  return consumer.log;
}

describe('forms', () => {
  const BOTH = ['onProduced tea', 'onSoldOut milk'];

  test.each<[form: string, make: (p: Producer, c: Consumer) => Link, expected: string[]]>([
    ['an event to a function', (p, c) => connect(p.events.produced, (x) => c.other(x)), ['other tea']],
    ['all events to the slots by their names', (p, c) => connect(p, c), BOTH],
    [
      'all events to the slots named as the events',
      (p, c) => connect(p, c, { slotNames: false }),
      ['produced tea', 'sold_out milk'],
    ],
    ['an event by name to a function', (p, c) => connect(p, 'sold_out', (x) => c.other(x)), ['other milk']],
    ['an event to the slot by its name', (p, c) => connect(p, 'sold_out', c), ['onSoldOut milk']],
    [
      'an event to the slot named as the event',
      (p, c) => connect(p, 'sold_out', c, { slotNames: false }),
      ['sold_out milk'],
    ],
    ['an event to a named slot', (p, c) => connect(p, 'produced', c, 'other'), ['other tea']],
    ['a list of events to the slots by their names', (p, c) => connect(p, ['produced', 'sold_out'], c), BOTH],
    [
      'a list of events to the slots named as the events',
      (p, c) => connect(p, ['produced', 'sold_out'], c, { slotNames: false }),
      ['produced tea', 'sold_out milk'],
    ],
    [
      'a list of events to a list of slots',
      (p, c) => connect(p, ['produced', 'sold_out'], c, ['other', 'produced']),
      ['other tea', 'produced milk'],
    ],
    ['the events themselves as the emitter', (p, c) => connect(p.events, c), BOTH],
    ['an empty list of events', (p, c) => connect(p, [], c), []],
    ['true is the default of slotNames', (p, c) => connect(p, 'produced', c, { slotNames: true }), ['onProduced tea']],
  ])('connect: %s', (_form, make, expected) => {
    expect(callsOf(make)).toEqual(expected);
  });

  test.each<[form: string, make: (p: Producer, c: Consumer) => Link, expected: string[]]>([
    ['an event to a function', (p, c) => connect(p.events.produced, (x) => c.other(x), { once: true }), ['other 1']],
    ['all events', (p, c) => connect(p, c, { once: true }), ['onProduced 1', 'onSoldOut 1']],
    ['by name to a function', (p, c) => connect(p, 'produced', (x) => c.other(x), { once: true }), ['other 1']],
    ['by name to a receiver', (p, c) => connect(p, 'produced', c, { once: true }), ['onProduced 1']],
    ['to a named slot', (p, c) => connect(p, 'produced', c, 'other', { once: true }), ['other 1']],
    ['a list', (p, c) => connect(p, ['sold_out'], c, { once: true }), ['onSoldOut 1']],
    ['a list to a list', (p, c) => connect(p, ['sold_out'], c, ['other'], { once: true }), ['other 1']],
  ])('connect: options reach the form %s', (_form, make, expected) => {
    const [producer, consumer] = [new Producer(), new Consumer()];
    make(producer, consumer);
    for (const product of ['1', '2']) {
      producer.events.produced(product);
      producer.events.sold_out(product);
    }
    expect(consumer.log).toEqual(expected);
  });
});

describe('connect', () => {
  test('connect: slots are called as methods of their receiver', () => {
    const [producer, consumer] = [new Producer(), new Consumer()];
    connect(producer, 'produced', consumer, 'onProduced');
    producer.events.produced('tea');
    expect(consumer.log).toEqual(['onProduced tea']);
  });

  test('connect: inherited slots are found', () => {
    class Special extends Consumer {}
    const [producer, special] = [new Producer(), new Special()];
    connect(producer, special);
    producer.events.produced('tea');
    expect(special.log).toEqual(['onProduced tea']);
  });

  test('connect: a slot may take fewer arguments than the event has', () => {
    const emitter = { events: events({ rung: event<[times: number, by: string]>() }) };
    const calls: unknown[] = [];
    connect(emitter, 'rung', (times) => calls.push(times));
    connect(emitter, { onRung: () => calls.push('none') });
    emitter.events.rung(3, 'me');
    expect(calls).toEqual([3, 'none']);
  });

  test('connect: a class may be a receiver, its static methods the slots', () => {
    const products: string[] = [];
    class Shop {
      static readonly onProduced = (product: string) => products.push(product);
    }
    const producer = new Producer();
    connect(producer, 'produced', Shop, 'onProduced');
    connect(producer, Shop);
    connect(producer, 'produced', Shop);
    producer.events.produced('tea');
    expect(products).toEqual(['tea', 'tea', 'tea']);
  });

  test('connect: a class that lacks the named slot is refused, and not connected as a function', () => {
    const producer = new Producer();
    class Shop {}
    // @ts-expect-error there is no such slot
    expect(() => connect(producer, 'produced', Shop, 'onProduced')).toThrow(ConnectError);
    expect(producer.events.produced.listenerCount).toBe(0);
  });

  test('connect: a class may have slots that are named like the events', () => {
    const products: string[] = [];
    class Shop {
      static produced(product: string): void {
        products.push(product);
      }
    }
    class Branch extends Shop {}
    const producer = new Producer();
    connect(producer, 'produced', Shop, { slotNames: false });
    connect(producer, 'produced', Branch, { slotNames: false });
    producer.events.produced('tea');
    expect(products).toEqual(['tea', 'tea']);
    expect(disconnect(producer, 'produced', Shop, { slotNames: false })).toBe(1);
  });

  test.each(['name', 'length', 'call', 'toString'])('connect: a function is no receiver for an event %s', (name) => {
    const emitter = { events: events({ [name]: event<[value: string]>() }) };
    const values: string[] = [];
    connect(emitter, name, (value: string) => void values.push(value), { slotNames: false });
    emitter.events[name]?.('tea');
    expect(values).toEqual(['tea']);
  });

  test('connect: an event that was added is connected like the others', () => {
    const producer = new Producer();
    addEvent(producer.events, 'tasted', event<[stars: number]>());
    const stars: number[] = [];
    connect(producer, { onTasted: (count: number) => stars.push(count) } as { onProduced?: () => void });
    (producer.events as unknown as Events<{ tasted: [number] }>).tasted(5);
    expect(stars).toEqual([5]);
  });

  test('connect: finds events that are kept under another name', () => {
    const products: string[] = [];
    const plain = { events: ['not', 'events'], signals: new Producer().events };
    connect(plain.signals, 'produced', (product) => products.push(product));
    connect({ signals: plain.signals }, 'produced', (product) => products.push(product));
    connect(plain as unknown as Producer, 'produced', (product) => products.push(product));
    plain.signals.produced('tea');
    expect(products).toEqual(['tea', 'tea', 'tea']);
  });

  test('connect: nothing is connected when one event of a list cannot be', () => {
    const [producer, consumer] = [new Producer(), new Consumer()];
    const slots = ['onProduced', 'onNope'] as unknown as ['onProduced', 'onSoldOut'];
    expect(() => connect(producer, ['produced', 'sold_out'], consumer, slots)).toThrow(ConnectError);
    expect(producer.events.produced.listenerCount).toBe(0);
  });
});

const untyped = (...args: readonly unknown[]): unknown => Reflect.apply(connect, undefined, args);

// What the compiler does not see: programs in JavaScript, names that come from outside.
describe('wrong uses', () => {
  const producer = new Producer();
  const consumer = new Consumer();

  test.each<[args: unknown[], message: string]>([
    [[undefined, consumer], 'expected an event or an emitter first, not undefined'],
    [[null, consumer], 'expected an event or an emitter first, not object'],
    [['produced', consumer], 'expected an event or an emitter first, not string'],
    [[producer], 'expected a receiver, not undefined'],
    [[producer, 3], 'expected a receiver, not number'],
    [[producer, {}], 'Object has no slot for any event of Producer'],
    [[producer, () => {}], 'a function has no slot for any event of Producer'],
    [[producer, Object.create(null)], 'an object has no slot for any event of Producer'],
    [[producer, consumer, 'options'], 'expected options, not string'],
    [[producer, consumer, 3], 'expected options, not number'],
    [[producer.events.produced, consumer], 'expected a function, not Consumer'],
    [[producer.events.produced], 'expected a function, not undefined'],
    [[producer, 'produced'], 'expected a receiver, not undefined'],
    [[producer, 'nope', () => {}], "Producer has no event 'nope'; it has 'produced', 'sold_out'"],
    [[producer, 'toString', () => {}], "Producer has no event 'toString'; it has 'produced', 'sold_out'"],
    [[{ events: new Events([]) }, 'nope', () => {}], "Object has no event 'nope'; it has none"],
    [[producer, 'produced', {}], "Object has no slot 'onProduced' for event 'produced'"],
    [[producer, 'produced', consumer, 'onNope'], "Consumer has no slot 'onNope' for event 'produced'"],
    [[producer, 'produced', consumer, 'log'], "Consumer has no slot 'log' for event 'produced'"],
    [
      [producer, 'produced', { produced: 3 }, { slotNames: false }],
      "Object has no slot 'produced' for event 'produced'",
    ],
    [[producer, 'produced', consumer, 'other', 'x'], 'expected options, not string'],
    [[producer, ['produced'], consumer, ['other', 'other']], '1 events cannot be paired with 2 slots'],
    [[producer, ['produced', 'nope'], consumer], "Producer has no event 'nope'; it has 'produced', 'sold_out'"],
    [[producer, ['produced'], () => {}], "a function has no slot 'onProduced' for event 'produced'"],
    [[producer, ['produced'], undefined], 'expected a receiver, not undefined'],
    [
      [consumer, producer],
      "Consumer has no events in 'events': make them with events({…}), or, under @emits, " +
        "write 'declare readonly events', as a field hides them",
    ],
  ])('connect: %# says what is wrong', (args, message) => {
    expect(() => untyped(...args)).toThrow(new ConnectError(message));
    expect(producer.events.produced.listenerCount).toBe(0);
  });

  test('connect: an error has a stable code', () => {
    expect(() => untyped(producer, 'nope', () => {})).toThrow(
      expect.objectContaining({ code: 'CONNECT', name: 'ConnectError' }),
    );
  });
});

test('connect: an optional slot that is not there is not connected, by its name', () => {
  class Choosy {
    readonly log: string[] = [];
    onProduced?: (product: string) => void;
    onSoldOut(product: string): void {
      this.log.push(product);
    }
  }
  const [producer, choosy] = [new Producer(), new Choosy()];
  connect(producer, choosy);
  producer.events.produced('tea');
  producer.events.sold_out('milk');
  expect(choosy.log).toEqual(['milk']);
  expect(disconnect(producer, choosy)).toBe(1);
});

function listenTo<M extends EventMap, N extends keyof M & string>(
  all: Events<M>,
  name: N,
  listener: Listener<M[N]>,
): Link {
  return connect(eventOf(all, name), listener);
}

test('eventOf: one of some events, by a name that is a parameter', () => {
  const producer = new Producer();
  const log: string[] = [];
  listenTo(producer.events, 'produced', (product) => log.push(product));
  producer.events.produced('tea');
  expect(log).toEqual(['tea']);
  // @ts-expect-error there is no such event
  expect(() => eventOf(producer.events, 'nope')).toThrow(ConnectError);
});
