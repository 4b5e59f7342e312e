import { connect, EventLoop } from 'mreventloop';
import { Kettle } from './kettle.ts';

const kettle = new Kettle(new EventLoop({ exitOnException: false }));
connect(kettle.eventLoop, 'exception', (error) => console.log(`exception ${(error as Error).message}`));
kettle.eventLoop.start();
void kettle.onBoil();
await kettle.onBoilLater().catch(() => {});
await new Promise((resolve) => setImmediate(resolve));
await kettle.onSay('after');
