import { getEventListeners, once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test, vi } from 'vitest';
import { AddressError, Broker, connect, Peer } from 'mreventloop';
import { PortBus } from '../../src/bus/port/port.ts';
import { PortDoor } from '../../src/bus/port/port-door.ts';
import { requestHead } from '../../src/wire/json-rpc.ts';
import { temporaryFolder } from '../support/addresses.ts';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** A worker that is attached to a broker, when its peer is ready. */
async function startWorker(broker: Broker): Promise<{ worker: Worker; id: string }> {
  const worker = new Worker(new URL('children/worker.ts', import.meta.url));
  onTestFinished(() => void worker.terminate());
  broker.attach(worker);
  for (;;) {
    const [message] = (await once(worker, 'message')) as [unknown];
    if (typeof message === 'string') return { worker, id: message };
  }
}

async function listen(): Promise<Broker> {
  const broker = await Broker.listen({ zmq: `ipc://${temporaryFolder()}/shop`, ws: { port: 0 } });
  onTestFinished(() => broker.stop());
  return broker;
}

test.each(['zmq', 'ws'] as const)('worker: hears and answers a peer that came in over %s', async (door) => {
  const broker = await listen();
  await startWorker(broker);
  const { in: inAddress, out } = door === 'zmq' ? broker.endpoints : { in: broker.url ?? '', out: broker.url ?? '' };
  await using peer = await new Peer(inAddress, out, ['y'], ['x']).start();
  const answers: unknown[] = [];
  connect(peer, 'y', (value) => answers.push(value));
  await peer.waitFor({ subscribers: 'x', timeout: 5_000 });
  const last = peer.events.y.next({ where: (value) => value === 4_999, timeout: 10_000 });
  for (const n of numbers(5_000)) await peer.publish.x(n);
  await last;
  expect(answers).toEqual(numbers(5_000));
});

test('worker: two of them hear each other through the broker of their parent', async () => {
  const broker = await listen();
  await startWorker(broker);
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => port1.close());
  broker.attach(port1);
  await using peer = await new Peer(port2, ['y'], ['x']).start();
  const y = peer.events.y.next({ timeout: 5_000 });
  await peer.waitFor({ subscribers: 'x', timeout: 5_000 });
  await peer.publish.x('tea');
  expect(await y).toEqual(['tea']);
});

test('worker: stopping its peer lets it end', async () => {
  const broker = await listen();
  const { worker } = await startWorker(broker);
  await using peer = await new Peer(broker.endpoints.in, broker.endpoints.out, [], ['stop']).start();
  await peer.waitFor({ subscribers: 'stop', timeout: 5_000 });
  const exit = once(worker, 'exit');
  await peer.publish.stop();
  expect(await exit).toEqual([0]);
  expect(broker.ports).toBe(0);
});

test('worker: when it is terminated, the broker lets go of it and others are told', async () => {
  const broker = await listen();
  const { worker, id } = await startWorker(broker);
  const options = { silence: 300 };
  await using peer = await new Peer(broker.endpoints.in, broker.endpoints.out, [], ['x'], options).start();
  await peer.waitFor({ subscribers: 'x', timeout: 5_000 });
  const left = peer.status.peerLeft.next({ where: (one) => one.id === id, timeout: 5_000 });
  await worker.terminate();
  expect(broker.ports).toBe(0);
  expect((await left)[1]).toBe('silent');
});

test('ends that go while the broker is stopped: it lets go of them', async () => {
  const broker = await listen();
  const { worker } = await startWorker(broker);
  const [gone, detached, kept] = [new MessageChannel(), new MessageChannel(), new MessageChannel()];
  onTestFinished(() => kept.port2.close());
  broker.attach(gone.port1);
  const attached = broker.attach(detached.port1);
  broker.attach(kept.port1);
  await broker.stop();
  expect(broker.ports).toBe(4);
  await worker.terminate();
  const closed = once(gone.port1, 'close');
  gone.port2.close();
  await closed;
  attached[Symbol.dispose]();
  expect(broker.ports).toBe(1);
  await broker.start();
  const peer = new Peer(kept.port2, [], []);
  await using _peer = await peer.start();
});

