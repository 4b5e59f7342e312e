import {
  connect,
  emits,
  event,
  EventLoop,
  type Events,
  events,
  forwards,
  getEventLoop,
  hasEventLoop,
  type LoopOverflow,
  setEventLoop,
  type Slot,
  slot,
  type SlotCall,
  type UntypedEvents,
  Worker,
} from 'mreventloop';
import { Spy, StepClock } from 'mreventloop/testing';
import { expectTypeOf } from 'vitest';

class Producer {
  readonly events = events({ produced: event<[product: string]>() });
}
const producer = new Producer();

// slot, as a function
class Consumer {
  eventLoop = new EventLoop();
  readonly onProduced = slot(this, (product: string) => product.length);
  readonly onProducedLater = slot(this, async (product: string) => product.length);
  readonly onNothing = slot(this, () => {});
}
const consumer = new Consumer();
expectTypeOf(consumer.onProduced).toEqualTypeOf<Slot<[product: string], number>>();
expectTypeOf(consumer.onProduced('tea')).toEqualTypeOf<SlotCall<number>>();
expectTypeOf(consumer.onProducedLater('tea')).toEqualTypeOf<SlotCall<number>>();
expectTypeOf(consumer.onNothing()).toEqualTypeOf<SlotCall<void>>();
expectTypeOf(consumer.onProduced('tea')).toExtend<Promise<number>>();
connect(producer, consumer);
connect(producer, 'produced', consumer, 'onProducedLater');

// slot, as a decorator: the types of methods stay as they are
@hasEventLoop('eventLoop')
@forwards(['onBrewed'])
@emits('events', ['brewed'])
class Decorated {
  declare readonly eventLoop: EventLoop;
  declare readonly events: Events<{ brewed: [drink: string] }>;
  declare readonly onBrewed: (drink: string) => void;
  @slot onProduced(_product: string): void {}
  @slot async onSold(_product: string): Promise<number> {
    return 3;
  }
}
const decorated = new Decorated();
expectTypeOf(decorated.onProduced('tea')).toEqualTypeOf<void>();
expectTypeOf(decorated.onSold('tea')).toEqualTypeOf<Promise<number>>();
connect(producer, 'produced', decorated);
connect(producer, 'produced', decorated, 'onBrewed');

// forwards, as a decorator: fewer arguments, any of events of which only the names are known, and any of unknown ones
@forwards(['onBrewed', 'onSoldOut'])
@emits('signals', ['brewed', 'sold_out'])
class OtherName {
  declare readonly signals: Events<{ brewed: [drink: string, cups?: number]; sold_out: [] }>;
  declare readonly onBrewed: (drink: string) => void;
  declare readonly onSoldOut: () => void;
}
@forwards(['pass', 'end'], ['brewed', 'sold_out'])
class Named extends OtherName {
  declare readonly pass: (drink: string, cups?: number) => void;
  declare readonly end: () => void;
}
@forwards(['onBrewed'])
class OnlyNames {
  declare readonly events: Events<UntypedEvents<'brewed'>>;
  declare readonly onBrewed: (drink: string) => void;
}
@forwards(['onBrewed'])
class Unknown {
  declare readonly onBrewed: (drink: string) => void;
}
connect(producer, 'produced', new Named(), 'pass');
connect(producer, 'produced', new OnlyNames(), 'onBrewed');
connect(producer, 'produced', new Unknown(), 'onBrewed');

// EventLoop
const loop = new EventLoop({ exitOnException: false, limit: 10, overflow: 'drop-oldest' });
expectTypeOf(loop.start()).toEqualTypeOf<EventLoop>();
expectTypeOf(loop.stop()).toEqualTypeOf<Promise<void>>();
expectTypeOf(loop.enqueue((a: number, b: string) => `${a}${b}`, 1, 'b')).toEqualTypeOf<SlotCall<string>>();
connect(loop, 'exception', (error) => expectTypeOf(error).toEqualTypeOf<unknown>());
connect(loop, 'overflow', (overflow) => expectTypeOf(overflow).toEqualTypeOf<LoopOverflow>());
connect(loop, ['started', 'stopped', 'active', 'idle'], {
  onStarted() {},
  onStopped() {},
  onActive() {},
  onIdle() {},
});
setEventLoop(consumer, loop);
expectTypeOf(getEventLoop(consumer)).toEqualTypeOf<EventLoop | undefined>();

// forwards, as a function
class Emitter {
  readonly events = events({ result: event<[text: string]>(), sold_out: event() });
}
const byName = forwards(new Emitter(), ['onResult', 'onSoldOut']);
expectTypeOf(byName.onResult).toEqualTypeOf<(text: string) => void>();
expectTypeOf(byName.onSoldOut).toEqualTypeOf<() => void>();
const named = forwards(new Emitter(), ['pass', 'onEnd'], ['result', 'sold_out']);
expectTypeOf(named.pass).toEqualTypeOf<(text: string) => void>();
expectTypeOf(named.onEnd).toEqualTypeOf<() => void>();
connect(producer, 'produced', named, 'pass');

/** As the documentation shows it: `this` in a constructor. */
export class Processor {
  readonly events = events({ result: event<[text: string]>() });
  declare readonly onResult: (text: string) => void;
  declare readonly pass: (text: string) => void;
  constructor() {
    forwards(this, ['onResult']);
    forwards(this, ['pass'], ['result']);
    setEventLoop(this, loop);
  }
}

// Worker
export class Poller extends Worker {
  protected override run(signal: AbortSignal): void {
    signal.throwIfAborted();
  }
}
export class AsyncPoller extends Worker {
  protected override async run(): Promise<void> {}
}
expectTypeOf(new Poller().start()).toEqualTypeOf<Poller>();
expectTypeOf(new Poller().stop()).toEqualTypeOf<Promise<void>>();
expectTypeOf(new Poller().done).toEqualTypeOf<Promise<void>>();

// Spy
const spy = new Spy<{ onProduced: [product: string] }>(['onProduced']);
connect(producer, spy);
connect(producer, 'produced', spy, 'onProduced');
expectTypeOf(spy.calls('onProduced')).toEqualTypeOf<[product: string][]>();
const untyped = new Spy(['onProduced', 'onSold']);
connect(producer, 'produced', untyped, 'onSold');
expectTypeOf(untyped.calls('onSold')).toEqualTypeOf<unknown[][]>();

// A call is handled like a promise
const pending = new EventLoop().enqueue(() => 1);
expectTypeOf(pending.then(String, (error: Error) => error)).toEqualTypeOf<Promise<string | Error>>();
expectTypeOf(pending.catch((error: RangeError) => error.message)).toEqualTypeOf<Promise<number | string>>();
pending.catch((reason) => expectTypeOf(reason).toEqualTypeOf<unknown>());
const promised: Promise<number> = pending;
expectTypeOf(promised).resolves.toEqualTypeOf<number>();

// StepClock
const clock = new StepClock();
expectTypeOf(clock.until(Promise.resolve(1))).toEqualTypeOf<Promise<number>>();
expectTypeOf(clock.until(pending, { timeout: 5 })).toEqualTypeOf<Promise<number>>();
expectTypeOf(clock.until(() => true)).toEqualTypeOf<Promise<void>>();
// @ts-expect-error a value is nothing to wait for
void clock.until(3);
// @ts-expect-error a condition is true or false
void clock.until(() => 'yes');
