import { Peer } from 'mreventloop';
import { leave, readyUntilStopped, settings } from '../role.ts';
import { requests } from './events.ts';

const [inAddress, outAddress] = settings.addresses;
const peer = new Peer({ in: inAddress, out: outAddress }, requests, { serve: ['echo'] });
peer.serve.echo((question) => question);
await peer.start();

await readyUntilStopped();
await peer.stop();
leave();
