import { contract, event, Peer } from 'mreventloop';

const shop = contract({ produced: event<[product: string]>() });
const port = new MessageChannel().port1;

// durable, where the compiler knows the address
// THROWS Type '"billing"' is not assignable to type '"'durable' needs a bus that keeps events for subscribers that are away: nats://…"'.
new Peer('ipc:///tmp/shop', shop, { subscribe: { produced: { durable: 'billing' } } });
// THROWS Type '"billing"' is not assignable to type '"'durable' needs a bus that keeps events for subscribers that are away: nats://…"'.
new Peer('redis://localhost/shop', shop, { subscribe: { produced: { durable: 'billing' } } });
// THROWS Type '"billing"' is not assignable to type '"'durable' needs a bus that keeps events for subscribers that are away: nats://…"'.
new Peer({ in: 'tcp://a:1', out: 'tcp://a:2' }, shop, { subscribe: { produced: { durable: 'billing' } } });
// THROWS Type '"billing"' is not assignable to type '"'durable' needs a bus that keeps events for subscribers that are away: nats://…"'.
new Peer(port, shop, { subscribe: { produced: { durable: 'billing' } } });
// THROWS Type '"billing"' is not assignable to type '"'durable' needs a bus that keeps events for subscribers that are away: nats://…"'.
new Peer('wss://a', 'wss://a', ['produced'], [], { subscribe: { produced: { durable: 'billing' } } });
// THROWS Type '"billing"' is not assignable to type '"'durable' needs a bus that keeps events for subscribers that are away: nats://…"'.
new Peer(port, ['produced'], [], { subscribe: { produced: { durable: 'billing' } } });
// THROWS Type 'boolean' is not assignable to type 'string'.
new Peer('nats://a/shop', shop, { subscribe: { produced: { durable: true } } });
// THROWS Object literal may only specify known properties, but 'durabel' does not exist in type 'SubscriptionOptions<"nats://a/shop">'. Did you mean to write 'durable'?
new Peer('nats://a/shop', shop, { subscribe: { produced: { durabel: 'billing' } } });
// THROWS Type 'string' is not assignable to type 'boolean | undefined'.
new Peer('nats://a/shop', shop, { subscribe: { produced: { awaited: 'yes' } } });

// bus
const peer = new Peer('ipc:///tmp/shop', shop, { subscribe: ['produced'] });
// THROWS Type 'false' is not assignable to type 'true'.
const isDurable: true = peer.bus.durable;
