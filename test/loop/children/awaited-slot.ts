import { Kettle } from './kettle.ts';

const kettle = new Kettle();
kettle.eventLoop.start();
await kettle.onBoil().catch(() => {});
setImmediate(() => console.log('next turn'));
