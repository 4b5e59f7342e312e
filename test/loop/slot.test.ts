import {
  ConnectError,
  connect,
  event,
  EventLoop,
  events,
  hasEventLoop,
  OverflowError,
  setEventLoop,
  slot,
} from 'mreventloop';
import { describe, expect, test } from 'vitest';
import { settled } from './uncaught.ts';

class Producer {
  readonly events = events({ produced: event<[product: string]>() });
}

class Consumer {
  eventLoop = new EventLoop();
  readonly products: string[] = [];
  readonly onProduced = slot(this, (product: string) => {
    this.products.push(product);
    return product.length;
  });
}

@hasEventLoop('eventLoop')
class Decorated {
  declare eventLoop: EventLoop;
  readonly products: string[] = [];

  @slot async onProduced(product: string): Promise<number> {
    this.products.push(product);
    return product.length;
  }

  @slot onReset(): void {
    this.products.length = 0;
  }
}

describe('slot, the function', () => {
  test('slot: queues the call and gives what it returns', async () => {
    const consumer = new Consumer();
    await using _ = consumer.eventLoop.start();
    const call = consumer.onProduced('tea');
    expect(consumer.products).toEqual([]);
    expect(await call).toBe(3);
    expect(consumer.products).toEqual(['tea']);
  });

  test('slot: can be connected, under its name', async () => {
    const [producer, consumer] = [new Producer(), new Consumer()];
    connect(producer, consumer);
    producer.events.produced('tea');
    await consumer.eventLoop.start().stop();
    expect(consumer.products).toEqual(['tea']);
  });

  test('slot: uses the loop that its owner has at the moment of the call', async () => {
    const consumer = new Consumer();
    const first = consumer.eventLoop;
    void consumer.onProduced('on the first');
    consumer.eventLoop = new EventLoop();
    void consumer.onProduced('on the second');
    expect([first.size, consumer.eventLoop.size]).toEqual([1, 1]);
    await consumer.eventLoop.start().stop();
    expect(consumer.products).toEqual(['on the second']);
    await first.start().stop();
    expect(consumer.products).toEqual(['on the second', 'on the first']);
  });

  test('slot: an owner without a loop is an error that names it', () => {
    class Careless {
      eventLoop = undefined as unknown as EventLoop;
      readonly onProduced = slot(this, () => {});
    }
    expect(() => new Careless().onProduced()).toThrow(
      new ConnectError("Careless has a slot, but no 'eventLoop' to run it on"),
    );
  });

  test('slot: is named after its field in messages', () => {
    const consumer = new Consumer();
    consumer.eventLoop = new EventLoop({ limit: 1 });
    void consumer.onProduced('tea');
    expect(() => consumer.onProduced('tea')).toThrow(OverflowError);
    expect(() => consumer.onProduced('tea')).toThrow('Consumer.onProduced was called, but its event loop is full');
  });
});

describe('slot, the decorator', () => {
  test('@slot: queues the call, as a method of its object', async () => {
    const decorated = new Decorated();
    await using _ = decorated.eventLoop.start();
    const call = decorated.onProduced('tea');
    expect(decorated.products).toEqual([]);
    expect(await call).toBe(3);
    expect(decorated.products).toEqual(['tea']);
    decorated.onReset();
    expect(decorated.products).toEqual(['tea']);
    await settled();
    expect(decorated.products).toEqual([]);
  });

  test('@slot: without an event loop the method runs at once', () => {
    class Direct {
      readonly products: string[] = [];
      @slot onProduced(product: string): void {
        this.products.push(product);
      }
    }
    const direct = new Direct();
    direct.onProduced('tea');
    expect(direct.products).toEqual(['tea']);
  });

  test('@slot: keeps the name of the method', () => {
    // oxlint-disable-next-line typescript/unbound-method
    expect(new Decorated().onProduced.name).toBe('onProduced');
  });

  test('@slot: an overriding slot may call the one it overrides, which is queued', async () => {
    class Special extends Decorated {
      @slot override async onProduced(product: string): Promise<number> {
        void super.onProduced(`${product}, again`);
        this.products.push(product);
        return 0;
      }
    }
    const special = new Special();
    void special.onProduced('tea');
    await special.eventLoop.start().stop();
    expect(special.products).toEqual(['tea', 'tea, again']);
  });

  test('@slot: uses the loop that its object has at the moment of the call', async () => {
    const decorated = new Decorated();
    const shared = new EventLoop();
    setEventLoop(decorated, shared);
    void decorated.onProduced('tea');
    expect(shared.size).toBe(1);
    await shared.start().stop();
    expect(decorated.products).toEqual(['tea']);
  });

  test('@slot as an older decorator, which other compilers make of it: refused at once', () => {
    const older = slot as unknown as (prototype: object, name: string, descriptor: PropertyDescriptor) => unknown;
    expect(() => older(Decorated.prototype, 'onProduced', {})).toThrow(/turn experimentalDecorators off/);
    expect(() => older(Decorated.prototype, 'onProduced', {})).toThrow(ConnectError);
  });
});
