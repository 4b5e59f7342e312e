import { type BusCapabilities, contract, event, type Events, Peer, type PeerOptions } from 'mreventloop';
import { expectTypeOf } from 'vitest';

const shop = contract({ produced: event<[product: string]>(), sold: event<[cents: number]>() });

// Where the compiler knows the address, it knows what can be done there
const billing = new Peer('nats://nats-1:4222,nats-2:4222/shop', shop, {
  subscribe: { produced: { durable: 'billing', replay: 3, awaited: false }, sold: { awaited: true } },
});
expectTypeOf(billing.events).toEqualTypeOf<Events<{ produced: [product: string]; sold: [cents: number] }>>();
expectTypeOf(billing.bus.durable).toEqualTypeOf<true>();
expectTypeOf(billing.bus.scheme).toEqualTypeOf<'nats'>();

const local = new Peer('ipc:///tmp/shop', shop, { subscribe: { produced: { replay: 3 } } });
expectTypeOf(local.bus.durable).toEqualTypeOf<false>();
expectTypeOf(local.bus.python).toEqualTypeOf<true>();
expectTypeOf(new Peer('wss://a', 'wss://a', ['x'], []).bus.browser).toEqualTypeOf<true>();
expectTypeOf(new Peer('nats+wss://a/shop', shop, { subscribe: ['produced'] }).bus.browser).toEqualTypeOf<true>();
expectTypeOf(new Peer('nats+ws://a', 'nats+ws://a', ['x'], []).bus.durable).toEqualTypeOf<false>();
expectTypeOf(new Peer(new MessageChannel().port1, ['x'], []).bus.durable).toEqualTypeOf<false>();

const here = 'nats://nats-1/shop';
const pair = new Peer(here, here, ['x'], [], { subscribe: { x: { durable: 'billing' } } });
expectTypeOf(pair.bus.durable).toEqualTypeOf<true>();

// Where it does not, a durable subscription may be asked for, and the constructor sees
const somewhere: string = process.env['SHOP'] ?? here;
const configured = new Peer(somewhere, shop, { subscribe: { produced: { durable: 'billing' } } });
expectTypeOf(configured.bus).toEqualTypeOf<BusCapabilities>();
const typed = new Peer<{ x: [n: number] }, {}>(here, here, ['x'], [], { subscribe: { x: { durable: 'billing' } } });
expectTypeOf(typed.bus).toEqualTypeOf<BusCapabilities>();
const either: 'ipc:///tmp/shop' | 'nats://nats-1/shop' = Math.random() > 1 ? 'ipc:///tmp/shop' : 'nats://nats-1/shop';
expectTypeOf(new Peer(either, shop, { subscribe: ['produced'] }).bus.durable).toEqualTypeOf<boolean>();

// Whoever takes a peer need not know where it is
expectTypeOf(local).toExtend<Peer<{ produced: [product: string] }, {}>>();
const options: PeerOptions<{ x: [n: number] }, {}> = { subscribe: { x: { durable: 'billing' } } };
expectTypeOf(options.subscribe?.x?.durable).toEqualTypeOf<string | undefined>();
