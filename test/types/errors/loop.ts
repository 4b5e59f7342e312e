import {
  event,
  EventLoop,
  events,
  forwards,
  getEventLoop,
  hasEventLoop,
  setEventLoop,
  slot,
  Worker,
} from 'mreventloop';
import { Spy } from 'mreventloop/testing';

class Owner {
  readonly eventLoop = new EventLoop();
  readonly onProduced = slot(this, (product: string) => product.length);
}
const owner = new Owner();

// EventLoop
// THROWS Type 'false' has no properties in common with type 'EventLoopOptions'.
new EventLoop(false);
// THROWS Type 'string' is not assignable to type 'boolean | undefined'.
new EventLoop({ exitOnException: 'no' });
// THROWS Type '"drop"' is not assignable to type 'OverflowPolicy | undefined'.
new EventLoop({ overflow: 'drop' });
// THROWS Argument of type 'number' is not assignable to parameter of type 'string'.
new EventLoop().enqueue((product: string) => product, 3);
// THROWS Expected 2 arguments, but got 1.
new EventLoop().enqueue((product: string) => product);
// THROWS Expected 1 arguments, but got 0.
new EventLoop().events.exception();
// THROWS Cannot assign to 'running' because it is a read-only property.
new EventLoop().running = true;

// slot
class Slots {
  // THROWS Argument of type '() => number' is not assignable to parameter of type 'ReturnsNothingOrPromise'.
  @slot toNumber(): number {
    return 3;
  }
  // THROWS Argument of type 'undefined' is not assignable to parameter of type 'ReturnsNothingOrPromise'.
  @slot readonly size = 3;
  // THROWS Argument of type '() => number' is not assignable to parameter of type 'ReturnsNothingOrPromise'.
  @slot get length(): number {
    return 3;
  }
}
class NoLoop {
  // THROWS Argument of type 'this' is not assignable to parameter of type 'HasEventLoop'.
  readonly onProduced = slot(this, (product: string) => product.length);
}
// THROWS Argument of type 'number' is not assignable to parameter of type 'Callable'.
slot(owner, 3);
// THROWS Expected 2 arguments, but got 1.
slot((product: string) => product);
// THROWS Argument of type 'number' is not assignable to parameter of type 'string'.
void owner.onProduced(3);
// THROWS Expected 1 arguments, but got 0.
void owner.onProduced();
// THROWS Type 'SlotCall<number>' is not assignable to type 'Promise<string>'.
const length: Promise<string> = owner.onProduced('tea');
// THROWS Property 'toFixed' does not exist on type 'SlotCall<number>'.
owner.onProduced('tea').toFixed();

// hasEventLoop
// THROWS Argument of type 'typeof Undeclared' is not assignable to parameter of type 'abstract new (...args: never[]) => Record<"eventLoop", EventLoop>'.
@hasEventLoop('eventLoop')
class Undeclared {}
// THROWS Argument of type 'typeof OtherName' is not assignable to parameter of type 'abstract new (...args: never[]) => Record<"loop", EventLoop>'.
@hasEventLoop('loop')
class OtherName {
  declare eventLoop: EventLoop;
}
// THROWS Expected 1 arguments, but got 0.
@hasEventLoop()
class NoName {
  declare eventLoop: EventLoop;
}

