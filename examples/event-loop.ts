// Event loop and slots: calls of slots are queued, and run when the loop gets to them.

import { connect, emits, type EventLoop, type Events, hasEventLoop, slot } from 'mreventloop';

@emits('events', ['produced'])
class Producer {
  declare readonly events: Events<{ produced: [product: string] }>;

  requestProduct(): void {
    this.events.produced('some product');
  }
}

@hasEventLoop('eventLoop')
class Consumer {
  declare eventLoop: EventLoop;

  @slot onProduced(product: string): void {
    console.log(product);
  }
}

const producer = new Producer();
const consumer = new Consumer();
connect(producer, 'produced', consumer, 'onProduced');
{
  await using _loop = consumer.eventLoop.start();
  console.log('entering event loop...');
  producer.requestProduct();
  console.log('exiting event loop...');
}
