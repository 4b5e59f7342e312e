import { contract, event, Peer } from 'mreventloop';

// Here, and not among the types that compile: the library's own declarations do not, with the strictest options.
const shop = contract({ produced: event<[product: string]>() });
const address = 'nats+wss://nats.example/shop';

// the library itself, imported at once or when it is needed
new Peer(address, shop, { subscribe: ['produced'], nats: () => import('@nats-io/nats-core') });
import * as core from '@nats-io/nats-core';
new Peer(address, address, ['produced'], [], { nats: async () => core });
new Peer<{ produced: [product: string] }, {}>(address, address, ['produced'], [], { nats: async () => core });
new Peer(address, shop, {
  subscribe: ['produced'],
  nats: process.env['PAGE'] === undefined ? undefined : async () => core,
});

// anything else
// THROWS Type 'string' is not assignable to type 'LoadNatsCore'.
new Peer(address, shop, { subscribe: ['produced'], nats: '@nats-io/nats-core' });
// THROWS is not assignable to type 'LoadNatsCore'.
new Peer(address, shop, { subscribe: ['produced'], nats: core });
// THROWS is missing the following properties from type 'NatsCore': wsconnect,
new Peer(address, shop, { subscribe: ['produced'], nats: () => import('@nats-io/jetstream') });
// THROWS Type 'typeof import(
new Peer(address, address, ['produced'], [], { nats: () => core });
// THROWS is not assignable to type
new Peer(address, address, ['produced'], [], { nats: async () => core.wsconnect });

// durable
// THROWS Type '"billing"' is not assignable to type '"'durable' needs a bus that keeps events for subscribers that are away: nats://…"'.
new Peer(address, shop, { subscribe: { produced: { durable: 'billing' } } });
