import { addEvent, disconnect, emits, type Event, event, type EventArgs, Events, events, SyncEvent } from 'mreventloop';

class Producer {
  readonly events = events({
    produced: event<[product: string]>(),
    sold: event<[product: string, price: number]>(),
  });
}
class Consumer {
  onProduced(_product: string): void {}
}
const producer = new Producer();
const { produced } = producer.events;

// event
// THROWS Type 'string' does not satisfy the constraint 'readonly unknown[]'.
event<string>();
// THROWS Argument of type 'number' is not assignable to parameter of type 'string'.
event(3);
// THROWS Argument of type 'number' is not assignable to parameter of type 'string'.
produced(3);
// THROWS Expected 1 arguments, but got 0.
produced();
// THROWS Expected 1 arguments, but got 2.
produced('tea', 'coffee');
// THROWS Expected 0 arguments, but got 1.
event()('tea');
// THROWS Argument of type '(count: number) => number' is not assignable to parameter of type 'Listener<[product: string]>'.
produced.addListener((count: number) => count);
// THROWS Argument of type '(product: string, price: number) => number' is not assignable to parameter of type 'Listener<[product: string]>'.
produced.addListener((product: string, price: number) => price);
// THROWS Type 'number' is not assignable to type 'boolean | undefined'.
produced.addListener(() => {}, { once: 1 });
// THROWS Argument of type '(count: number) => number' is not assignable to parameter of type 'Listener<[product: string]>'.
produced.removeListener((count: number) => count);
// THROWS Cannot assign to 'name' because it is a read-only property.
produced.name = 'sold';
// THROWS Type 'Event<[product: string]>' is not assignable to type 'Event<[count: number]>'.
const other: Event<[count: number]> = produced;

// events
// THROWS Type '(product: string) => string' is not assignable to type 'AnyEvent'.
events({ produced: (product: string) => product });
// THROWS Type 'string' is not assignable to type 'AnyEvent'.
events(['produced']);
// THROWS Property 'nope' does not exist on type 'Events<{ produced: [product: string]; sold: [product: string, price: number]; }>'.
producer.events.nope('tea');
// THROWS Argument of type 'number' is not assignable to parameter of type 'string'.
producer.events.produced(3);
// THROWS Cannot assign to 'produced' because it is a read-only property.
producer.events.produced = event<[product: string]>();

// Events
// THROWS Object literal may only specify known properties, and 'produced' does not exist in type 'readonly string[]'.
new Events({ produced: event() });
// THROWS Type '"nope"' is not assignable to type '"produced"'.
new Events<{ produced: [product: string] }>(['nope']);
// THROWS Type '{ produced: string; }' does not satisfy the constraint 'MapOfEvents<{ produced: string; }>'. Types of property 'produced' are incompatible. Type 'string' is not assignable to type 'readonly unknown[]'.
new Events<{ produced: string }>(['produced']);
// THROWS Type 'Events<MapOfEvents<{ produced: [product: string]; }> & Record<"produced" | "sold", readonly unknown[]>>' is not assignable to type
const annotated: Events<{ produced: [product: string] }> = new Events(['produced', 'sold']);
// THROWS Property 'nope' does not exist on type 'Events<UntypedEvents<"produced">>'.
new Events(['produced']).nope();
// THROWS Type 'Events<{ produced: [product: string]; sold: [product: string, price: number]; }>' is not assignable to type 'Events<{ produced: [count: number]; }>'.
const wrong: Events<{ produced: [count: number] }> = producer.events;
// THROWS Type 'number' is not assignable to type 'string'.
const args: EventArgs<Producer, 'produced'> = [3];

// addEvent
// THROWS Property 'tasted2' does not exist on type 'Events<{ produced: [product: string]; sold: [product: string, price: number]; } & Record<"tasted", unknown[]>>'. Did you mean 'tasted'?
addEvent(producer.events, 'tasted').tasted2();
// THROWS Type '() => void' is missing the following properties from type 'Event<[]>': addListener, removeListener, next, stream, and 3 more.
addEvent(producer.events, 'tasted', () => {});
// THROWS Argument of type 'string' is not assignable to parameter of type 'number'.
addEvent(producer.events, 'tasted', event<[stars: number]>()).tasted('five');
// THROWS Argument of type 'Producer' is not assignable to parameter of type 'Events<
addEvent(producer, 'tasted');

