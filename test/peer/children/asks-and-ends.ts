// A peer that asks, and whose process ends right after that.
import { contract, Peer, request } from 'mreventloop';
import { z } from 'zod';

const [inAddress = '', outAddress = ''] = process.argv.slice(2);
const notes = contract({ note: request([z.string()], z.undefined()) });
const peer = new Peer({ in: inAddress, out: outAddress }, notes, { request: ['note'] });
await peer.start();
await peer.waitFor({ servers: 'note' });
await peer.request.note('the first');
void peer.request.note('the last').catch(() => {});
process.exit(7);
