// Where the client for JetStream is not installed: tries to publish what nobody keeps, and what somebody keeps (`x`), and
// to subscribe durably. Prints what comes of each.
import { registerHooks } from 'node:module';

registerHooks({
  resolve(specifier, context, next) {
    if (specifier !== '@nats-io/jetstream') return next(specifier, context);
    // As Node says it.
    const message = `Cannot find package '${specifier}' imported from ${context.parentURL}`;
    throw Object.assign(new Error(message), { code: 'ERR_MODULE_NOT_FOUND' });
  },
});
const { Peer } = await import('mreventloop');

const [address = ''] = process.argv.slice(2);
for (const peer of [
  new Peer(address, address, [], ['note']),
  new Peer(address, address, [], ['x']),
  new Peer(address, address, ['x'], [], { subscribe: { x: { durable: 'billing' } } }),
]) {
  const said = await peer.start().then(
    () => 'started',
    ({ code, message }: { code: string; message: string }) => `${code}: ${message}`,
  );
  console.log(said);
  await peer.stop();
}