// emits
// THROWS Argument of type 'typeof Undeclared' is not assignable to parameter of type 'EmitterClass<"events", "produced">'.
@emits('events', ['produced'])
class Undeclared {}
// THROWS Argument of type 'typeof Incomplete' is not assignable to parameter of type 'EmitterClass<"events", "produced" | "sold">'.
@emits('events', ['produced', 'sold'])
class Incomplete {
  declare readonly events: Events<{ produced: [product: string] }>;
}
// THROWS Argument of type 'typeof OtherName' is not assignable to parameter of type 'EmitterClass<"signals", "produced">'.
@emits('signals', ['produced'])
class OtherName {
  declare readonly events: Events<{ produced: [product: string] }>;
}
// THROWS Argument of type 'typeof NoList' is not assignable to parameter of type 'EmitterClass<"events", string>'.
@emits('events', 'produced')
class NoList {
  declare readonly events: Events<{ produced: [product: string] }>;
}

// disconnect
// THROWS Argument of type '"nope"' is not assignable to parameter of type '"produced" | "sold"'.
disconnect(producer, 'nope');
// THROWS Argument of type '"nope"' is not assignable to parameter of type '"produced" | "sold"'.
disconnect(producer, 'nope', new Consumer(), 'onProduced');
// THROWS Property 'onNope' is missing in type 'Consumer' but required in type 'HasSlot<"onNope", [product: string]>'.
disconnect(producer, 'produced', new Consumer(), 'onNope');
// THROWS Property 'onNope' is missing in type 'Consumer' but required in type '{ readonly onNope: Listener<[product: string]>; }'.
disconnect(producer, ['produced'], new Consumer(), ['onNope']);
// THROWS Type '"nope"' is not assignable to type '"produced" | "sold"'.
disconnect(producer, ['nope'], new Consumer());
// THROWS Argument of type '(count: number) => number' is not assignable to parameter of type 'Listener<[product: string]>'.
disconnect(produced, (count: number) => count);
// THROWS Argument of type 'string' is not assignable to parameter of type 'HasEvents'.
disconnect('producer');

// SyncEvent
// THROWS Type 'Producer' is missing the following properties from type 'Event<readonly unknown[]>': addListener, removeListener, next, stream, and 4 more.
new SyncEvent(producer);
// THROWS Argument of type 'string' is not assignable to parameter of type 'Event<readonly unknown[]>'.
new SyncEvent('produced');
// THROWS Type 'Promise<string>' is not assignable to type 'Promise<number>'.
const count: Promise<number> = (async () => await new SyncEvent(produced))();

// next
// THROWS Type 'string' is not assignable to type 'number'.
void produced.next({ timeout: 'soon' });
// THROWS Type '(count: number) => boolean' is not assignable to type '(product: string) => boolean'.
void produced.next({ where: (count: number) => count > 0 });
// THROWS Type '(product: string) => number' is not assignable to type '(product: string) => boolean'.
void produced.next({ where: (product) => product.length });
// THROWS Type 'AbortController' is missing the following properties from type 'AbortSignal': aborted, onabort, reason, throwIfAborted, and 3 more.
void produced.next({ signal: new AbortController() });
// THROWS Type 'Promise<[product: string]>' is not assignable to type 'Promise<[number]>'.
const number: Promise<[number]> = produced.next();

// stream
// THROWS Type '"drop"' is not assignable to type 'OverflowPolicy | undefined'.
produced.stream({ overflow: 'drop' });
// THROWS Type 'string' is not assignable to type 'number'.
produced.stream({ limit: '3' });
// THROWS Property 'toFixed' does not exist on type '[product: string]'.
for await (const count of produced.stream()) count.toFixed();
