import {
  connect,
  ConnectError,
  emits,
  event,
  EventLoop,
  type Events,
  events,
  forwards,
  hasEventLoop,
} from 'mreventloop';
import { describe, expect, test } from 'vitest';

type Results = { result: [text: string]; sold_out: [] };

class Plain {
  readonly events = events({ result: event<[text: string]>(), sold_out: event() });
}

/** What an emitter emits. */
function logOf(emitter: { readonly events: Events<Results> }): string[] {
  const log: string[] = [];
  connect(emitter, 'result', (text) => log.push(`result ${text}`));
  connect(emitter, 'sold_out', () => log.push('sold_out'));
  return log;
}

const untyped = (...args: unknown[]): unknown => Reflect.apply(forwards, undefined, args);

describe('forwards, the function', () => {
  test('forwards: finds the events by the names of the slots, and gives the object back', () => {
    const plain = new Plain();
    const forwarding = forwards(plain, ['onResult', 'onSoldOut']);
    const log = logOf(plain);
    expect(forwarding).toBe(plain);
    forwarding.onResult('tea');
    forwarding.onSoldOut();
    expect(log).toEqual(['result tea', 'sold_out']);
  });

  test('forwards: getters of an object whose events are found are not run', () => {
    const lazy = Object.defineProperty(new Plain(), 'lazy', {
      enumerable: true,
      get: () => expect.unreachable('the getter was run'),
    });
    const log = logOf(lazy);
    forwards(lazy, ['onSoldOut']).onSoldOut();
    expect(log).toEqual(['sold_out']);
  });

  test('forwards: takes the events from a second list', () => {
    const plain = new Plain();
    const forwarding = forwards(plain, ['pass', 'end'], ['result', 'sold_out']);
    const log = logOf(plain);
    forwarding.pass('tea');
    forwarding.end();
    expect(log).toEqual(['result tea', 'sold_out']);
  });

  test('forwards: in a constructor, with the slots declared', () => {
    class Forwarding extends Plain {
      declare readonly onResult: (text: string) => void;
      constructor() {
        super();
        forwards(this, ['onResult']);
      }
    }
    const forwarding = new Forwarding();
    const log = logOf(forwarding);
    connect(forwarding, 'result', () => {});
    forwarding.onResult('tea');
    expect(log).toEqual(['result tea']);
  });

  test('forwards: never replaces what the object has, its own or inherited', () => {
    class Parent extends Plain {
      readonly log: string[] = [];
      onResult(text: string): void {
        this.log.push(`method ${text}`);
      }
    }
    class Child extends Parent {
      readonly onSoldOut = () => this.log.push('field');
    }
    const child = new Child();
    const emitted = logOf(child);
    forwards(child, ['onResult', 'onSoldOut']);
    child.onResult('tea');
    child.onSoldOut();
    expect(child.log).toEqual(['method tea', 'field']);
    expect(emitted).toEqual([]);
  });

  test('forwards: runs on the event loop of the object, in line with its slots', async () => {
    class Queued extends Plain {
      readonly eventLoop = new EventLoop();
    }
    const queued = forwards(new Queued(), ['onResult']);
    const log = logOf(queued);
    queued.onResult('tea');
    void queued.eventLoop.enqueue(() => log.push('slot'));
    queued.onResult('coffee');
    expect(log).toEqual([]);
    await queued.eventLoop.start().stop();
    expect(log).toEqual(['result tea', 'slot', 'result coffee']);
  });

  test('forwards: events that do not exist, and lists of different lengths, are refused at once', () => {
    expect(() => forwards(new Plain(), ['onNope' as 'onResult'])).toThrow(
      new ConnectError("Plain has no event that slot 'onNope' could forward"),
    );
    expect(() => forwards(new Plain(), ['pass'], ['nope' as 'result'])).toThrow(
      new ConnectError("Plain has no event 'nope'; it has 'result', 'sold_out'"),
    );
    expect(() => untyped(new Plain(), ['a', 'b'], ['result'])).toThrow(
      new ConnectError('2 slots cannot be paired with 1 events'),
    );
    expect(() => untyped(new Plain(), ['a'], ['result', 'sold_out'])).toThrow(
      new ConnectError('1 slots cannot be paired with 2 events'),
    );
    expect(untyped(new Plain())).toBeInstanceOf(Plain);
  });
});

