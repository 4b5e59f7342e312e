// Crossing sockets: producer and consumer are connected through a broker. Here all of them live in one
// process; in examples/shop each has a process of its own.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Broker, connect, emits, type EventLoop, type Events, hasEventLoop, Peer, slot } from 'mreventloop';

@emits('events', ['produced'])
@hasEventLoop('eventLoop')
class Producer {
  declare readonly events: Events<{ produced: [product: string] }>;
  declare eventLoop: EventLoop;

  @slot onRequestProduct(): void {
    this.events.produced('some product');
  }
}

@emits('events', ['request_product', 'consumed'])
@hasEventLoop('eventLoop')
class Consumer {
  declare readonly events: Events<{ request_product: []; consumed: [] }>;
  declare eventLoop: EventLoop;

  @slot onProduced(product: string): void {
    console.log(product);
    this.events.consumed();
  }
}

const folder = await mkdtemp(join(tmpdir(), 'mreventloop-'));
const inAddress = `ipc://${folder}/in.sock`;
const outAddress = `ipc://${folder}/out.sock`;

type Products = { produced: [product: string] };
type Requests = { request_product: [] };
const producerPeer = new Peer<Requests, Products>(inAddress, outAddress, ['request_product'], ['produced']);
const consumerPeer = new Peer<Products, Requests>(inAddress, outAddress, ['produced'], ['request_product']);
{
  await using _broker = await new Broker(inAddress, outAddress).start();
  await using _producerPeer = await producerPeer.start();
  await using _consumerPeer = await consumerPeer.start();

  const consumer = new Consumer();
  connect(consumer, 'request_product', consumerPeer.publish, 'request_product');
  connect(consumerPeer, 'produced', consumer, 'onProduced');

  const producer = new Producer();
  connect(producer, 'produced', producerPeer.publish, 'produced');
  connect(producerPeer, 'request_product', producer, 'onRequestProduct');

  await using _producerLoop = producer.eventLoop.start();
  await using _consumerLoop = consumer.eventLoop.start();
  const consumed = consumer.events.consumed.next();
  consumer.events.request_product();
  await consumed;
}
await rm(folder, { recursive: true });
