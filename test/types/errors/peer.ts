import { contract, Peer, type PeerOf, request } from 'mreventloop';
import { z } from 'zod';

const shop = contract({
  produced: [z.string(), z.number()],
  cleaned: [z.string()],
  price_of: request([z.string()], z.number()),
});
const seller = new Peer('ipc:///tmp/shop', shop, { publish: ['produced'], serve: ['price_of'] });

// Peer, without type arguments
const any: Peer = seller;
// THROWS Type '{ id: string; }' is not assignable to type 'Peer'.
const none: Peer = { id: 'seller' };
// THROWS Property 'produced' does not exist on type 'Publish<{}>'.
void any.publish.produced('tea', 3);
// THROWS Property 'produced' does not exist on type 'Events<{}>'.
any.events.produced.next();
// THROWS Property 'price_of' does not exist on type '{}'.
any.serve.price_of(() => 3);
// THROWS Type 'string' is not assignable to type 'never'.
void any.waitFor({ subscribers: 'produced' });

// Peer, with them
// THROWS Property 'cleaned' is missing in type 'Publish<{ produced: [string, number]; }>' but required in type 'Publish<{ cleaned: [string]; }>'.
const publisher: Peer<{}, { cleaned: [string] }> = seller;
// THROWS Type '(args_0: string, args_1: number) => Promise<void>' is not assignable to type '(args_0: number, args_1: number) => Promise<void>'.
const wrong: Peer<{}, { produced: [number, number] }> = seller;

// PeerOf
// THROWS Type '"nope"' is not assignable to type 'Named<"cleaned" | "produced"> | undefined'.
type Nope = PeerOf<typeof shop, { subscribe: 'nope' }>;
// THROWS Type '"price_of"' is not assignable to type 'Named<"cleaned" | "produced"> | undefined'.
type NoEvent = PeerOf<typeof shop, { publish: 'produced' | 'price_of' }>;
// THROWS Type '"produced"' is not assignable to type 'Named<"price_of"> | undefined'.
type NoRequest = PeerOf<typeof shop, { serve: 'produced' }>;
// THROWS Types of property 'publihs' are incompatible.
type Misspelt = PeerOf<typeof shop, { serve: 'price_of'; publihs: 'produced' }>;
// THROWS Type 'string' is not assignable to type '"cleaned" | "produced"'.
type OfNames = PeerOf<typeof shop, { publish: string[] }>;
// THROWS Type 'string' is not assignable to type 'ContractEntry'.
type NoContract = PeerOf<{ produced: string }, { publish: 'produced' }>;
// THROWS Property 'cleaned' is missing in type 'Publish<{ produced: [string, number]; }>' but required in type 'Publish<{ cleaned: [string]; }>'.
const cleaner: PeerOf<typeof shop, { publish: 'cleaned' }> = seller;
// THROWS Property 'price_of' is missing in type '{}' but required in type 'Requests<
const asking: PeerOf<typeof shop, { request: 'price_of' }> = seller;

// one address, or a port, with lists of names
type Counted = { counted: [count: number] };
const port = new MessageChannel().port1;
// THROWS Type '"b"' is not assignable to type '"counted"'.
new Peer<Counted, {}>('ipc:///tmp/shop', ['b'], []);
// THROWS Type '"b"' is not assignable to type '"counted"'.
new Peer<Counted, {}>(port, ['b'], []);
// THROWS 'windw' does not exist in type 'PeerOptions<Counted, {}, Port>'. Did you mean to write 'window'?
new Peer<Counted, {}>('ipc:///tmp/shop', ['counted'], [], { windw: 3 });
// THROWS 'windw' does not exist in type 'PeerOptions<{ counted: any; }, EventMap, Port>'. Did you mean to write 'window'?
new Peer('ipc:///tmp/shop', ['counted'], [], { windw: 3 });
// THROWS Type '"mine"' is not assignable to type '"'durable' needs a bus that keeps events for subscribers that are away: nats://…"'.
new Peer('ipc:///tmp/shop', ['counted'], [], { subscribe: { counted: { durable: 'mine' } } });
// THROWS Type '"mine"' is not assignable to type '"'durable' needs a bus that keeps events for subscribers that are away: nats://…"'.
new Peer<Counted, {}>(port, ['counted'], [], { subscribe: { counted: { durable: 'mine' } } });
// THROWS Argument of type 'number' is not assignable to parameter of type 'string | Endpoints | Port'.
new Peer(3, ['counted'], []);
// THROWS Expected 3-5 arguments, but got 2.
new Peer('ipc:///tmp/shop', ['counted']);