describe('forwards, the decorator', () => {
  test('@forwards: finds the events by the names of the slots', () => {
    @forwards(['onResult', 'onSoldOut'])
    @emits('events', ['result', 'sold_out'])
    class Forwarding {
      declare readonly events: Events<Results>;
      declare readonly onResult: (text: string) => void;
      declare readonly onSoldOut: () => void;
    }
    const [one, other] = [new Forwarding(), new Forwarding()];
    const [log, otherLog] = [logOf(one), logOf(other)];
    one.onResult('tea');
    one.onSoldOut();
    expect(log).toEqual(['result tea', 'sold_out']);
    expect(otherLog).toEqual([]);
  });

  test('@forwards: takes the events from a second list', () => {
    @forwards(['pass'], ['result'])
    class Forwarding extends Plain {
      declare readonly pass: (text: string) => void;
    }
    const forwarding = new Forwarding();
    const log = logOf(forwarding);
    forwarding.pass('tea');
    expect(log).toEqual(['result tea']);
  });

  test('@forwards: never replaces a method or a field', () => {
    const calls: string[] = [];
    @forwards(['onResult', 'onSoldOut'])
    class Forwarding extends Plain {
      readonly onSoldOut = () => calls.push('field');
      onResult(text: string): void {
        calls.push(`method ${text}`);
      }
    }
    const forwarding = new Forwarding();
    const emitted = logOf(forwarding);
    forwarding.onResult('tea');
    forwarding.onSoldOut();
    expect(calls).toEqual(['method tea', 'field']);
    expect(emitted).toEqual([]);
  });

  test('@forwards: a subclass may have a slot of its own instead', () => {
    @forwards(['onResult'])
    class Forwarding extends Plain {
      declare onResult: (text: string) => void;
    }
    const calls: string[] = [];
    class Special extends Forwarding {
      override onResult = (text: string) => void calls.push(text);
    }
    const special = new Special();
    const emitted = logOf(special);
    special.onResult('tea');
    expect(calls).toEqual(['tea']);
    expect(emitted).toEqual([]);
  });

  test('@forwards: runs on the event loop of the object', async () => {
    @hasEventLoop('eventLoop')
    @forwards(['onResult'])
    class Forwarding extends Plain {
      declare readonly eventLoop: EventLoop;
      declare readonly onResult: (text: string) => void;
    }
    const forwarding = new Forwarding();
    const log = logOf(forwarding);
    forwarding.onResult('tea');
    expect(log).toEqual([]);
    await forwarding.eventLoop.start().stop();
    expect(log).toEqual(['result tea']);
  });

  test('@forwards: a field that hides the loop is told, instead of that slots run at once', () => {
    @hasEventLoop('eventLoop')
    @forwards(['onResult'])
    class Hiding extends Plain {
      eventLoop!: EventLoop;
      declare readonly onResult: (text: string) => void;
    }
    const hiding = new Hiding();
    const log = logOf(hiding);
    expect(() => hiding.onResult('tea')).toThrow("Hiding has no event loop: write 'declare eventLoop'");
    expect(log).toEqual([]);
  });

  test('@forwards: a missing event is found when the slot is called, wrong lists at once', () => {
    const decorate = untyped(['onNope']) as (target: abstract new () => object) => void;
    class Forwarding extends Plain {
      declare readonly onNope: () => void;
    }
    decorate(Forwarding);
    expect(() => new Forwarding().onNope()).toThrow(
      new ConnectError("Forwarding has no event that slot 'onNope' could forward"),
    );
    expect(() => untyped(['a', 'b'], ['result'])).toThrow(new ConnectError('2 slots cannot be paired with 1 events'));
  });

  test('@forwards: a getter of the class stays, and is not run', () => {
    @forwards(['onResult'])
    class Forwarding extends Plain {
      readonly #log: string[] = [];
      get onResult(): (text: string) => void {
        return (text) => void this.#log.push(text);
      }
      get log(): readonly string[] {
        return this.#log;
      }
    }
    const forwarding = new Forwarding();
    forwarding.onResult('tea');
    expect(forwarding.log).toEqual(['tea']);
  });
});
