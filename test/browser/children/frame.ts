// A frame of a page, which is given a port by the page: it answers each `said` with an `answered`.
import { connect, Peer, type Port } from 'mreventloop';

const frame = globalThis as unknown as {
  addEventListener(type: 'message', listener: (event: { data: unknown; ports: readonly Port[] }) => void): void;
};
frame.addEventListener('message', ({ data, ports: [port] }) => {
  if (data !== 'port' || port === undefined) return;
  const peer = new Peer(port, ['said'], ['answered']);
  connect(peer, 'said', (_from, n) => void peer.publish.answered('frame', n));
  void peer.start();
});
