// A peer that serves requests until it is killed: it answers each after a while.

import { contract, Peer, request } from 'mreventloop';
import { z } from 'zod';

const [inAddress = '', outAddress = ''] = process.argv.slice(2);
const shop = contract({ double: request([z.number()], z.number()) });
const peer = new Peer({ in: inAddress, out: outAddress }, shop, { serve: ['double'], silence: 1_500 });
peer.serve.double(async (n) => {
  await new Promise((resolve) => setTimeout(resolve, n % 200));
  return 2 * n;
});
await peer.start();
console.log(peer.id);
