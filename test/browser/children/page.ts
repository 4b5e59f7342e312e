// A peer in a page, which the test tells what to do.
import { Broker, connect, Peer, type Port } from 'mreventloop';

/** What happened in the page. */
export interface Diary {
  readonly received: [publisher: string, n: number][];
  readonly gaps: unknown[];
  readonly invalid: unknown[];
  disconnected: number;
}

/** What the test can have the page do. */
export interface Tab {
  readonly diary: Diary;
  start(subscribe: readonly string[], publish: readonly string[]): Promise<string>;
  /** Meets the others in a shared worker instead. */
  startInHub(subscribe: readonly string[], publish: readonly string[]): Promise<string>;
  /** Meets the other tabs on a channel, without a broker. */
  startOnChannel(subscribe: readonly string[], publish: readonly string[]): Promise<string>;
  /** Meets a frame of the page, which answers, at a broker in the page. */
  startWithFrame(subscribe: readonly string[], publish: readonly string[]): Promise<string>;
  /** Meets the others at a server of NATS, to which the page connects itself. */
  startAtNats(subscribe: readonly string[], publish: readonly string[], address: string): Promise<string>;
  /** Publishes the numbers from one to below another. */
  publish(event: string, from: number, to: number): Promise<void>;
  waitForSubscribers(event: string, count: number): Promise<void>;
  /** Until no other peer is there. */
  waitUntilAlone(): Promise<void>;
  /** Who leaves next, and how. */
  nextLeft(): Promise<string>;
  flush(): Promise<void>;
  stop(): Promise<void>;
  /** Waits for so many timers that are due at once, one after the other. */
  timers(count: number): Promise<void>;
}

interface Frame {
  readonly contentWindow: { postMessage(message: unknown, origin: string, transfer: readonly unknown[]): void };
  src: string;
  addEventListener(type: 'load', listener: () => void): void;
}

const { document, location, SharedWorker } = globalThis as unknown as {
  document: { createElement(name: 'iframe'): Frame; body: { append(frame: Frame): void } };
  location: { host: string; origin: string };
  SharedWorker: new (url: string, options: object) => { port: Port };
};
const address = `ws://${location.host}/events`;
/** Its events are given to it from outside. */
type AnyEvents = Record<string, unknown[]>;
let peer: Peer<AnyEvents, AnyEvents>;

function begin(made: Peer<AnyEvents, AnyEvents>, names: readonly string[]): Promise<string> {
  peer = made;
  const { diary } = tab;
  for (const name of names) connect(peer, name, (from, n) => diary.received.push([from as string, n as number]));
  connect(peer.status, 'gap', (gap) => diary.gaps.push(gap));
  connect(peer.status, 'invalid', (invalid) => diary.invalid.push(invalid));
  connect(peer.status, 'disconnected', () => (diary.disconnected += 1));
  return peer.start().then(({ id }) => id);
}

const tab: Tab = {
  diary: { received: [], gaps: [], invalid: [], disconnected: 0 },
  start: (subscribe, publish) => begin(new Peer(address, address, subscribe, publish, { token: 'secret' }), subscribe),
  startInHub(subscribe, publish) {
    const { port } = new SharedWorker('/hub.js', { type: 'module' });
    return begin(new Peer(port, subscribe, publish), subscribe);
  },
  startOnChannel: (subscribe, publish) => begin(new Peer(new BroadcastChannel('shop'), subscribe, publish), subscribe),
  async startWithFrame(subscribe, publish) {
    const broker = await new Broker({}).start();
    const [mine, its] = [new MessageChannel(), new MessageChannel()];
    broker.attach(mine.port1);
    broker.attach(its.port1);
    const frame = document.createElement('iframe');
    frame.addEventListener('load', () => frame.contentWindow.postMessage('port', location.origin, [its.port2]));
    frame.src = '/frame';
    document.body.append(frame);
    return begin(new Peer(mine.port2, subscribe, publish), subscribe);
  },
  startAtNats: (subscribe, publish, at) =>
    begin(
      new Peer(at, at, subscribe, publish, {
        token: 'secret',
        nats: () => import('@nats-io/nats-core'),
      }),
      subscribe,
    ),
  async publish(event, from, to) {
    for (let n = from; n < to; n += 1) await peer.publish[event]?.(peer.id, n);
  },
  waitForSubscribers: (event, count) => peer.waitFor({ subscribers: event, count, timeout: 10_000 }),
  async waitUntilAlone() {
    while (peer.peers.length > 0) await peer.status.peerLeft.next({ timeout: 20_000 });
  },
  async nextLeft() {
    const [{ id }, reason] = await peer.status.peerLeft.next({ timeout: 20_000 });
    return `${id} ${reason}`;
  },
  flush: () => peer.flush({ timeout: 30_000 }),
  stop: () => peer.stop(),
  async timers(count) {
    for (let i = 0; i < count; i += 1) await new Promise((resolve) => void setTimeout(resolve));
  },
};
Object.assign(globalThis, { tab });
