import { type MrEventLoopError, Peer } from 'mreventloop';

// Peers over ZeroMQ are refused in a browser, and say why.
try {
  await new Peer('tcp://127.0.0.1:5000', 'tcp://127.0.0.1:5001', [], []).start();
} catch (error) {
  const { code, message } = error as MrEventLoopError;
  console.log(JSON.stringify({ code, message }));
}
