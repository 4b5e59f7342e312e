// Exceptions on the event loop: without exitOnException they are emitted, and the program goes on.

import { connect, EventLoop, hasEventLoop, slot } from 'mreventloop';

@hasEventLoop('eventLoop')
class Consumer {
  declare eventLoop: EventLoop;

  @slot onProduced(product: string): void {
    throw new Error(`cannot use ${product}`);
  }
}

const consumer = new Consumer();
consumer.eventLoop = new EventLoop({ exitOnException: false });
connect(consumer.eventLoop, 'exception', (error) => console.log(String(error)));
connect(consumer.eventLoop, 'stopped', () => console.log('stopped'));
{
  await using _loop = consumer.eventLoop.start();
  consumer.onProduced('tea');
}
