import { Kettle } from './kettle.ts';

process.on('uncaughtException', (error) => console.log(`uncaught ${String(error)}`));
const kettle = new Kettle();
kettle.eventLoop.start();
void kettle.onBoil();
await kettle.onSay('after');
