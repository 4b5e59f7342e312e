// Sharing an event loop: the slots of both consumers form one line.

import { connect, emits, type EventLoop, type Events, hasEventLoop, slot } from 'mreventloop';

@emits('events', ['produced'])
class Producer {
  declare readonly events: Events<{ produced: [product: string] }>;
  readonly product: string;

  constructor(product: string) {
    this.product = product;
  }

  requestProduct(): void {
    this.events.produced(this.product);
  }
}

@hasEventLoop('eventLoop')
class Consumer {
  declare eventLoop: EventLoop;
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }

  @slot async onProduced(product: string): Promise<void> {
    console.log(`${this.name} begins with ${product}`);
    await Promise.resolve();
    console.log(`${this.name} is done with ${product}`);
  }
}

const producer1 = new Producer('tea');
const producer2 = new Producer('coffee');
const consumer1 = new Consumer('first');
const consumer2 = new Consumer('second');
consumer2.eventLoop = consumer1.eventLoop;
connect(producer1, 'produced', consumer1, 'onProduced');
connect(producer2, 'produced', consumer2, 'onProduced');
{
  await using _loop = consumer1.eventLoop.start();
  producer1.requestProduct();
  producer2.requestProduct();
}
