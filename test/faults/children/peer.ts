// A peer in a process of its own, told what to do by lines of JSON on its standard input. It answers each
// with a line, and writes what happens to it to a history of JSON lines.

import { createWriteStream, readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { connect, eventNames, Peer, type PeerOptions } from 'mreventloop';

type Order =
  | { do: 'start'; subscribe: string[]; publish: string[]; options?: Partial<PeerOptions<{}, {}>> }
  | { do: 'publish'; events: string[]; count: number; rate?: number }
  | { do: 'publish-now'; event: string; count: number }
  | { do: 'wait-for-subscribers'; event: string; count: number }
  | { do: 'wait-until'; received: number }
  | { do: 'wait-until-left'; peer: string }
  | { do: 'block'; ms: number }
  | { do: 'flush'; timeout: number }
  | { do: 'open-and-close'; count: number }
  | { do: 'memory' | 'stop' };

const [inAddress = '', outAddress = '', historyPath = ''] = process.argv.slice(2);
const history = createWriteStream(historyPath);
const write = (line: object): void => void history.write(`${JSON.stringify(line)}\n`);

/** Its events are given to it from outside. */
type AnyEvents = Record<string, unknown[]>;
let peer: Peer<AnyEvents, AnyEvents> | undefined;
let received = 0;
let published = 0;
let onReceived: (() => void) | undefined;
const left = new Set<string>();
let onLeft: (() => void) | undefined;

async function obey(order: Order): Promise<object> {
  switch (order.do) {
    case 'start': {
      peer = new Peer(inAddress, outAddress, order.subscribe, order.publish, order.options);
      for (const name of eventNames(peer.events)) {
        connect(peer, name, (from, n) => {
          received += 1;
          write({ received: name, from, n });
          onReceived?.();
        });
      }
      connect(peer.status, 'gap', (gap) => write({ gap: gap.event, from: gap.peer, count: gap.count }));
      connect(peer.status, 'peerLeft', ({ id }, reason) => {
        left.add(id);
        write({ left: id, reason });
        onLeft?.();
      });
      connect(peer.status, 'peerJoined', ({ id }) => {
        left.delete(id);
        write({ joined: id });
      });
      connect(peer.status, 'disconnected', () => write({ disconnected: true }));
      connect(peer.status, 'connected', () => write({ connected: true }));
      connect(peer.status, 'invalid', ({ reason }) => write({ invalid: reason }));
      connect(peer.status, 'undelivered', (undelivered) => write({ undelivered }));
      await peer.start({ timeout: 20_000 });
      return { id: peer.id };
    }
    case 'publish': {
      const began = performance.now();
      for (let i = 0; i < order.count; i += 1) {
        await publish(order.events[i % order.events.length] as string);
        // Ten times ahead of time at most, so that the rate holds on the average.
        if (order.rate !== undefined && i % 10 === 9) {
          const early = began + (i * 1_000) / order.rate - performance.now();
          if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
        }
      }
      return { published };
    }
    case 'publish-now':
      for (let i = 0; i < order.count; i += 1) void publish(order.event);
      return { published };
    case 'wait-for-subscribers':
      await peer?.waitFor({ subscribers: order.event, count: order.count, timeout: 20_000 });
      return {};
    case 'wait-until':
      while (received < order.received) await new Promise<void>((resolve) => (onReceived = resolve));
      return { received };
    case 'wait-until-left':
      while (!left.has(order.peer)) await new Promise<void>((resolve) => (onLeft = resolve));
      return {};
    case 'block': {
      const end = performance.now() + order.ms;
      while (performance.now() < end);
      return {};
    }
    case 'flush':
      return peer?.flush({ timeout: order.timeout }).then(
        () => ({ flushed: true }),
        (error: Error) => ({ flushed: false, message: error.message }),
      ) as Promise<object>;
    case 'open-and-close':
      for (let i = 0; i < order.count; i += 1) {
        const another = await new Peer(inAddress, outAddress, ['x'], ['x']).start();
        await another.stop();
      }
      return {};
    case 'memory': {
      globalThis.gc?.();
      const { rss, heapUsed } = process.memoryUsage();
      const descriptors = readdirSync('/proc/self/fd').length;
      return { rss, heap: heapUsed, descriptors, pending: peer?.pending ?? 0 };
    }
    case 'stop':
      await peer?.stop();
      await new Promise((resolve) => history.end(resolve));
      return { stopped: true, received, published };
  }
}

const counts = new Map<string, number>();

function publish(event: string): Promise<void> {
  const n = (counts.get(event) ?? 0) + 1;
  counts.set(event, n);
  published += 1;
  write({ published: event, n, order: published });
  return peer?.publish[event]?.(peer.id, n) ?? Promise.resolve();
}

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as Order;
  console.log(JSON.stringify(await obey(order)));
  if (order.do === 'stop') break;
}
process.stdin.destroy();
