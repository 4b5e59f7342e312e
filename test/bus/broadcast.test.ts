import { getEventListeners, once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect, onTestFinished, test } from 'vitest';
import { Broker, connect, contract, event, Peer } from 'mreventloop';
import { makePortBus } from '../../src/bus/address.ts';
import { numbers } from './pair.ts';

/** A channel that is closed after the test. */
function open(name: string) {
  const channel = new BroadcastChannel(name);
  onTestFinished(() => channel.close());
  return channel;
}

function startWorker(name: string): Worker {
  const worker = new Worker(new URL('children/channel-worker.ts', import.meta.url), { workerData: name });
  onTestFinished(() => void worker.terminate());
  return worker;
}

test('workers: two of them and this thread hear each other, in order, without a broker', async () => {
  const name = crypto.randomUUID();
  await using peer = await new Peer(open(name), ['y'], ['x']).start();
  const answers = new Map<unknown, unknown[]>();
  connect(peer, 'y', (id, value) => answers.set(id, [...(answers.get(id) ?? []), value]));
  for (let i = 0; i < 2; i += 1) startWorker(name);
  await peer.waitFor({ subscribers: 'x', count: 2, timeout: 10_000 });
  const workers = peer.peers.map(({ id }) => id);
  for (const n of numbers(2_000)) await peer.publish.x(n);
  await peer.flush({ timeout: 10_000 });
  await expect.poll(() => [...answers.values()].map((one) => one.length), { timeout: 10_000 }).toEqual([2_000, 2_000]);
  expect(workers.map((id) => answers.get(id))).toEqual([numbers(2_000), numbers(2_000)]);
});

test('worker: stopping its peer lets it end, although its channel is open', async () => {
  const name = crypto.randomUUID();
  await using peer = await new Peer(open(name), [], ['stop']).start();
  const worker = startWorker(name);
  await peer.waitFor({ subscribers: 'stop', timeout: 10_000 });
  const exit = once(worker, 'exit');
  const left = peer.status.peerLeft.next({ timeout: 10_000 });
  await peer.publish.stop();
  expect((await left)[1]).toBe('bye');
  expect(await exit).toEqual([0]);
});

test('worker: when it is terminated, others are told after the silence', async () => {
  const name = crypto.randomUUID();
  await using peer = await new Peer(open(name), [], ['x'], { silence: 300 }).start();
  const worker = startWorker(name);
  await peer.waitFor({ subscribers: 'x', timeout: 10_000 });
  const left = peer.status.peerLeft.next({ timeout: 10_000 });
  await worker.terminate();
  expect((await left)[1]).toBe('silent');
});

test('channel: two peers at one object hear each other and themselves', async () => {
  const channel = open(crypto.randomUUID());
  const heard: unknown[] = [];
  const shop = contract({ x: event<[n: number]>() });
  const peers = [1, 2].map(() => new Peer(channel, shop, { subscribe: ['x'], publish: ['x'] }));
  for (const [i, peer] of peers.entries()) {
    onTestFinished(() => peer.stop());
    connect(peer, 'x', (n) => heard.push([i, n]));
    await peer.start();
  }
  const [first] = peers;
  await first?.waitFor({ subscribers: 'x', timeout: 5_000 });
  await first?.publish.x(7);
  await first?.flush({ timeout: 5_000 });
  expect(heard).toEqual([
    [0, 7],
    [1, 7],
  ]);
});

test('channel: a peer can be stopped and started again, and what others say on it is left alone', async () => {
  const name = crypto.randomUUID();
  const [mine, other] = [open(name), open(name)];
  const invalid: unknown[] = [];
  const heard: unknown[] = [];
  mine.addEventListener('message', (message: unknown) => {
    const { data } = message as { data: unknown };
    if (typeof data === 'string') heard.push(data);
  });
  const peer = new Peer(mine, ['x'], ['x']);
  onTestFinished(() => peer.stop());
  connect(peer.status, 'invalid', (report) => invalid.push(report));
  for (let i = 0; i < 3; i += 1) {
    await peer.start();
    for (const data of [null, 7, { mreventloop: null }, { mreventloop: 'x' }, { mreventloop: ['x', 7, 8] }, `${i}`]) {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- it is no window
      other.postMessage(data);
    }
    const x = peer.events.x.next({ timeout: 5_000 });
    await peer.publish.x(i);
    expect(await x).toEqual([i]);
    await expect.poll(() => heard.length).toBe(i + 1);
    await peer.stop();
  }
  expect(heard).toEqual(['0', '1', '2']);
  expect(invalid).toEqual([]);
});

test('channel: one that is closed cannot be used, and a peer whose channel is closed is told', async () => {
  const channel = open(crypto.randomUUID());
  const peer = new Peer(channel, [], []);
  onTestFinished(() => peer.stop());
  await peer.start();
  const disconnected = peer.status.disconnected.next({ timeout: 5_000 });
  channel.close();
  // It notices when it has something to say: that it is there.
  expect(await disconnected).toEqual(['the BroadcastChannel is closed']);
  await peer.stop();
  await expect(peer.start()).rejects.toMatchObject({ code: 'STATE', message: 'the BroadcastChannel is closed' });
});

test('channel: what was sent leaves when the bus is closed, and nothing stays behind', async () => {
  const name = crypto.randomUUID();
  const [mine, other] = [open(name), open(name)];
  const bus = await makePortBus(mine);
  const heard: string[] = [];
  const listener = { unreadable() {}, down() {}, refused() {} };
  await bus.open({ ...listener, frame: (text) => heard.push(text) });
  bus.subscribe({ name: 'x', prefixes: [] });
  const arrived = new Promise((resolve) => {
    other.addEventListener('message', (message: unknown) => {
      const { data } = message as { data: { mreventloop: string[] } };
      if (data.mreventloop.length > 0) resolve(data.mreventloop);
    });
  });
  bus.send('x', '{}');
  void bus.close();
  // As at the end of a program, there is no time for more.
  mine.close();
  expect(await arrived).toEqual(['x', '{}']);
  // Nothing comes back to who is closed.
  expect([heard, getEventListeners(mine as unknown as EventTarget, 'message')]).toEqual([[], []]);
});

test('broker: a channel cannot be attached to it', () => {
  const channel = open(crypto.randomUUID());
  expect(() => new Broker({}).attach(channel)).toThrow('peers meet on a BroadcastChannel without a broker');
});