// forwards
class Emitter {
  readonly events = events({ result: event<[text: string]>(), sold_out: event() });
}
// THROWS Type '"onNope"' is not assignable to type '"onResult" | "onSoldOut"'.
forwards(new Emitter(), ['onNope']);
// THROWS Type '"nope"' is not assignable to type 'NameIn<{ result: [text: string]; sold_out: []; }>'.
forwards(new Emitter(), ['onResult'], ['nope']);
// THROWS Argument of type '[string, string]' is not assignable to parameter of type 'AsManySlotsAsEvents<1>'.
forwards(new Emitter(), ['onResult', 'onSoldOut'], ['result']);
// THROWS Argument of type 'number' is not assignable to parameter of type 'string'.
forwards(new Emitter(), ['onResult']).onResult(3);
// THROWS Argument of type 'number' is not assignable to parameter of type 'string'.
forwards(new Emitter(), ['pass'], ['result']).pass(3);
// THROWS Property 'onSoldOut' does not exist on type 'Emitter & ForwardingSlotsByName<{ result: [text: string]; sold_out: []; }, "onResult">'.
forwards(new Emitter(), ['onResult']).onSoldOut();
// THROWS Argument of type '{}' is not assignable to parameter of type 'Emitter<{}, never>'.
forwards({}, ['onResult']);
// THROWS Property 'onResult' is missing in type 'Emitter' but required in type '{ readonly onResult: (...args: never[]) => unknown; }'.
@forwards(['onResult'])
class NotDeclared extends Emitter {}
// THROWS Type 'string' is not assignable to type '(...args: never[]) => unknown'.
@forwards(['onResult'])
class NoSlot extends Emitter {
  declare readonly onResult: string;
}
// THROWS Type '() => void' is not assignable to type 'HasEvent'.
@forwards(['onNope'])
class NoEvent extends Emitter {
  declare readonly onNope: () => void;
}
// THROWS Property 'takes' is missing in type '(count: number) => void' but required in type 'SlotThatTakes<[text: string]>'.
@forwards(['onResult'])
class OtherArguments extends Emitter {
  declare readonly onResult: (count: number) => void;
}
// THROWS Property 'takes' is missing in type '(text: string | number) => void' but required in type 'SlotThatTakes<[text: string]>'.
@forwards(['pass'], ['result'])
class WiderArguments extends Emitter {
  declare readonly pass: (text: string | number) => void;
}
// THROWS Type '() => void' is not assignable to type 'HasEvent'.
@forwards(['pass'], ['nope'])
class NoNamedEvent extends Emitter {
  declare readonly pass: () => void;
}

// getEventLoop and setEventLoop
// THROWS Argument of type 'string' is not assignable to parameter of type 'object'.
getEventLoop('owner');
// THROWS Type 'EventLoop | undefined' is not assignable to type 'EventLoop'.
const loop: EventLoop = getEventLoop(owner);
// THROWS Argument of type 'string' is not assignable to parameter of type 'EventLoop'.
setEventLoop(owner, 'loop');
// THROWS Expected 2 arguments, but got 1.
setEventLoop(owner);

// Worker
// THROWS Cannot create an instance of an abstract class.
new Worker();
// THROWS Non-abstract class 'Idle' does not implement inherited abstract member run from class 'Worker'.
class Idle extends Worker {}
// THROWS Property 'run' in type 'Counter' is not assignable to the same property in base type 'Worker'.
class Counter extends Worker {
  protected override run(count: number): void {
    void count;
  }
}
// THROWS Property 'run' in type 'Polling' is not assignable to the same property in base type 'Worker'.
class Polling extends Worker {
  protected override run(): number {
    return 3;
  }
}

// Spy
const spy = new Spy<{ onProduced: [product: string] }>(['onProduced']);
// THROWS Object literal may only specify known properties, and 'onProduced' does not exist in type 'readonly string[]'.
new Spy({ onProduced: [] });
// THROWS Type '"onNope"' is not assignable to type '"onProduced"'.
new Spy<{ onProduced: [product: string] }>(['onNope']);
// THROWS Argument of type 'number' is not assignable to parameter of type 'string'.
spy.onProduced(3);
// THROWS Property 'onNope' does not exist on type 'Spy<{ onProduced: [product: string]; }>'.
spy.onNope();
// THROWS Argument of type '"onNope"' is not assignable to parameter of type '"onProduced"'.
spy.calls('onNope');
// THROWS Type '[product: string][]' is not assignable to type 'number[][]'.
const calls: number[][] = spy.calls('onProduced');
