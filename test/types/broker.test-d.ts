import {
  Broker,
  type BrokerCounters,
  type BrokerStatus,
  connect,
  type Endpoints,
  type Refusal,
  type UplinkStatus,
} from 'mreventloop';
import { expectTypeOf } from 'vitest';

// Where it serves
const broker = new Broker('ipc:///tmp/shop');
expectTypeOf(new Broker('ipc:///tmp/shop.in', 'ipc:///tmp/shop.out').start()).toEqualTypeOf<Promise<Broker>>();
expectTypeOf(Broker.listen({ zmq: 'ipc:///tmp/shop', ws: { port: 0 }, uplink: 'nats://nats-1/shop' })).toEqualTypeOf<
  Promise<Broker>
>();
expectTypeOf(
  Broker.listen({ ws: { authorize: (token) => (token === 'secret' ? { subscribe: ['produced'] } : false) } }),
).toEqualTypeOf<Promise<Broker>>();
expectTypeOf(broker.endpoints).toEqualTypeOf<Endpoints>();
expectTypeOf(broker.url).toEqualTypeOf<string | undefined>();
expectTypeOf(broker.attach(new MessageChannel().port1)).toEqualTypeOf<Disposable>();

// What it tells
expectTypeOf(broker.counters).toEqualTypeOf<BrokerCounters>();
expectTypeOf(broker.uplink).toEqualTypeOf<UplinkStatus | undefined>();
expectTypeOf(broker.status).toEqualTypeOf<BrokerStatus>();
connect(broker.status, 'refused', (refusal) => expectTypeOf(refusal).toEqualTypeOf<Refusal>());
connect(broker.status, 'uplink', ({ up, error }) => {
  expectTypeOf(up).toEqualTypeOf<boolean>();
  expectTypeOf(error).toEqualTypeOf<Error | undefined>();
});
