import { type MrEventLoopError, Peer } from 'mreventloop';

const [inAddress = '', outAddress = ''] = process.argv.slice(2);
try {
  await new Peer(inAddress, outAddress, ['produced'], ['request_product']).start({ timeout: 50 });
} catch (error) {
  console.log((error as MrEventLoopError).code);
}
