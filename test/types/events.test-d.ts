import {
  addEvent,
  type AnyEvent,
  connect,
  disconnect,
  emits,
  event,
  type Event,
  type EventArgs,
  type EventName,
  eventNames,
  eventOf,
  Events,
  events,
  eventToSlotName,
  type Link,
  type SlotName,
  SyncEvent,
} from 'mreventloop';
import { expectTypeOf } from 'vitest';

class Producer {
  readonly events = events({
    produced: event<[product: string]>(),
    sold: event<[product: string, price: number]>(),
    sold_out: event(),
  });
  requestProduct(): void {}
}
class Consumer {
  onProduced(_product: string): void {}
  async onSold(_product: string, _price: number): Promise<void> {}
  onSoldOut(): void {}
  onAnything(): void {}
  onNumber(_count: number): void {}
  produced(_product: string): void {}
  static onProduced(_product: string): void {}
}
const producer = new Producer();
const consumer = new Consumer();

// event and events
expectTypeOf(event()).toEqualTypeOf<Event>();
expectTypeOf(event<[product: string]>()).toEqualTypeOf<Event<[product: string]>>();
expectTypeOf(event<[product: string]>('produced')).parameters.toEqualTypeOf<[product: string]>();
expectTypeOf(producer.events.produced).toEqualTypeOf<Event<[product: string]>>();
expectTypeOf(producer.events.sold).parameters.toEqualTypeOf<[product: string, price: number]>();
expectTypeOf(producer.events.sold_out).returns.toEqualTypeOf<void>();
expectTypeOf(producer.events.sold).toExtend<AnyEvent>();
expectTypeOf<EventName<Producer>>().toEqualTypeOf<'produced' | 'sold' | 'sold_out'>();
expectTypeOf<EventArgs<Producer, 'sold'>>().toEqualTypeOf<[product: string, price: number]>();
expectTypeOf(eventNames(producer.events)).toEqualTypeOf<('produced' | 'sold' | 'sold_out')[]>();

// Events, as in Python
expectTypeOf(new Events(['a', 'b'])).toEqualTypeOf<Events<{ a: unknown[]; b: unknown[] }>>();
const annotated: Events<{ a: [count: number]; b: [] }> = new Events(['a', 'b']);
expectTypeOf(annotated.a).toEqualTypeOf<Event<[count: number]>>();
expectTypeOf(new Events<{ a: [count: number] }>(['a']).a).toEqualTypeOf<Event<[count: number]>>();

// addEvent keeps what was there
const more = addEvent(producer.events, 'tasted', event<[stars: number]>());
expectTypeOf(more.tasted).toEqualTypeOf<Event<[stars: number]>>();
expectTypeOf(more.produced).toEqualTypeOf<Event<[product: string]>>();
expectTypeOf(addEvent(producer.events, 'washed').washed).toEqualTypeOf<Event<unknown[]>>();

// emits demands a declaration, of one class and of a subclass with events of its own
@emits('events', ['produced'])
class Decorated {
  declare readonly events: Events<{ produced: [product: string] }>;
}
@emits('events', ['sold'])
class Extended extends Decorated {
  declare readonly events: Events<{ produced: [product: string]; sold: [product: string, price: number] }>;
}
expectTypeOf<EventName<Extended>>().toEqualTypeOf<'produced' | 'sold'>();
connect(new Extended(), 'sold', (product, price) => {
  expectTypeOf(product).toEqualTypeOf<string>();
  expectTypeOf(price).toEqualTypeOf<number>();
});

// connect(event, function): parameters are inferred, and may be fewer
expectTypeOf(connect(producer.events.produced, () => {})).toEqualTypeOf<Link>();
connect(producer.events.sold, (product, price) => {
  expectTypeOf(product).toEqualTypeOf<string>();
  expectTypeOf(price).toEqualTypeOf<number>();
});
connect(producer.events.sold, (product) => product.length, { once: true, unique: true });
connect(producer.events.sold, async (product) => product.length);
connect(producer.events.produced, producer.events.produced);
connect(producer.events.produced, (...args) => expectTypeOf(args).toEqualTypeOf<[product: string]>());
connect(producer.events.produced, (anything: unknown) => anything);
connect(producer.events.produced, consumer.onProduced.bind(consumer), { signal: new AbortController().signal });

// one of several events: what is connected fits each
const either = producer.events as { produced: Event<[product: string]> | Event<[count: number]> };
connect(either.produced, (productOrCount) => expectTypeOf(productOrCount).toEqualTypeOf<string | number>());
expectTypeOf(disconnect(either.produced, (_productOrCount: string | number) => {})).toEqualTypeOf<number>();

// connect(emitter, receiver)
connect(producer, consumer);
connect(producer, consumer, { once: true });
connect(producer, { produced: (_product: string) => {} }, { slotNames: false });
connect(producer.events, consumer);

// connect(emitter, event, function)
connect(producer, 'sold', (product, price) => {
  expectTypeOf(product).toEqualTypeOf<string>();
  expectTypeOf(price).toEqualTypeOf<number>();
});
connect(producer, 'sold', () => {}, { signal: new AbortController().signal });
connect(producer.events, 'sold', (product) => expectTypeOf(product).toEqualTypeOf<string>());
connect(new Events(['a']), 'a', (...args) => expectTypeOf(args).toEqualTypeOf<unknown[]>());

// connect(emitter, event, receiver)
connect(producer, 'produced', consumer);
connect(producer, 'sold_out', consumer);
connect(producer, 'produced', consumer, { slotNames: false, once: true });
connect(producer, 'produced', Consumer);