test('attach: who detaches a port twice leaves alone what was attached since', async () => {
  const broker = await listen();
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => port2.close());
  const watching = (): number => getEventListeners(port1, 'close').length;
  const first = broker.attach(port1);
  const watches = watching();
  first[Symbol.dispose]();
  const [second, same] = [broker.attach(port1), broker.attach(port1)];
  expect(watching()).toBe(watches);
  first[Symbol.dispose]();
  expect(broker.ports).toBe(1);
  await using _peer = await new Peer(port2, [], []).start();
  same[Symbol.dispose]();
  second[Symbol.dispose]();
  expect([broker.ports, watching()]).toEqual([0, 0]);
});

test('port: a peer whose broker is in a thread that ended is told', async () => {
  const { port1, port2 } = new MessageChannel();
  const broker = await Broker.listen({});
  onTestFinished(() => broker.stop());
  broker.attach(port1);
  await using peer = await new Peer(port2, [], []).start();
  const disconnected = peer.status.disconnected.next({ timeout: 5_000 });
  port1.close();
  await disconnected;
  expect(broker.ports).toBe(0);
});

test('port: a peer can be stopped and started again, and what others say over the port is left alone', async () => {
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => port1.close());
  const heard: unknown[] = [];
  port2.on('message', (message) => {
    if (typeof message === 'string') heard.push(message);
  });
  const broker = await Broker.listen({});
  onTestFinished(() => broker.stop());
  const attached = broker.attach(port1);
  const peer = new Peer(port2, ['x'], ['x']);
  onTestFinished(() => peer.stop());
  for (let i = 0; i < 3; i += 1) {
    await peer.start();
    port1.postMessage(`${i}`);
    const x = peer.events.x.next({ timeout: 5_000 });
    await peer.publish.x(i);
    expect(await x).toEqual([i]);
    await peer.stop();
  }
  expect(heard).toEqual(['0', '1', '2']);
  attached[Symbol.dispose]();
  await expect(peer.start({ timeout: 50 })).rejects.toThrow(/no broker answered within 50 ms at a port\. Has a broker/);
});

test('heartbeat: who does not answer is sent nothing more, and is asked to join when it is heard again', async () => {
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => port1.close());
  const door = new PortDoor(60);
  onTestFinished(() => door.close());
  await door.open({ frame: () => true, unreadable() {}, refused() {} });
  door.attach(port1);
  const words: unknown[] = [];
  port2.on('message', ({ mreventloop }: { mreventloop: unknown[] }) => words.push(mreventloop[0]));
  const say = (...word: unknown[]): void => port2.postMessage({ mreventloop: word });
  const frame = `${requestHead('x')}}`;

  say('join', 1);
  say('subscribe', [requestHead('x')]);
  await expect.poll(() => words).toContain('up');
  door.send(frame);
  await expect.poll(() => words).toContain('frames');
  /** Whether a frame that is sent now arrives before the next message. */
  const arrives = async (): Promise<boolean> => {
    words.length = 0;
    door.send(frame);
    await Promise.resolve();
    port1.postMessage({ mreventloop: ['next'] });
    await expect.poll(() => words).toContain('next');
    return words.includes('frames');
  };
  await expect.poll(arrives).toBe(false);
  say('beat');
  await expect.poll(() => words).toContain('ask');
});

const HOLE = Object.assign([], { length: 1 });
/** What comes behind it says that a message was heard, and did no harm. */
const NONSENSE: readonly unknown[] = [
  null,
  1,
  'text',
  { mreventloop: null },
  { mreventloop: 'join' },
  ...[
    [],
    ['join', { count: 1 }],
    ['subscribe'],
    ['subscribe', [null]],
    ['subscribe', HOLE],
    ['frames'],
    ['frames', 'text'],
    ['frames', [null]],
    ['frames', [1, {}]],
    ['frames', HOLE],
    ['up', 1],
    ['up', 1, 0],
    ['up', 1, Infinity],
  ].map((word) => ({ mreventloop: word })),
];
const NO_UTF8 = Uint8Array.from([0x22, 0xff, 0x22]);

