// Async slots: they are awaited inside the event loop, before the next slot begins.

import { setTimeout as sleep } from 'node:timers/promises';
import { connect, emits, type EventLoop, type Events, hasEventLoop, slot } from 'mreventloop';

@emits('events', ['produced'])
class Producer {
  declare readonly events: Events<{ produced: [product: string] }>;

  requestProduct(): void {
    this.events.produced('some product');
  }
}

@hasEventLoop('eventLoop')
class ConsumerAsync {
  declare eventLoop: EventLoop;

  @slot async onProduced(product: string): Promise<void> {
    await sleep(100);
    console.log(product);
  }
}

const producer = new Producer();
const consumer = new ConsumerAsync();
connect(producer, 'produced', consumer, 'onProduced');
{
  await using _loop = consumer.eventLoop.start();
  console.log('entering event loop...');
  producer.requestProduct();
  console.log('exiting event loop...');
}
