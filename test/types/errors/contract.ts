import { connect, contract, event, events, extendedValues, Peer, request } from 'mreventloop';
import { toAsyncApi } from 'mreventloop/asyncapi';
import { z } from 'zod';

const shop = contract({
  request_product: [],
  produced: [z.string(), z.number()],
  weighed: [z.string().transform(Number), z.boolean().optional()],
  cleaned: event<[room: string]>(),
  price_of: request([z.string()], z.number()),
});
const address = 'ipc:///tmp/shop';
const peer = new Peer(address, shop, {
  subscribe: ['produced', 'weighed', 'cleaned'],
  publish: ['request_product', 'weighed', 'produced'],
});
const exact = contract(
  { sold: event<[at: Date, cents: bigint]>(), weighed: [z.map(z.string(), z.bigint()), z.instanceof(Uint8Array)] },
  { codec: extendedValues },
);
const exactPeer = new Peer(address, exact, { subscribe: ['sold', 'weighed'], publish: ['sold', 'weighed'] });

// contract
// THROWS Type 'ZodString' is not assignable to type 'ContractEntry'.
contract({ produced: z.string() });
// THROWS Type 'string' is not assignable to type 'StandardSchema<unknown, unknown>'.
contract({ produced: ['string'] });
// THROWS Property ''~standard'' is missing in type 'StringConstructor' but required in type 'StandardSchema<unknown, unknown>'.
contract({ produced: [z.string(), String] });
// THROWS Type '() => void' is not assignable to type 'ContractEntry'.
contract({ produced: () => {} });
// THROWS Type 'string' is not assignable to type 'ContractEntry'.
contract(['produced']);

// codec
// THROWS Type 'string' is not assignable to type 'Codec'.
contract({ produced: [] }, { codec: 'extended' });
// THROWS Type '{ name: string; }' is missing the following properties from type 'Codec': encode, decode
contract({ produced: [] }, { codec: { name: 'mine' } });
// THROWS Object literal may only specify known properties, but 'codek' does not exist in type 'ContractOptions'. Did you mean to write 'codec'?
contract({ produced: [] }, { codek: extendedValues });
// THROWS Type '"codec"' is not assignable to type '"sold" | "weighed"'.
new Peer(address, exact, { publish: ['codec'] });
// THROWS Argument of type 'string' is not assignable to parameter of type 'Date'.
void exactPeer.publish.sold('2030-01-01T12:00:00Z', 300n);
// THROWS Argument of type 'number' is not assignable to parameter of type 'bigint'.
void exactPeer.publish.sold(new Date(), 300);
// THROWS Argument of type 'Map<string, string>' is not assignable to parameter of type 'Map<string, bigint>'.
void exactPeer.publish.weighed(new Map([['tea', '1']]), new Uint8Array());
// THROWS Type 'Date' is not assignable to type 'string'.
connect(exactPeer, 'sold', (at: string) => at);
// THROWS Argument of type '(weights: Map<string, bigint>, bytes: string) => string' is not assignable
connect(exactPeer, 'weighed', (weights: Map<string, bigint>, bytes: string) => bytes);

// request
// THROWS Expected 2 arguments, but got 1.
request([z.string()]);
// THROWS Type 'ZodString' is missing the following properties from type 'readonly StandardSchema<unknown, unknown>[]'
request(z.string(), z.number());
// THROWS Type 'number' is not assignable to type 'StandardSchema<unknown, unknown>'.
request([3], z.number());
// THROWS Argument of type 'string' is not assignable to parameter of type 'StandardSchema<unknown, unknown>'.
request([z.string()], 'number');

// new Peer
// THROWS Type '"nope"' is not assignable to type '"cleaned" | "produced" | "request_product" | "weighed"'.
new Peer(address, shop, { subscribe: ['nope'] });
// THROWS Type '"nope"' is not assignable to type '"cleaned" | "produced" | "request_product" | "weighed"'.
new Peer(address, shop, { publish: ['produced', 'nope'] });
// THROWS Type '"price_of"' is not assignable to type '"cleaned" | "produced" | "request_product" | "weighed"'.
new Peer(address, shop, { subscribe: ['price_of'] });
// THROWS Type '"price_of"' is not assignable to type '"cleaned" | "produced" | "request_product" | "weighed"'.
new Peer(address, shop, { publish: ['price_of'] });
// THROWS Object literal may only specify known properties, and 'nope' does not exist in type 'readonly ("cleaned" | "produced" | "request_product" | "weighed")[] |
new Peer(address, shop, { subscribe: { nope: {} } });
// THROWS Object literal may only specify known properties, but 'replai' does not exist in type 'SubscriptionOptions<"ipc:///tmp/shop">'. Did you mean to write 'replay'?
new Peer(address, shop, { subscribe: { produced: { replai: 3 } } });
// THROWS Type '"no"' is not assignable to type 'PublishPolicy | undefined'.
new Peer(address, shop, { publish: { produced: { overflow: 'no' } } });
// THROWS Type '"no"' is not assignable to type '"refuse" | "warn" | undefined'.
new Peer(address, shop, { contractMismatch: 'no' });
// THROWS Type 'string' is not assignable to type 'boolean | undefined'.
new Peer(address, shop, { validateOutgoing: 'no' });
// THROWS Expected 3-5 arguments, but got 2.
new Peer(address, shop);
// THROWS Argument of type 'number' is not assignable to parameter of type 'string | Endpoints | Port'.
new Peer(3, shop, {});
// THROWS Argument of type 'string' is not assignable to parameter of type 'Contract'.
new Peer(address, address, ['produced']);

