// A seller or a buyer, which have different ideas of an event. Prints what it is told, until its input ends.
import { createInterface } from 'node:readline';
import { connect, contract, Peer } from 'mreventloop';
import { z } from 'zod';

const [inAddress = '', outAddress = '', role = ''] = process.argv.slice(2);
const address = { in: inAddress, out: outAddress };
const print = (line: object): void => console.log(JSON.stringify(line));

const shared = { same: [z.string().max(100)] } as const;
const sellers = contract({ ...shared, produced: [z.string(), z.number()] });
const buyers = contract({ ...shared, produced: [z.string(), z.string()] });

const seller = new Peer(address, sellers, { publish: ['produced', 'same'] });
const buyer = new Peer(address, buyers, { subscribe: ['produced', 'same'] });
const peer = role === 'seller' ? seller : buyer;
connect(peer.status, 'contractMismatch', (mismatch) => print({ mismatch }));
connect(peer.status, 'invalid', (invalid) => print({ invalid }));
connect(buyer, 'produced', (...args) => print({ produced: args }));
connect(buyer, 'same', (...args) => print({ same: args }));

await peer.start();
console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  if (line !== 'publish') continue;
  await seller.publish.produced('tea', 3);
  await seller.publish.same('the same in both');
}
await peer.stop();
