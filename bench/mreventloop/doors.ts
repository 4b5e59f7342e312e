// A broker with a door for pages besides.
import { Broker } from 'mreventloop';
import { leave, readyUntilStopped, settings } from '../role.ts';

const [inAddress, outAddress] = settings.addresses;
const broker = await Broker.listen({ zmq: { in: inAddress, out: outAddress }, ws: { port: 0, origins: '*' } });

await readyUntilStopped(broker.url);
await broker.stop();
leave();
