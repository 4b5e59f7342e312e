// Starts a peer where it may not connect, and prints the error. Root may everything, so it becomes somebody else.
import { type MrEventLoopError, Peer } from 'mreventloop';

const [inAddress = '', outAddress = ''] = process.argv.slice(2);
if (process.geteuid?.() === 0) {
  // Loads what a start needs: somebody else may not be able to read it.
  await (await new Peer<{}, {}>(inAddress, outAddress, [], []).start()).stop();
  process.seteuid?.(65_534);
}
await new Peer<{}, {}>(inAddress, outAddress, [], []).start().catch(({ code, message }: MrEventLoopError) => {
  console.log(`${code}: ${message}`);
});