test('port: a door ignores words that make no sense, and reports bytes that are no text', async () => {
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => port1.close());
  const heard: unknown[] = [];
  const door = new PortDoor(10_000);
  onTestFinished(() => door.close());
  await door.open({
    frame: (frame) => heard.push(frame) > 0,
    unreadable: () => heard.push('unreadable'),
    refused() {},
  });
  door.attach(port1);
  port2.postMessage({ mreventloop: ['join', 1] });
  for (const message of NONSENSE) port2.postMessage(message);
  port2.postMessage({ mreventloop: ['frames', ['one', NO_UTF8, 'two']] });
  await expect.poll(() => heard).toEqual(['one', 'unreadable', 'two']);
  // It takes back what was subscribed to.
  door.detach(port1);
});

test('port: a bus ignores words that make no sense, and reports bytes that are no text', async () => {
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => port1.close());
  const heard: unknown[] = [];
  const bus = new PortBus(port2);
  onTestFinished(() => bus.close());
  await bus.open({
    frame: (text) => heard.push(text),
    unreadable: () => heard.push('unreadable'),
    down: () => heard.push('down'),
    refused() {},
  });
  port1.postMessage({ mreventloop: ['up', 1, 10_000] });
  for (const message of NONSENSE) port1.postMessage(message);
  port1.postMessage({ mreventloop: ['frames', ['one', NO_UTF8, 'two']] });
  await expect.poll(() => heard).toEqual(['one', 'unreadable', 'two']);
});

test('port: a door asks once who does not join, and forgets what a peer wanted when it joins anew or leaves', async () => {
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => port1.close());
  const words: unknown[][] = [];
  port2.on('message', ({ mreventloop }: { mreventloop: unknown[] }) => words.push(mreventloop));
  const say = (...word: unknown[]): void => port2.postMessage({ mreventloop: word });
  const heard: unknown[] = [];
  const door = new PortDoor(30_000);
  onTestFinished(() => door.close());
  await door.open({ frame: (frame) => heard.push(frame) > 0, unreadable() {}, refused() {} });
  door.attach(port1);
  const head = requestHead('x');
  say('beat');
  say('frames', ['early']);
  say('join', 1);
  await expect.poll(() => words).toEqual([['ask'], ['up', 1, 30_000]]);
  say('subscribe', [head]);
  say('frames', ['one']);
  await expect.poll(() => heard).toEqual(['one']);
  expect(door.hears(head)).toBe(true);
  say('join', 2);
  await expect.poll(() => words.slice(2)).toEqual([['up', 2, 30_000]]);
  expect(door.hears(head)).toBe(false);
  say('subscribe', [head]);
  say('leave');
  say('frames', ['late']);
  await expect.poll(() => words.slice(3)).toEqual([['ask']]);
  expect(door.hears(head)).toBe(false);
  expect(heard).toEqual(['one']);
  door.detach(port1);
  await expect.poll(() => words.slice(4)).toEqual([['down']]);
});

test('port: a bus joins whenever it is asked or hears nothing, and is there when the last join is answered', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const { port1, port2 } = new MessageChannel();
  onTestFinished(() => port1.close());
  const words: unknown[][] = [];
  port1.on('message', ({ mreventloop }: { mreventloop: unknown[] }) => words.push(mreventloop));
  const say = (...word: unknown[]): void => port1.postMessage({ mreventloop: word });
  const heard: unknown[] = [];
  const bus = new PortBus(port2);
  onTestFinished(() => bus.close());
  bus.subscribe({ name: 'x', prefixes: ['x'] });
  await bus.open({
    frame: (text) => heard.push(text),
    unreadable() {},
    down: () => heard.push('down'),
    refused() {},
  });
  say('ask');
  say('up', 1, 30_000);
  say('frames', ['early']);
  say('beat');
  await expect.poll(() => words).toEqual([['join', 1], ['join', 2], ['beat']]);
  say('up', 2, 30_000);
  say('frames', ['one']);
  say('ask');
  await expect
    .poll(() => words.slice(3))
    .toEqual([
      ['subscribe', ['x']],
      ['join', 3],
    ]);
  expect(heard).toEqual(['one', 'down']);
  say('up', 3, 30_000);
  await expect.poll(() => words.length).toBe(6);
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(20_000);
  expect(heard.length).toBe(2);
  vi.advanceTimersByTime(10_000);
  await expect.poll(() => words.slice(6)).toEqual([['join', 4]]);
  say('down');
  say('up', 4, 30_000);
  await expect.poll(() => words.length).toBe(8);
  expect(heard.slice(2)).toEqual(['down']);
  bus.send('y', 'last');
  await bus.close();
  await expect.poll(() => words.slice(8)).toEqual([['frames', ['last']], ['leave']]);
  expect(vi.getTimerCount()).toBe(0);
});

