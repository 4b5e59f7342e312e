import { type } from 'arktype';
import {
  connect,
  contract,
  type ContractMismatch,
  event,
  EventLoop,
  type EventNameIn,
  type Events,
  extendedValues,
  type InputOf,
  type InvalidFrame,
  type OutputOf,
  Peer,
  type Publish,
  request,
  type RequestEntry,
  type RequestNameIn,
  slot,
} from 'mreventloop';
import * as v from 'valibot';
import { expectTypeOf } from 'vitest';
import { z } from 'zod';

const shop = contract({
  request_product: [],
  produced: [z.string(), z.number()],
  weighed: [z.string().transform(Number), z.number().default(1), z.boolean().optional()],
  noted: [z.string().optional(), z.string()],
  brewed: [
    v.string(),
    v.pipe(
      v.object({ cups: v.string() }),
      v.transform(({ cups }) => Number(cups)),
    ),
  ],
  picked: [type('string'), type({ 'leaves?': 'number' })],
  cleaned: event<[room: string, minutes?: number]>(),
  opened: event(),
  price_of: request([z.string()], z.string().transform(Number)),
});

// Entries keep their types, and contracts compose
const weather = contract({ ...shop, rained: [z.boolean()] });
expectTypeOf<EventNameIn<typeof weather>>().toEqualTypeOf<
  'request_product' | 'produced' | 'weighed' | 'noted' | 'brewed' | 'picked' | 'cleaned' | 'opened' | 'rained'
>();
expectTypeOf<RequestNameIn<typeof weather>>().toEqualTypeOf<'price_of'>();
expectTypeOf(shop.price_of).toExtend<RequestEntry>();
expectTypeOf<OutputOf<typeof shop.price_of.result>>().toEqualTypeOf<number>();
expectTypeOf<InputOf<typeof shop.price_of.result>>().toEqualTypeOf<string>();

// What is named exists, and nothing else; listeners get what the schemas make, publishers give what they take
const seller = new Peer('ipc:///tmp/shop', weather, {
  subscribe: ['request_product', 'weighed', 'brewed', 'picked', 'cleaned', 'opened', 'rained'],
  publish: ['produced', 'weighed', 'noted', 'brewed', 'picked', 'cleaned', 'opened'],
  window: 10,
});
expectTypeOf(seller.events).toEqualTypeOf<
  Events<{
    request_product: [];
    weighed: [number, number, boolean | undefined];
    brewed: [string, number];
    picked: [string, { leaves?: number }];
    cleaned: [room: string, minutes?: number];
    opened: [];
    rained: [boolean];
  }>
>();
expectTypeOf(seller.publish).toEqualTypeOf<
  Publish<{
    produced: [string, number];
    weighed: [string, (number | undefined)?, (boolean | undefined)?];
    noted: [string | undefined, string];
    brewed: [string, { cups: string }];
    picked: [string, { leaves?: number }];
    cleaned: [room: string, minutes?: number];
    opened: [];
  }>
>();
expectTypeOf(seller.publish.produced('tea', 3)).toEqualTypeOf<Promise<void>>();

// With a codec, values beyond JSON; contracts stay plain objects of their entries
const exact = contract(
  {
    sold: event<[at: Date, cents: bigint]>(),
    weighed: [z.map(z.string(), z.bigint()), z.set(z.date()).optional(), z.instanceof(Uint8Array).optional()],
    failed: [z.instanceof(Error), v.undefined()],
  },
  { codec: extendedValues },
);
expectTypeOf<EventNameIn<typeof exact>>().toEqualTypeOf<'sold' | 'weighed' | 'failed'>();
const both = contract({ ...shop, ...exact });
expectTypeOf<EventNameIn<typeof both>>().toEqualTypeOf<EventNameIn<typeof shop> | 'sold' | 'weighed' | 'failed'>();
const exactPeer = new Peer('ipc:///tmp/shop', both, { subscribe: ['sold'], publish: ['sold', 'weighed', 'failed'] });
expectTypeOf(exactPeer.events).toEqualTypeOf<Events<{ sold: [at: Date, cents: bigint] }>>();
expectTypeOf(exactPeer.publish).toEqualTypeOf<
  Publish<{
    sold: [at: Date, cents: bigint];
    weighed: [Map<string, bigint>, (Set<Date> | undefined)?, (Uint8Array<ArrayBuffer> | undefined)?];
    failed: [Error, undefined?];
  }>
>();

// Options by name stand for the names
const buyer = new Peer({ in: 'ipc:///tmp/a', out: 'ipc:///tmp/b' }, shop, {
  subscribe: { produced: { replay: 10 }, brewed: {} },
  publish: { weighed: { overflow: 'latest' } },
  validateOutgoing: false,
  contractMismatch: 'refuse',
});
expectTypeOf<keyof typeof buyer.publish>().toEqualTypeOf<'weighed'>();
expectTypeOf(buyer.events.produced).parameters.toEqualTypeOf<[string, number]>();
const listener = new Peer('ipc:///tmp/shop', shop, { subscribe: ['produced'] });
expectTypeOf<keyof typeof listener.publish>().toEqualTypeOf<never>();

// connect, in both directions
class Consumer {
  eventLoop = new EventLoop();
  onProduced = slot(this, (product: string, price: number) => product.length * price);
  onBrewed(_drink: string, _cups: number): void {}
}
const producer = { events: { weighed: event<[weight: string]>() } };
connect(buyer, new Consumer());
connect(buyer, 'produced', new Consumer());
connect(buyer, 'brewed', (drink, cups) => drink.repeat(cups));
connect(producer.events.weighed, buyer.publish.weighed);
await buyer.waitFor({ subscribers: 'weighed' });

// Status
connect(buyer.status, 'contractMismatch', (mismatch) => expectTypeOf(mismatch).toEqualTypeOf<ContractMismatch>());
connect(buyer.status, 'invalid', (frame) => {
  expectTypeOf(frame).toEqualTypeOf<InvalidFrame>();
  if (frame.reason === 'schema')
    expectTypeOf(frame.issues[0]?.path).toEqualTypeOf<readonly PropertyKey[] | undefined>();
  if (frame.reason === 'arity') expectTypeOf(frame.given).toEqualTypeOf<number>();
  if (frame.reason === 'codec') expectTypeOf(frame.argument).toEqualTypeOf<number>();
  if (frame.reason === 'contract') expectTypeOf(frame.peer).toEqualTypeOf<string>();
});

// A channel or a port in the place of an address
const channelPeer = new Peer(new BroadcastChannel('shop'), shop, { subscribe: ['produced'], publish: ['opened'] });
expectTypeOf(channelPeer.events).toEqualTypeOf<Events<{ produced: [string, number] }>>();
const { port1 } = new MessageChannel();
expectTypeOf(new Peer(port1, ['produced'], ['opened']).publish.opened).toEqualTypeOf<
  (...args: unknown[]) => Promise<void>
>();
expectTypeOf(
  new Peer<{ produced: [string] }, {}>(new BroadcastChannel('shop'), ['produced'], []).events.produced,
).toEqualTypeOf<Events<{ produced: [string] }>['produced']>();
