import { connect, disconnect, type Event, event, EventLoop, events, slot } from 'mreventloop';

class Producer {
  readonly events = events({
    produced: event<[product: string]>(),
    sold: event<[product: string, price: number]>(),
  });
}
class Consumer {
  readonly eventLoop = new EventLoop();
  readonly size = 3;
  onProduced(_product: string): void {}
  onSold(_product: string, _price: number): void {}
  onNumber(_count: number): void {}
  onThree(_product: string, _price: number, _extra: boolean): void {}
  readonly onCount = slot(this, (count: number) => count);
}
class Stranger {
  onRain(): void {}
}
class WrongConsumer {
  onProduced(_count: number): void {}
}
class PlainConsumer {
  produced(_count: number): void {}
}
class Named {
  readonly signals = events({ rung: event<[times: number]>() });
}
class HiddenEvents {
  private readonly events = events({ produced: event<[product: string]>() });
  emit(): void {
    this.events.produced('tea');
  }
}

const producer = new Producer();
const consumer = new Consumer();
const produced: Event<[product: string]> = producer.events.produced;
declare const either: Event<[product: string]> | Event<[count: number]>;

// connect(event, function)
// THROWS Argument of type '(_product: string) => void' is not assignable to parameter of type 'Listener<[count: number]> & Listener<[product: string]>'.
connect(either, (_product: string) => {});
// THROWS Argument of type '(_product: string) => void' is not assignable to parameter of type 'Listener<[count: number]> & Listener<[product: string]>'.
disconnect(either, (_product: string) => {});
// THROWS Argument of type '(count: number) => number' is not assignable to parameter of type 'Listener<[product: string]>'.
connect(produced, (count: number) => count);
// THROWS Argument of type '(product: string, price: number) => number' is not assignable to parameter of type 'Listener<[product: string]>'.
connect(produced, (product: string, price: number) => price);
// THROWS Argument of type 'string' is not assignable to parameter of type 'Listener<[product: string]>'.
connect(produced, 'onProduced');
// THROWS Argument of type 'Consumer' is not assignable to parameter of type 'Listener<[product: string]>'.
connect(produced, consumer);
// THROWS Argument of type 'Slot<[count: number], number>' is not assignable to parameter of type 'Listener<[product: string]>'.
connect(produced, consumer.onCount);
// THROWS Type 'string' is not assignable to type 'boolean | undefined'.
connect(produced, () => {}, { once: 'yes' });
// THROWS Property 'toFixed' does not exist on type 'string'. Did you mean 'fixed'?
connect(produced, (product) => product.toFixed());

// connect(emitter, receiver)
// THROWS Type 'Stranger' has no properties in common with type '{ readonly onProduced?: Listener<[product: string]>; readonly onSold?: Listener<[product: string, price: number]>; }'.
connect(producer, new Stranger());
// THROWS Argument of type 'WrongConsumer' is not assignable to parameter of type '{ readonly onProduced?: Listener<[product: string]>; readonly onSold?: Listener<[product: string, price: number]>; }'.
connect(producer, new WrongConsumer());
// THROWS Type 'PlainConsumer' has no properties in common with type '{ readonly onProduced?: Listener<[product: string]>; readonly onSold?: Listener<[product: string, price: number]>; }'.
connect(producer, new PlainConsumer(), { slotNames: false });
// THROWS Property 'events' is missing in type 'Stranger' but required in type 'HasEvents'.
connect(new Stranger(), consumer);
// THROWS Argument of type 'string' is not assignable to parameter of type 'HasEvents'.
connect('producer', consumer);

// connect(emitter, event, function)
// THROWS Argument of type '"nope"' is not assignable to parameter of type '"produced" | "sold"'.
connect(producer, 'nope', () => {});
// THROWS Argument of type '(count: number) => number' is not assignable to parameter of type 'HasSlot<"onProduced", [product: string]> | Listener<[product: string]>'.
connect(producer, 'produced', (count: number) => count);
// THROWS Argument of type '(product: string, price: number) => number' is not assignable to parameter of type 'HasSlot<"onProduced", [product: string]> | Listener<[product: string]>'.
connect(producer, 'produced', (product: string, price: number) => price);
// THROWS Property 'toFixed' does not exist on type 'string'. Did you mean 'fixed'?
connect(producer, 'produced', (product) => product.toFixed());
// THROWS Type '"produced"' has no properties in common with type '{ readonly onProduced?: Listener<[product: string]>; readonly onSold?: Listener<[product: string, price: number]>; }'.
connect(producer, 'produced');

// one of several, which may be any of them: what fits one does not do
declare const anyName: 'produced' | 'rung';
const mixed = events({ produced: event<[product: string]>(), rung: event<[times: number]>() });
// THROWS is not assignable to type 'Listener<[product: string]> & Listener<[times: number]>
connect(mixed, anyName, (product: string) => product.length);
connect(mixed, anyName, (what: string | number) => what);

// connect(emitter, event, receiver)
// THROWS Argument of type 'Stranger' is not assignable to parameter of type 'HasSlot<"onProduced", [product: string]> | Listener<[product: string]>'.
connect(producer, 'produced', new Stranger());
// THROWS Argument of type 'WrongConsumer' is not assignable to parameter of type 'HasSlot<"onProduced", [product: string]> | Listener<[product: string]>'.
connect(producer, 'produced', new WrongConsumer());
// THROWS Argument of type 'PlainConsumer' is not assignable to parameter of type 'HasSlot<"produced", [product: string]> | Listener<[product: string]>'.
connect(producer, 'produced', new PlainConsumer(), { slotNames: false });
// THROWS Argument of type '"nope"' is not assignable to parameter of type '"produced" | "sold"'.
connect(producer, 'nope', consumer);

