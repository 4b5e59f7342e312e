// A shared worker with a broker: the tabs of this origin meet in it.
import { Broker } from 'mreventloop';
import type { Port } from 'mreventloop';

const broker = new Broker({});
const started = broker.start();
Object.assign(globalThis, {
  onconnect: ({ ports }: { ports: [Port] }) => void started.then(() => broker.attach(ports[0])),
});