test('port: the memory of large frames changes hands, and each peer has its own copy', async () => {
  const heard: unknown[] = [];
  const handedOver: number[] = [];
  const door = new PortDoor(10_000);
  onTestFinished(() => door.close());
  await door.open({ frame: (frame) => heard.push(frame) > 0, unreadable() {}, refused() {} });
  const join = () => {
    const { port1, port2 } = new MessageChannel();
    onTestFinished(() => port1.close());
    const words: unknown[][] = [];
    const post = port1.postMessage.bind(port1);
    port1.postMessage = (message: unknown, transfer: ArrayBuffer[]) => {
      post(message, transfer);
      // What has changed hands has no bytes here.
      handedOver.push(...transfer.map((buffer) => buffer.byteLength));
    };
    port2.on('message', ({ mreventloop }: { mreventloop: unknown[] }) => words.push(mreventloop));
    const say = (word: unknown[], transfer: ArrayBuffer[] = []): void =>
      port2.postMessage({ mreventloop: word }, transfer);
    say(['join', 1]);
    say(['subscribe', [requestHead('x')]]);
    door.attach(port1);
    return { words, say };
  };
  const [first, second] = [join(), join()];
  await expect
    .poll(() => [first, second].map(({ words }) => words.map(([word]) => word)))
    .toEqual([
      ['ask', 'up'],
      ['ask', 'up'],
    ]);

  const large = Buffer.from(`${requestHead('x')}, "params": ["${'ü'.repeat(70_000)}"]}`);
  const small = `${requestHead('x')}}`;
  const show = (frame: unknown): unknown =>
    frame instanceof Uint8Array ? [frame.buffer.byteLength, large.equals(frame)] : frame;
  // Frames come after the subscriptions of who is last.
  second.say(['frames', [small]]);
  await expect.poll(() => heard).toEqual([small]);
  for (const frame of [large, large.toString(), Buffer.from(small), small]) door.send(frame);
  const whole = [large.length, true];
  for (const { words } of [first, second]) {
    await expect.poll(() => words[2]?.flat().map(show)).toEqual(['frames', whole, whole, small, small]);
  }

  expect(handedOver).toEqual([0, 0, 0, 0]);

  const bytes = new Uint8Array(large);
  second.say(['frames', [bytes]], [bytes.buffer]);
  await expect.poll(() => heard.map(show)).toEqual([small, whole]);
});

test('worker: large events reach peers over other doors, and come back', async () => {
  const broker = await listen();
  await startWorker(broker);
  await using peer = await new Peer(broker.endpoints.in, broker.endpoints.out, ['y'], ['x']).start();
  await peer.waitFor({ subscribers: 'x', timeout: 5_000 });
  const texts = [70_000, 10, 3_000_000].map((size) => 'ü'.repeat(size));
  for (const text of texts) {
    const y = peer.events.y.next({ timeout: 10_000 });
    await peer.publish.x(text);
    expect((await y)[0] === text).toBe(true);
  }
});

/** As pages have one, as far as it is looked at. */
const makeWindow = () => Object.assign(new EventTarget(), { postMessage() {}, frames: [] });

test('a window: it is no port, and neither brokers nor peers take it for one', async () => {
  const broker = new Broker({});
  expect(() => broker.attach(makeWindow())).toThrow(AddressError);
  expect(() => broker.attach(makeWindow())).toThrow(/a window is no port: pass a MessagePort/);
  expect(broker.ports).toBe(0);
  const start = new Peer(makeWindow(), ['x'], ['x']).start();
  await expect(start).rejects.toThrow(AddressError);
  await expect(start).rejects.toThrow(/a window is no port: pass a MessagePort/);
});
