import { connect, ConnectError, emits, event, eventNames, Events, events } from 'mreventloop';
import { expect, test } from 'vitest';

@emits('events', ['produced'])
class Producer {
  declare readonly events: Events<{ produced: [product: string] }>;
}

@emits('events', ['sold'])
class Seller extends Producer {
  declare readonly events: Events<{ produced: [product: string]; sold: [product: string] }>;
}

test('emits: every instance has events of its own', () => {
  const [one, other] = [new Producer(), new Producer()];
  const products: string[] = [];
  connect(one, 'produced', (product) => products.push(product));
  other.events.produced('coffee');
  one.events.produced('tea');
  expect(products).toEqual(['tea']);
  expect(one.events).toBe(one.events);
});

test('emits: events have their names', () => {
  expect(eventNames(new Producer().events)).toEqual(['produced']);
  expect(new Producer().events.produced.name).toBe('produced');
});

test('emits: once they were used, the events show like a field', () => {
  const producer = new Producer();
  expect(producer.events).toBeInstanceOf(Events);
  expect(Object.keys(producer)).toEqual(['events']);
});

test('emits: a constructor can use the events', () => {
  const products: string[] = [];

  @emits('events', ['produced'])
  class Eager {
    declare readonly events: Events<{ produced: [product: string] }>;
    constructor() {
      connect(this, 'produced', (product) => products.push(product));
      this.events.produced('tea');
    }
  }

  new Eager().events.produced('more tea');
  expect(products).toEqual(['tea', 'more tea']);
});

test('emits: a subclass has the events of both classes, its base class only its own', () => {
  const seller = new Seller();
  const log: string[] = [];
  connect(seller, {
    onProduced: (product: string) => log.push(`produced ${product}`),
    onSold: (product: string) => log.push(`sold ${product}`),
  });
  seller.events.sold('tea');
  seller.events.produced('tea');
  expect(log).toEqual(['sold tea', 'produced tea']);
  expect(eventNames(seller.events)).toEqual(['produced', 'sold']);
  expect(eventNames(new Producer().events)).toEqual(['produced']);
});

test('emits: a subclass without events of its own inherits them', () => {
  class Plain extends Producer {}
  const products: string[] = [];
  const plain = new Plain();
  connect(plain, 'produced', (product) => products.push(product));
  plain.events.produced('tea');
  expect(products).toEqual(['tea']);
});

test('emits: the events may have any name, which connect knows', () => {
  @emits('signals', ['rung'])
  class Bell {
    declare readonly signals: Events<{ rung: [] }>;
    readonly events = ['none of these is an event'];
  }
  const bell = new Bell();
  let rung = 0;
  connect(bell.signals, 'rung', () => (rung += 1));
  connect(bell as object as { events: Events<{ rung: [] }> }, 'rung', () => (rung += 1));
  bell.signals.rung();
  expect(rung).toBe(2);
});

test('emits: a field that hides the events is reported where it is connected', () => {
  @emits('events', ['produced'])
  class Hidden {
    readonly events: Events<{ produced: [product: string] }> = undefined as never;
  }
  expect(() => connect(new Hidden(), 'produced', () => {})).toThrow(ConnectError);
  expect(() => connect(new Hidden(), 'produced', () => {})).toThrow("write 'declare readonly events'");
});

test('emits: the same event in a class and its subclass is an error', () => {
  @emits('events', ['produced'])
  class Twice extends Producer {}
  expect(() => new Twice().events).toThrow("there is an event 'produced' already");
});

test('emits: who reads the prototype makes no events that all instances would have', () => {
  @emits('events', ['produced'])
  class Looked {
    declare readonly events: Events<{ produced: [product: string] }>;
  }
  class Inheriting extends Looked {}
  expect([Looked.prototype.events, Inheriting.prototype.events]).toEqual([undefined, undefined]);
  expect(new Looked().events).not.toBe(new Looked().events);
  expect(new Inheriting().events).not.toBe(new Inheriting().events);
});

test('emits: the events cannot be replaced', () => {
  const producer = new Producer();
  const replacement = events({ produced: event<[product: string]>() });
  expect(() => Object.assign(producer, { events: replacement })).toThrow(TypeError);
  expect(producer.events.produced.name).toBe('produced');
  expect(() => Object.assign(producer, { events: replacement })).toThrow(TypeError);
});
