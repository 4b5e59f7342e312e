import { type MrEventLoopError, Peer } from 'mreventloop';

// What a browser cannot reach, or not as it is asked to, is refused, and says why.
const errors: { code: string; message: string }[] = [];
for (const address of ['tcp://127.0.0.1:5000', 'nats://127.0.0.1/shop', 'nats+ws://127.0.0.1/shop']) {
  const peer = new Peer({ in: address, out: address.replace('5000', '5001') }, {}, {});
  try {
    await peer.start();
  } catch (error) {
    const { code, message } = error as MrEventLoopError;
    errors.push({ code, message });
  }
}
console.log(JSON.stringify(errors));
