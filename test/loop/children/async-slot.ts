import { connect } from 'mreventloop';
import { Kettle } from './kettle.ts';

const kettle = new Kettle();
connect(kettle.eventLoop, 'exception', (error) => console.log(`exception ${String(error)}`));
kettle.eventLoop.start();
void kettle.onSay('before');
void kettle.onBoilLater();
void kettle.onSay('after');
setImmediate(() => console.log('next turn'));