// publish
// THROWS Property 'cleaned' does not exist on type 'Publish<{ produced: [string, number]; request_product: []; weighed: [string, (boolean | undefined)?]; }>'.
void peer.publish.cleaned('kitchen');
// THROWS Argument of type 'number' is not assignable to parameter of type 'string'.
void peer.publish.produced(3, 3);
// THROWS Expected 2 arguments, but got 1.
void peer.publish.produced('tea');
// THROWS Expected 2 arguments, but got 3.
void peer.publish.produced('tea', 3, 4);
// THROWS Expected 0 arguments, but got 1.
void peer.publish.request_product('tea');
// THROWS Argument of type 'number' is not assignable to parameter of type 'string'.
void peer.publish.weighed(3);
// THROWS Argument of type '"yes"' is not assignable to parameter of type 'boolean | undefined'.
void peer.publish.weighed('3', 'yes');

// events and connect
// THROWS Property 'request_product' does not exist on type 'Events<{ cleaned: [room: string]; produced: [string, number]; weighed: [number, boolean | undefined]; }>'.
peer.events.request_product.next();
// THROWS Argument of type '"request_product"' is not assignable to parameter of type '"cleaned" | "produced" | "weighed"'.
connect(peer, 'request_product', () => {});
// THROWS Type 'string' is not assignable to type 'number'.
connect(peer, 'produced', (product: number) => product);
// THROWS Argument of type '(product: string, price: number, more: string) => string' is not assignable to parameter of type 'HasSlot<"onProduced", [string, number]> | Listener<[string, number]>'.
connect(peer, 'produced', (product: string, price: number, more: string) => more);
// THROWS Type 'number' is not assignable to type 'string'.
connect(peer, 'weighed', (weight: string) => weight);
// THROWS Type '(room: number) => void' is not assignable to type 'Listener<[room: string]>'.
connect(peer, 'cleaned', { onCleaned(room: number) {} });
// THROWS Type '(product: number) => void' is not assignable to type 'Listener<[string, number]>'.
connect(peer, { onProduced(product: number) {} });

const producer = { events: events({ weighed: event<[weight: number]>() }) };
// THROWS Type 'number' is not assignable to type 'string'.
connect(producer, 'weighed', peer.publish, 'weighed');
// THROWS Type '"cleaned"' is not assignable to type '"produced" | "request_product" | "weighed"'.
void peer.waitFor({ subscribers: 'cleaned' });

// toAsyncApi
// THROWS Property 'version' is missing in type '{ title: string; }' but required in type 'AsyncApiOptions<
toAsyncApi(shop, { title: 'Shop' });
// THROWS Type '"nope"' is not assignable to type '"cleaned" | "produced" | "request_product" | "weighed"'.
toAsyncApi(shop, { title: 'Shop', version: '1', publish: ['nope'] });
// THROWS Type '"price_of"' is not assignable to type '"cleaned" | "produced" | "request_product" | "weighed"'.
toAsyncApi(shop, { title: 'Shop', version: '1', subscribe: ['price_of'] });
// THROWS Type '"produced"' is not assignable to type '"price_of"'.
toAsyncApi(shop, { title: 'Shop', version: '1', serve: ['produced'] });
// THROWS Object literal may only specify known properties, but 'licence' does not exist in type 'AsyncApiOptions<
toAsyncApi(shop, { title: 'Shop', version: '1', licence: 'MIT' });
// THROWS Type 'string' is not assignable to type 'StandardSchema<unknown, unknown>'.
toAsyncApi({ produced: ['string'] }, { title: 'Shop', version: '1' });

// channels
const channel = new BroadcastChannel('shop');
// THROWS Type '"sold"' is not assignable to type '"cleaned" | "produced" | "request_product" | "weighed"'.
new Peer(channel, shop, { subscribe: ['sold'] });
// THROWS Type '"sold"' is not assignable to type '"produced"'.
new Peer<{ produced: [string] }, {}>(channel, ['sold'], []);
// THROWS 'name' does not exist in type 'Endpoints | Port'.
new Peer({ name: 'shop' }, ['sold'], []);
