import {
  type Ask,
  connect,
  contract,
  disconnect,
  event,
  type EventArgs,
  EventLoop,
  type Handler,
  type Link,
  Peer,
  request,
  type RequestOptions,
  requestStream,
  slot,
} from 'mreventloop';
import { expectTypeOf } from 'vitest';
import { z } from 'zod';

const shop = contract({
  produced: event<[string]>(),
  price_of: request([z.string()], z.string().transform(Number)),
  stock: request([z.string().transform(Number), z.boolean().optional()], z.object({ left: z.number() })),
  close: request([], z.undefined()),
  prices_of: requestStream([z.string()], z.number()),
});

// What is named exists, and nothing else
const peer = new Peer('ipc:///tmp/shop', shop, {
  request: ['price_of', 'stock', 'prices_of'],
  serve: ['price_of', 'stock', 'close', 'prices_of'],
});
expectTypeOf<keyof typeof peer.request>().toEqualTypeOf<'price_of' | 'stock' | 'prices_of'>();
expectTypeOf(new Peer('ipc:///tmp/shop', shop, {}).request).toEqualTypeOf<{}>();
expectTypeOf(new Peer('ipc://a', 'ipc://b', ['x'], []).request).toEqualTypeOf<{}>();

// Asking: what the schemas take, then options; the answer is what its schema makes
expectTypeOf(peer.request.price_of('tea')).toEqualTypeOf<Promise<number>>();
expectTypeOf(peer.request.price_of('tea', { timeout: 3, signal: AbortSignal.abort(), key: 'tea' })).toEqualTypeOf<
  Promise<number>
>();
expectTypeOf<Parameters<typeof peer.request.stock>>().toEqualTypeOf<
  [string, (boolean | undefined)?, (RequestOptions | undefined)?]
>();
expectTypeOf(peer.request.prices_of('tea')).toEqualTypeOf<AsyncIterable<number>>();
expectTypeOf<Ask<typeof shop.price_of>>().toEqualTypeOf<typeof peer.request.price_of>();

// Answering: what the schemas make, then a signal; the answer is what its schema takes
expectTypeOf(peer.serve.price_of(() => '3')).toEqualTypeOf<Link>();
peer.serve.stock((product, all, signal) => {
  expectTypeOf(product).toEqualTypeOf<number>();
  expectTypeOf(all).toEqualTypeOf<boolean | undefined>();
  expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
  return Promise.resolve({ left: 3 });
});
peer.serve.close((signal) => expectTypeOf(signal).toEqualTypeOf<AbortSignal>() && undefined);
peer.serve.prices_of(async function* (product) {
  expectTypeOf(product).toEqualTypeOf<string>();
  yield await Promise.resolve(3);
});
peer.serve.prices_of(() => [1, 2]);
peer.serve.prices_of(() => new Set([1, 2]));
peer.serve.prices_of(() => Promise.resolve([1, 2].values()));
expectTypeOf<Handler<typeof shop.price_of>>().toEqualTypeOf<
  (product: string, signal: AbortSignal) => string | PromiseLike<string>
>();

// Slots are handlers
class Counter {
  eventLoop = new EventLoop();
  onPriceOf = slot(this, (product: string) => product.toUpperCase());
  onStock = slot(this, async (product: number, all?: boolean) => ({ left: all === true ? product : 0 }));
  onPricesOf = slot(this, (product: string) => [product.length]);
  onClose(_signal: AbortSignal): undefined {}
}
const counter = new Counter();
connect(peer.serve, 'price_of', counter, 'onPriceOf');
connect(peer.serve, 'price_of', counter);
connect(peer.serve, 'prices_of', counter, 'onPricesOf');
connect(peer.serve, ['price_of', 'stock'], counter, ['onPriceOf', 'onStock']);
connect(peer.serve, ['price_of', 'close'], counter);
connect(peer.serve, counter);
connect(peer.serve, 'price_of', { price_of: (product: string) => product }, { slotNames: false });
disconnect(peer.serve, 'price_of', counter, 'onPriceOf');
peer.serve.price_of(counter.onPriceOf);
connect(peer.serve.price_of, counter.onPriceOf);

// Handlers are functions, by the name of the request or by where they are connected
connect(peer.serve, 'price_of', (product, signal) => {
  expectTypeOf(product).toEqualTypeOf<string>();
  expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
  return product;
});
expectTypeOf(connect(peer.serve, 'price_of', async (product) => product, { unique: true })).toEqualTypeOf<Link>();
connect(peer.serve, 'price_of', () => '3');
connect(peer.serve, 'prices_of', async function* (product) {
  yield await Promise.resolve(product.length);
});
connect(peer.serve, 'close', () => undefined);
const link = connect(
  peer.serve.price_of,
  (product, signal) => {
    expectTypeOf(product).toEqualTypeOf<string>();
    expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
    return Promise.resolve(product);
  },
  { once: true },
);
expectTypeOf(link).toEqualTypeOf<Link>();
connect(peer.serve.prices_of, (product) => [product.length]);
const handler: Handler<typeof shop.price_of> = (product) => product;
connect(peer.serve.price_of, handler);
disconnect(peer.serve.price_of, handler);
disconnect(peer.serve, 'price_of', handler);
expectTypeOf<EventArgs<typeof peer.serve, 'price_of'>>().toEqualTypeOf<[product: string, signal: AbortSignal]>();

// Where a name is one of several, the handler answers them all
const alike = contract({ a: request([z.string()], z.number()), b: request([z.string()], z.number().optional()) });
const { serve } = new Peer('ipc:///tmp/shop', alike, { serve: ['a', 'b'] });
for (const name of ['a', 'b'] as const) connect(serve, name, (text: string) => text.length);

// Waiting for who serves what is asked
expectTypeOf(peer.waitFor({ servers: 'price_of', count: 2 })).toEqualTypeOf<Promise<void>>();
