import {
  connect,
  type Contract,
  contract,
  event,
  type EventNameIn,
  Peer,
  type PeerOf,
  type PeerStatus,
  type Port,
  type PublishedArgs,
  request,
  type RequestNameIn,
  requestStream,
  type Requests,
  type Served,
} from 'mreventloop';
import { Spy } from 'mreventloop/testing';
import { expectTypeOf } from 'vitest';
import { z } from 'zod';

const shop = contract({
  produced: [z.string(), z.number()],
  weighed: [z.string().transform(Number)],
  cleaned: event<[room: string]>(),
  price_of: request([z.string()], z.number()),
  prices_of: requestStream([z.string()], z.number()),
});
const seller = new Peer('ipc:///tmp/shop', shop, {
  subscribe: ['cleaned', 'weighed'],
  publish: ['produced', 'weighed'],
  serve: ['price_of', 'prices_of'],
});
const buyer = new Peer('nats://shop', shop, { subscribe: ['produced'], request: ['price_of', 'prices_of'] });
const idle = new Peer('ipc:///tmp/shop', shop, {});
const untyped = new Peer('ipc:///tmp/a', 'ipc:///tmp/b', ['x'], ['y']);
const typed = new Peer<{ x: [n: number] }, { y: [] }>('ipc:///tmp/a', 'ipc:///tmp/b', ['x'], ['y']);
const inWorker = new Peer(new MessageChannel().port1, shop, { publish: ['cleaned'] });
const names: string[] = ['x'];
const named = new Peer('ipc:///tmp/a', 'ipc:///tmp/b', names, names);

// One address, or both, with lists of names
const oneAddress = new Peer('ipc:///tmp/shop', ['x'], ['y']);
expectTypeOf(oneAddress).toEqualTypeOf<typeof untyped>();
expectTypeOf(new Peer({ in: 'ipc:///tmp/a', out: 'ipc:///tmp/b' }, ['x'], ['y'])).toEqualTypeOf<typeof untyped>();
expectTypeOf(new Peer<{ x: [n: number] }, { y: [] }>('ipc:///tmp/shop', ['x'], ['y'])).toEqualTypeOf<typeof typed>();
const durable = new Peer('nats://shop', ['x'], [], { subscribe: { x: { durable: 'billing' } } });
expectTypeOf(durable.bus.scheme).toEqualTypeOf<'nats'>();
expectTypeOf(new Peer<{ x: [] }, {}>(new MessageChannel().port1, ['x'], []).bus.scheme).toEqualTypeOf<'port'>();

// Without type arguments, it is any peer
const all: Peer[] = [seller, buyer, idle, untyped, typed, oneAddress, inWorker, named];
async function stopAll(peers: readonly Peer[]): Promise<void> {
  await Promise.all(peers.map((peer) => peer.stop({ timeout: 100 })));
}
await stopAll([seller, buyer]);
await stopAll(all);
expectTypeOf<Peer>().toEqualTypeOf<Peer<{}, {}, {}, {}>>();
expectTypeOf<Peer['status']>().toEqualTypeOf<PeerStatus>();
await using running: Peer = await seller.start();
connect(running.status, 'connected', () => console.log(running.id));
expectTypeOf(await seller.start()).toEqualTypeOf<typeof seller>();

// Of peers whose events are known when the program runs, names are any
const indexed: Peer<Record<string, unknown[]>, Record<string, unknown[]>> = named;
void indexed.publish['y']?.(3);

// With all its arguments
type Seller = Peer<
  { cleaned: [room: string]; weighed: [number] },
  { produced: [string, number]; weighed: [string] },
  {},
  Served<typeof shop, 'price_of' | 'prices_of'>
>;
expectTypeOf(seller).toExtend<Seller>();
expectTypeOf(buyer).toExtend<Peer<{}, {}, Requests<typeof shop, 'price_of'>>>();
expectTypeOf(buyer.request).toEqualTypeOf<Requests<typeof shop, 'price_of' | 'prices_of'>>();

// By its contract
type SellerOf = PeerOf<
  typeof shop,
  { subscribe: 'cleaned' | 'weighed'; publish: 'produced' | 'weighed'; serve: 'price_of' | 'prices_of' },
  'ipc:///tmp/shop'
>;
expectTypeOf<SellerOf>().toEqualTypeOf<typeof seller>();
expectTypeOf<PeerOf<typeof shop, { publish: 'cleaned' }, Port>>().toEqualTypeOf<typeof inWorker>();
expectTypeOf<PeerOf<typeof shop, {}, 'ipc:///tmp/shop'>>().toEqualTypeOf<typeof idle>();

// By options
const options = {
  subscribe: { produced: { replay: 3 }, cleaned: {} },
  publish: ['weighed'],
  request: ['price_of'],
  window: 10,
} as const;
type Configured = PeerOf<typeof shop, typeof options>;
expectTypeOf(new Peer('ipc:///tmp/shop', shop, options)).toExtend<Configured>();
expectTypeOf<keyof Configured['publish']>().toEqualTypeOf<'weighed'>();
expectTypeOf<Configured['events']['produced']>().parameters.toEqualTypeOf<[string, number]>();
expectTypeOf<Configured['events']['cleaned']>().parameters.toEqualTypeOf<[room: string]>();
expectTypeOf<Configured['request']>().toEqualTypeOf<Requests<typeof shop, 'price_of'>>();

// A field, and a function, for whatever takes part in as much or more
class Till {
  readonly peer: PeerOf<typeof shop, { subscribe: 'produced'; request: 'price_of' }>;

  constructor(address: string) {
    this.peer = new Peer(address, shop, { subscribe: ['produced'], request: ['price_of'] });
    connect(this.peer, 'produced', (product, price) => {
      expectTypeOf(product).toEqualTypeOf<string>();
      expectTypeOf(price).toEqualTypeOf<number>();
    });
    connect(this.peer, this);
  }

  onProduced(_product: string, _price: number): void {}

  async price(): Promise<number> {
    await this.peer.waitFor({ servers: 'price_of' });
    return this.peer.request.price_of('tea');
  }
}
new Till('ipc:///tmp/shop').peer satisfies Peer;
function answer(peer: PeerOf<typeof shop, { serve: 'price_of' }>): void {
  peer.serve.price_of((product) => product.length);
  connect(peer.serve, 'price_of', (product) => product.length);
}
answer(seller);
const wider: Till['peer'] = buyer;
await wider.stop();

// A map of events may be an interface
interface Received {
  counted: [count: number];
}
interface Sent {
  renamed: [name: string];
}
const withInterfaces = new Peer<Received, Sent>('ipc:///tmp/shop', ['counted'], ['renamed'], {
  subscribe: { counted: { replay: 3 } },
});
connect(withInterfaces, 'counted', (count) => expectTypeOf(count).toEqualTypeOf<number>());
expectTypeOf(withInterfaces.publish.renamed).parameters.toEqualTypeOf<[name: string]>();
expectTypeOf(withInterfaces).toExtend<Peer<Received, Sent>>();
const spyOfInterface = new Spy<Received>(['counted']);
expectTypeOf(spyOfInterface.calls('counted')).toEqualTypeOf<[count: number][]>();

// PeerOf, in functions for any contract
export function publishTo<C extends Contract, N extends EventNameIn<C>>(
  peer: PeerOf<C, { publish: N }>,
  name: N,
  ...args: PublishedArgs<C[N]>
): Promise<void> {
  return peer.publish[name](...args);
}
export function requestOf<C extends Contract, N extends RequestNameIn<C>>(peer: PeerOf<C, { request: N }>, name: N) {
  return peer.request[name];
}
