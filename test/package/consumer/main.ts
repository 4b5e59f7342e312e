// A program of a user, who has the package from the registry: it is compiled against the packed types and run.
// It imports every subpath, which published.test.ts checks.
import {
  connect,
  contract,
  disconnect,
  event,
  EventLoop,
  events,
  forwards,
  type Link,
  Peer,
  slot,
  SyncEvent,
} from 'mreventloop';
import { toAsyncApi } from 'mreventloop/asyncapi';
import { publishDiagnostics } from 'mreventloop/diagnostics';
import { instrument } from 'mreventloop/opentelemetry';
import manifest from 'mreventloop/package.json' with { type: 'json' };
import { Spy } from 'mreventloop/testing';

class Producer {
  readonly events = events({ produced: event<[product: string, price: number]>(), sold_out: event() });
}

class Consumer {
  eventLoop = new EventLoop();
  onProduced = slot(this, async (product: string, price: number) => product.length * price);
  onSoldOut = slot(this, () => 'closed');
}

class Relay {
  readonly events = events({ result: event<[result: string]>() });
}

const producer = new Producer();
const consumer = new Consumer();
const spy = new Spy<{ onProduced: [product: string, price: number] }>(['onProduced']);
const prices: number[] = [];

const link: Link = connect(producer, 'produced', (_product, price) => prices.push(price));
connect(producer.events.produced, (product) => product.toUpperCase(), { once: true });
connect(producer, consumer);
connect(producer, 'produced', spy, 'onProduced');
connect(producer, 'produced', spy);
connect(producer, ['produced', 'sold_out'], consumer, ['onProduced', 'onSoldOut']);
disconnect(producer, 'sold_out');

const shop = contract({ produced: event<[product: string, price: number]>() });
const buyer = new Peer('inproc://shop', shop, { subscribe: ['produced'] });
connect(buyer, consumer);

const document = toAsyncApi(shop, { title: 'Shop', version: '1.0.0', subscribe: ['produced'] });

/** Only compiled: what must not compile. */
function wrongUses(): void {
  // @ts-expect-error the contract has no such event
  const wrong = new Peer('inproc://shop', shop, { subscribe: ['bought'] });
  connect(wrong, consumer);
  // @ts-expect-error and none by that name to describe either
  toAsyncApi(shop, { title: 'Shop', version: '1.0.0', publish: ['bought'] });
  // @ts-expect-error a slot that wants a number cannot take a product
  connect(producer.events.produced, (product: number) => product);
  // @ts-expect-error there is no such event
  connect(producer, 'bought', consumer, 'onProduced');
  // @ts-expect-error the price is missing
  producer.events.produced('tea');
}

const lookers = [instrument(), publishDiagnostics()];
const relay = forwards(new Relay(), ['onResult']);
const relayed = new SyncEvent(relay.events.result);
const [first] = await Promise.all([
  relayed,
  (async () => {
    await using loop = consumer.eventLoop.start();
    producer.events.produced('tea', 3);
    relay.onResult(`relayed while running: ${loop.running}`);
  })(),
]);
link.disconnect();
for (const end of lookers) end();
const length: number = await (async () => {
  await using loop = consumer.eventLoop.start();
  return loop.running ? await consumer.onProduced('coffee', 2) : 0;
})();

console.log(
  JSON.stringify({
    package: manifest.name,
    first,
    length,
    prices,
    operations: Object.keys(document.operations),
    spied: spy.calls('onProduced'),
    connected: link.connected,
    notCalled: wrongUses.name,
  }),
);
