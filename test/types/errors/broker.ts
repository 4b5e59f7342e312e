import { Broker, connect } from 'mreventloop';

const broker = new Broker('ipc:///tmp/shop');

// THROWS 'zeromq' does not exist in type 'BrokerDoors'.
new Broker({ zeromq: 'ipc:///tmp/shop' });
// THROWS Argument of type 'number' is not assignable to parameter of type 'string'.
new Broker('tcp://127.0.0.1:5000', 5001);
// THROWS 'orgins' does not exist in type 'WebSocketDoorOptions'.
void Broker.listen({ ws: { orgins: ['https://shop.example'] } });
// THROWS is not assignable to type 'boolean | Grant | Promise<boolean | Grant>'.
void Broker.listen({ ws: { authorize: (token) => token ?? false } });
// THROWS Argument of type '{}' is not assignable to parameter of type 'Port'.
broker.attach({});
// THROWS Cannot assign to 'frames' because it is a read-only property.
broker.counters.frames = 0;
// THROWS Property 'joined' does not exist
broker.status.joined;
// THROWS Property 'why' does not exist on type 'Refusal'.
connect(broker.status, 'refused', ({ why }) => why);
