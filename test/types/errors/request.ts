import { connect, contract, disconnect, EventLoop, Peer, request, requestStream, slot } from 'mreventloop';
import { z } from 'zod';

const shop = contract({
  produced: [z.string()],
  price_of: request([z.string()], z.number()),
  stock: request([z.string()], z.number()),
  prices_of: requestStream([z.string()], z.number()),
});
const names = contract({ names_of: requestStream([z.string()], z.string()) });
const address = 'ipc:///tmp/shop';
const peer = new Peer(address, shop, { request: ['price_of', 'prices_of'], serve: ['price_of', 'prices_of'] });

// requestStream
// THROWS Expected 2 arguments, but got 1.
requestStream([z.string()]);
// THROWS Type 'number' is not assignable to type 'StandardSchema<unknown, unknown>'.
requestStream([3], z.number());

// new Peer
// THROWS Type '"produced"' is not assignable to type '"price_of" | "prices_of" | "stock"'.
new Peer(address, shop, { request: ['produced'] });
// THROWS Type '"nope"' is not assignable to type '"price_of" | "prices_of" | "stock"'.
new Peer(address, shop, { serve: ['nope'] });

// asking
// THROWS Property 'stock' does not exist on type '{ readonly price_of: (args_0: string, options?: RequestOptions | undefined) => Promise<number>; readonly prices_of:
void peer.request.stock('tea');
// THROWS Argument of type 'number' is not assignable to parameter of type 'string'.
void peer.request.price_of(3);
// THROWS Expected 1-2 arguments, but got 0.
void peer.request.price_of();
// THROWS Type '3' has no properties in common with type 'RequestOptions'.
void peer.request.price_of('tea', 3);
// THROWS Object literal may only specify known properties, but 'timeuot' does not exist in type 'RequestOptions'. Did you mean to write 'timeout'?
void peer.request.price_of('tea', { timeuot: 3 });
// THROWS Type 'number' is not assignable to type 'string'.
const price: string = await peer.request.price_of('tea');
// THROWS Property 'next' does not exist on type 'AsyncIterable<number>'.
await peer.request.prices_of('tea').next();

// answering
// THROWS Property 'stock' does not exist on type '{ readonly price_of: HandlerPoint<(args_0: string, signal: AbortSignal) => number | PromiseLike<number>> & AnyEvent; readonly prices_of:
peer.serve.stock(() => 3);
// THROWS Type 'string' is not assignable to type 'number | PromiseLike<number>'.
peer.serve.price_of(() => 'three');
// THROWS Type 'string' is not assignable to type 'number'.
peer.serve.price_of((product: number) => product);
// THROWS Target signature provides too few arguments. Expected 3 or more, but got 2.
peer.serve.price_of((product, signal, more) => 3);
// THROWS Argument of type 'number' is not assignable to parameter of type '(args_0: string, signal: AbortSignal) => number | PromiseLike<number>'.
peer.serve.price_of(3);
// THROWS Type 'number' is not assignable to type 'AsyncIterable<number> | PromiseLike<AsyncIterable<number> | (Iterable<number> & object)> | (Iterable<number> & object)'.
peer.serve.prices_of(() => 3);
// THROWS Type 'string' is not assignable to type 'AsyncIterable<string> | PromiseLike<AsyncIterable<string> | (Iterable<string> & object)> | (Iterable<string> & object)'.
new Peer(address, names, { serve: ['names_of'] }).serve.names_of(() => 'tea');
// THROWS Argument of type 'string' is not assignable to parameter of type '(args_0: string, signal: AbortSignal) => number | PromiseLike<number>'.
peer.serve.price_of('tea');

// answering, connected by name
// THROWS Type 'string' is not assignable to type 'number'.
connect(peer.serve, 'price_of', (product: number) => product);
// THROWS Argument of type '"produced"' is not assignable to parameter of type '"price_of" | "prices_of"'.
connect(peer.serve, 'produced', () => 3);
// THROWS Type 'string' is not assignable to type 'number | PromiseLike<number>'.
connect(peer.serve, 'price_of', (product) => product);
// THROWS Type 'Promise<string>' is not assignable to type 'number | PromiseLike<number>'.
connect(peer.serve, 'price_of', async () => 'three');
// THROWS Type 'void' is not assignable to type 'number | PromiseLike<number>'.
connect(peer.serve, 'price_of', (product) => {});
// THROWS Type 'number' is not assignable to type 'AsyncIterable<number> | PromiseLike<AsyncIterable<number> | (Iterable<number> & object)> | (Iterable<number> & object)'.
connect(peer.serve, 'prices_of', () => 3);
// THROWS Target signature provides too few arguments. Expected 3 or more, but got 2.
connect(peer.serve, 'price_of', (product, signal, more) => 3);

// answering, connected to slots
class Counter {
  eventLoop = new EventLoop();
  onPriceOf = slot(this, (product: string) => product.toUpperCase());
  onPricesOf(product: string): number {
    return product.length;
  }
}
const counter = new Counter();
// THROWS Type 'SlotCall<string>' is not assignable to type 'number | PromiseLike<number>'.
connect(peer.serve, 'price_of', counter, 'onPriceOf');
// THROWS Type 'SlotCall<string>' is not assignable to type 'number | PromiseLike<number>'.
connect(peer.serve, 'price_of', counter);
// THROWS Type 'number' is not assignable to type 'AsyncIterable<number> | PromiseLike<AsyncIterable<number> | (Iterable<number> & object)> | (Iterable<number> & object)'.
connect(peer.serve, ['price_of', 'prices_of'], counter, ['onPricesOf', 'onPricesOf']);
// THROWS Type 'SlotCall<string>' is not assignable to type 'number | PromiseLike<number>'.
connect(peer.serve, ['price_of'], counter);
// THROWS Type 'SlotCall<string>' is not assignable to type 'number | PromiseLike<number>'.
connect(peer.serve, counter);
// THROWS Type 'SlotCall<string>' is not assignable to type 'number | PromiseLike<number>'.
peer.serve.price_of(counter.onPriceOf);

// answering, connected to where handlers are
// THROWS Type 'string' is not assignable to type 'number | PromiseLike<number>'.
connect(peer.serve.price_of, (product) => product);
// THROWS Type 'SlotCall<string>' is not assignable to type 'number | PromiseLike<number>'.
connect(peer.serve.price_of, counter.onPriceOf);
// THROWS Type 'number' is not assignable to type 'AsyncIterable<number> | PromiseLike<AsyncIterable<number> | (Iterable<number> & object)> | (Iterable<number> & object)'.
connect(peer.serve.prices_of, () => 3);
// THROWS Target signature provides too few arguments. Expected 3 or more, but got 2.
connect(peer.serve.price_of, (product, signal, more) => 3);
// THROWS Type 'Counter' provides no match for the signature '(args_0: string, signal: AbortSignal): number | PromiseLike<number>'.
connect(peer.serve.price_of, counter);
// THROWS Type 'string' is not assignable to type 'boolean | undefined'.
connect(peer.serve.price_of, () => 3, { once: 'yes' });
// THROWS Argument of type '(product: number) => number' is not assignable to parameter of type '(args_0: string, signal: AbortSignal) => number | PromiseLike<number>'.
disconnect(peer.serve.price_of, (product: number) => product);

// waitFor
// THROWS Type '"stock"' is not assignable to type '"price_of" | "prices_of"'.
void peer.waitFor({ servers: 'stock' });
// THROWS Type 'string' is not assignable to type 'never'.
void peer.waitFor({ servers: 'price_of', subscribers: 'produced' });
