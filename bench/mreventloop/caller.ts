import { Peer } from 'mreventloop';
import { leave, settings } from '../role.ts';
import { askAsTold } from '../work.ts';
import { requests } from './events.ts';

const [inAddress, outAddress] = settings.addresses;
const peer = new Peer({ in: inAddress, out: outAddress }, requests, { request: ['echo'] });
await peer.start();
await peer.waitFor({ servers: 'echo' });

await askAsTold((question) => peer.request.echo(question));
await peer.stop();
leave();
