// A seller or a pricer, instrumented. Prints its spans when its input ends.
import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import { context } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { connect, contract, event, EventLoop, Peer, request, slot } from 'mreventloop';
import { instrument } from 'mreventloop/opentelemetry';
import { z } from 'zod';
import { recorded } from '../recorded.ts';

const [inAddress = '', outAddress = '', role = ''] = process.argv.slice(2);
const address = { in: inAddress, out: outAddress };
const exporter = new InMemorySpanExporter();
const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
instrument({ tracerProvider });

const shop = contract({
  wanted: event<[product: string]>(),
  sold: event<[product: string, price: number]>(),
  price_of: request([z.string()], z.number()),
});

class Pricer {
  readonly eventLoop = new EventLoop();
  readonly peer = new Peer(address, shop, { serve: ['price_of'] });

  readonly onPriceOf = slot(this, async (product: string) => {
    await setImmediate();
    return product.length;
  });

  constructor() {
    connect(this.peer.serve, 'price_of', this, 'onPriceOf');
  }
}

class Seller {
  readonly eventLoop = new EventLoop();
  readonly peer = new Peer(address, shop, { subscribe: ['wanted'], publish: ['sold'], request: ['price_of'] });

  readonly onWanted = slot(this, async (product: string) => {
    await setImmediate();
    const price = await this.peer.request.price_of(product);
    await this.peer.publish.sold(product, price);
  });

  constructor() {
    connect(this.peer, 'wanted', this, 'onWanted');
  }
}

const part = role === 'seller' ? new Seller() : new Pricer();
part.eventLoop.start();
await part.peer.start();
if (part instanceof Seller) await part.peer.waitFor({ servers: 'price_of' });
console.log('ready');
for await (const _ of createInterface({ input: process.stdin }));
await part.peer.stop();
await part.eventLoop.stop();
for (const span of exporter.getFinishedSpans()) {
  const { name, id, trace, parent } = recorded(span);
  console.log(JSON.stringify({ name, id, trace, parent }));
}