// connect(emitter, event, receiver, slot)
// THROWS Property 'onNope' is missing in type 'Consumer' but required in type 'HasSlot<"onNope", [product: string]>'.
connect(producer, 'produced', consumer, 'onNope');
// THROWS Argument of type '"nope"' is not assignable to parameter of type '"produced" | "sold"'.
connect(producer, 'nope', consumer, 'onProduced');
// THROWS Argument of type 'Consumer' is not assignable to parameter of type 'HasSlot<"onNumber", [product: string]>'.
connect(producer, 'produced', consumer, 'onNumber');
// THROWS Argument of type 'Consumer' is not assignable to parameter of type 'HasSlot<"onCount", [product: string]>'.
connect(producer, 'produced', consumer, 'onCount');
// THROWS Argument of type 'Consumer' is not assignable to parameter of type 'HasSlot<"onSold", [product: string]>'.
connect(producer, 'produced', consumer, 'onSold');
// THROWS Argument of type 'Consumer' is not assignable to parameter of type 'HasSlot<"size", [product: string]>'.
connect(producer, 'produced', consumer, 'size');
// THROWS Type 'string' is not assignable to type 'boolean | undefined'.
connect(producer, 'produced', consumer, 'onProduced', { once: 'yes' });
// THROWS Object literal may only specify known properties, and 'slotNames' does not exist in type 'ListenOptions'.
connect(producer, 'produced', consumer, 'onProduced', { slotNames: false });

// connect(emitter, events, receiver)
// THROWS Type '"nope"' is not assignable to type '"produced" | "sold"'.
connect(producer, ['produced', 'nope'], consumer);
// THROWS Property 'onProduced' is missing in type 'Stranger' but required in type '{ readonly onProduced: Listener<[product: string]>; }'.
connect(producer, ['produced'], new Stranger());
// THROWS Argument of type 'WrongConsumer' is not assignable to parameter of type '{ readonly onProduced: Listener<[product: string]>; }'.
connect(producer, ['produced'], new WrongConsumer());
// THROWS Argument of type '() => void' is not assignable to parameter of type '{ readonly onProduced: Listener<[product: string]>; }'.
connect(producer, ['produced'], () => {});

// connect(emitter, events, receiver, slots)
// THROWS Argument of type '[string]' is not assignable to parameter of type 'AsManySlotsAsEvents<2>'.
connect(producer, ['produced', 'sold'], consumer, ['onProduced']);
// THROWS Argument of type '[string, string]' is not assignable to parameter of type 'AsManySlotsAsEvents<1>'.
connect(producer, ['produced'], consumer, ['onProduced', 'onSold']);
// THROWS Property 'onNope' is missing in type 'Consumer' but required in type '{ readonly onNope: Listener<[product: string, price: number]>; readonly onProduced: Listener<[product: string]>; }'.
connect(producer, ['produced', 'sold'], consumer, ['onProduced', 'onNope']);
// THROWS Argument of type 'Consumer' is not assignable to parameter of type '{ readonly onProduced: Listener<[product: string, price: number]>; readonly onSold: Listener<[product: string]>; }'.
connect(producer, ['produced', 'sold'], consumer, ['onSold', 'onProduced']);
// THROWS Type '"nope"' is not assignable to type '"produced" | "sold"'.
connect(producer, ['nope'], consumer, ['onProduced']);
// THROWS Argument of type 'string' is not assignable to parameter of type 'AsManySlotsAsEvents<1>'.
connect(producer, ['produced'], consumer, 'onProduced');
// THROWS Argument of type 'string[]' is not assignable to parameter of type 'string'.
connect(producer, 'produced', consumer, ['onProduced']);
// THROWS Type 'string' is not assignable to type 'boolean | undefined'.
connect(producer, ['produced'], consumer, { slotNames: 'no' });
// THROWS Property 'produced' is missing in type 'Consumer' but required in type '{ readonly produced: Listener<[product: string]>; }'.
connect(producer, ['produced'], consumer, { slotNames: false });
// THROWS Type 'string' is not assignable to type 'boolean | undefined'.
connect(producer, 'produced', (_product) => {}, { once: 'yes' });
// THROWS '{ readonly onSold: Listener<[product: string, price: number]> & Listener<[product: string]>; }'
connect(producer, ['sold', 'produced'], consumer, ['onSold', 'onSold']);

// What keeps no events, or keeps them under another name, is checked as well
// THROWS Property 'events' is missing in type 'Stranger' but required in type 'HasEvents'.
connect(new Stranger(), 'anything', (count: number) => count);

// THROWS Property 'events' is missing in type 'Stranger' but required in type 'HasEvents'.
disconnect(new Stranger(), 'anything');

// THROWS Type 'number' is not assignable to type 'string'.
connect(new Named(), 'rung', (times: string) => times);

// THROWS Argument of type '"rnug"' is not assignable to parameter of type '"rung"'.
connect(new Named(), 'rnug', () => {});

// THROWS Argument of type '"rnug"' is not assignable to parameter of type '"rung"'.
disconnect(new Named(), 'rnug');

// THROWS Type 'number' is not assignable to type 'string'.
connect(new Named(), 'rung', { onRung(_times: string) {} });

// THROWS Type '(_times: string) => void' is not assignable to type 'Listener<[times: number]>'.
connect(new Named(), 'rung', { onDing(_times: string) {} }, 'onDing');