// connect(emitter, event, receiver, slot)
connect(producer, 'produced', consumer, 'onProduced');
connect(producer, 'sold', consumer, 'onProduced', { once: true });
connect(producer, 'sold', consumer, 'onAnything');
connect(producer, 'produced', Consumer, 'onProduced');

// connect(emitter, events, receiver)
connect(producer, ['produced', 'sold'], consumer);
connect(producer, ['produced'], consumer, { slotNames: false });

// connect(emitter, events, receiver, slots)
connect(producer, ['produced', 'sold'], consumer, ['onProduced', 'onSold']);
connect(producer, ['sold', 'produced'], consumer, ['onProduced', 'onProduced'], { unique: true });

// disconnect
expectTypeOf(disconnect(producer)).toEqualTypeOf<number>();
disconnect(producer.events);
disconnect(producer.events.produced);
disconnect(producer.events.produced, (product) => expectTypeOf(product).toEqualTypeOf<string>());
disconnect(producer, 'produced');
disconnect(producer, consumer);
disconnect(producer, { produced: (_product: string) => {} }, { slotNames: false });
disconnect(producer, 'produced', consumer);
disconnect(producer, 'produced', consumer, { slotNames: false });
disconnect(producer, 'produced', (product) => expectTypeOf(product).toEqualTypeOf<string>());
disconnect(producer, 'produced', consumer, 'onProduced');
disconnect(producer, ['produced', 'sold'], consumer);
disconnect(producer, ['produced', 'sold'], consumer, ['onProduced', 'onSold']);

// Events may be kept under any name
class Signaller {
  readonly signals = events({ rung: event<[times: number]>() });
}
connect(new Signaller(), 'rung', (times) => expectTypeOf(times).toEqualTypeOf<number>());
connect(new Signaller(), 'rung', consumer, 'onNumber');
connect(new Signaller(), { onRung: (_times: number) => {} });
disconnect(new Signaller(), 'rung');

/** In a class, `this` is a type that the compiler keeps open. */
export class Both {
  readonly events = events({ produced: event<[product: string]>() });

  constructor(private readonly target: Consumer) {
    connect(this, target);
    connect(this, 'produced', target);
    connect(this, 'produced', target, 'onProduced');
    connect(this, ['produced'], target);
    connect(this, ['produced'], target, ['onProduced']);
    connect(this, 'produced', (product) => expectTypeOf(product).toEqualTypeOf<string>());
    connect(producer, this);
    connect(producer, 'sold', this);
    connect(producer, 'produced', this, 'onProduced');
    connect(producer, ['produced', 'sold'], this, ['onProduced', 'onSold']);
  }

  onProduced(product: string): void {
    this.target.onProduced(product);
  }

  onSold(_product: string): void {}

  silence(): void {
    disconnect(this, 'produced');
    disconnect(this, this.target);
    disconnect(this);
  }
}

// names
expectTypeOf<SlotName<'request_product'>>().toEqualTypeOf<'onRequestProduct'>();
expectTypeOf<SlotName<'requestProduct'>>().toEqualTypeOf<'onRequestProduct'>();
expectTypeOf(eventToSlotName('sold_out')).toEqualTypeOf<'onSoldOut'>();

// SyncEvent, next, stream
export async function waiting(): Promise<void> {
  expectTypeOf(await new SyncEvent(event())).toEqualTypeOf<void>();
  expectTypeOf(await new SyncEvent(producer.events.produced)).toEqualTypeOf<string>();
  expectTypeOf(await new SyncEvent(producer.events.sold)).toEqualTypeOf<[product: string, price: number]>();
  expectTypeOf(await new SyncEvent(event<[name?: string]>())).toEqualTypeOf<void | string | undefined>();
  expectTypeOf(await new SyncEvent(event<[name: string, age?: number]>())).toEqualTypeOf<
    string | [name: string, age?: number]
  >();
  expectTypeOf(await new SyncEvent(event<unknown[]>())).toEqualTypeOf<unknown>();
  expectTypeOf(await producer.events.sold.next()).toEqualTypeOf<[product: string, price: number]>();
  // As with promises, who handles a rejection may say what it takes the reason for.
  expectTypeOf(new SyncEvent(event<[number]>()).then(String, (error: Error) => error)).toEqualTypeOf<
    Promise<string | Error>
  >();
  new SyncEvent(event()).then(undefined, (reason) => expectTypeOf(reason).toEqualTypeOf<unknown>());
  await producer.events.sold.next({ where: (_product, price) => price > 3, timeout: 500 });
  for await (const [product, price] of producer.events.sold.stream({ limit: 3, overflow: 'latest' })) {
    expectTypeOf(product).toEqualTypeOf<string>();
    expectTypeOf(price).toEqualTypeOf<number>();
  }
}

// A map of events may be an interface
interface ShopEvents {
  produced: [product: string];
  sold_out: [];
}
declare const shopEvents: Events<ShopEvents>;
connect(shopEvents, 'produced', (product) => expectTypeOf(product).toEqualTypeOf<string>());
expectTypeOf(eventOf(shopEvents, 'sold_out')).toEqualTypeOf<Event<[]>>();
expectTypeOf(eventNames(shopEvents)).toEqualTypeOf<('produced' | 'sold_out')[]>();
expectTypeOf(addEvent(shopEvents, 'closed', event<[at: Date]>()).closed).toEqualTypeOf<Event<[at: Date]>>();
expectTypeOf(new Events<ShopEvents>(['produced']).produced).toEqualTypeOf<Event<[product: string]>>();
