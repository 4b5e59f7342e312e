import { setImmediate } from 'node:timers/promises';
import { diag, propagation, trace } from '@opentelemetry/api';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  connect,
  event,
  EventLoop,
  events,
  NoHandlerError,
  PayloadError,
  Peer,
  RemoteError,
  slot,
  StateError,
} from 'mreventloop';
import { instrument } from 'mreventloop/opentelemetry';
import { FaultyNetwork, StepClock } from 'mreventloop/testing';
import { Subscriber } from 'zeromq';
import { deferred } from '../loop/deferred.ts';
import { pair, shop, started } from '../peer/shop.ts';
import { startBroker } from '../support/addresses.ts';
import { node, Program } from '../support/program.ts';
import { describeWith } from '../setup/describe-with.ts';
import { record } from './record.ts';
import { pathTo, type Recorded, type RemoteSpan } from './recorded.ts';

class Consumer {
  readonly eventLoop = new EventLoop({ exitOnException: false });
  readonly seen: string[] = [];
  readonly events = events({ sold: event<[product: string]>() });

  readonly onProduced = slot(this, async (product: string) => {
    await setImmediate();
    this.events.sold(product);
    if (product === 'bad') throw new RangeError('no such product');
  });

  readonly onSold = slot(this, (product: string) => {
    this.seen.push(product);
  });

  /** Lasts longer than the SDK's clock is wrong by. */
  readonly onCounted = slot(this, () => {
    const end = performance.now() + 5 * CLOCK;
    while (performance.now() < end);
  });
}

/** How far apart, in milliseconds, spans can have the same moment: the SDK begins each at a whole one. */
const CLOCK = 1;

function consumer(): Consumer {
  const made = new Consumer();
  connect(made, 'sold', made, 'onSold');
  made.eventLoop.start();
  onTestFinished(() => made.eventLoop.stop());
  return made;
}

/** Of a time as spans have it, in milliseconds. */
function ms([seconds, nanoseconds]: readonly [number, number]): number {
  return seconds * 1e3 + nanoseconds / 1e6;
}

/** The trace that the code asking is part of. */
function traceNow(): string {
  return trace.getActiveSpan()?.spanContext().traceId ?? 'none';
}

describe('trace: within a process', () => {
  test('what a slot does belongs to whoever called it, and its wait shows', async () => {
    const recording = record();
    const { onProduced, onSold, eventLoop } = consumer();
    // Calls that are made together, by different ones.
    const calls = ['tea', 'milk'].map((product) => recording.within(`sell ${product}`, () => onProduced(product)));
    await Promise.all(calls);
    await eventLoop.stop();
    expect(onSold.name).toBe('queued');
    for (const product of ['tea', 'milk']) {
      const all = recording.spans();
      const root = all.find(({ name }) => name === `sell ${product}`) as Recorded;
      const part = all.filter((span) => span.trace === root.trace);
      expect(part.map(({ name }) => name).toSorted()).toEqual(
        [
          'queue Consumer.onProduced',
          'queue Consumer.onSold',
          'run Consumer.onProduced',
          'run Consumer.onSold',
          `sell ${product}`,
        ].toSorted(),
      );
      const path = [root.name, 'run Consumer.onProduced', 'run Consumer.onSold'];
      expect(pathTo('run Consumer.onSold', part)).toEqual(path);
      expect(pathTo('queue Consumer.onSold', part)).toEqual([...path.slice(0, 2), 'queue Consumer.onSold']);
    }
  });

  test('the wait lasts from the call until its turn, the run from then on', async () => {
    const recording = record();
    const { onCounted, onSold } = consumer();
    const first = onCounted();
    const second = onSold('milk');
    await first;
    await second;
    const all = recording.spans();
    const of = (name: string) => all.find((span) => span.name === name)?.span;
    const firstRun = of('run Consumer.onCounted');
    const waited = of('queue Consumer.onSold');
    if (firstRun === undefined || waited === undefined) throw new Error('there are no such spans');
    expect(ms(waited.startTime)).toBeLessThanOrEqual(ms(firstRun.startTime) + CLOCK);
    expect(ms(waited.endTime)).toBeGreaterThanOrEqual(ms(firstRun.endTime) - CLOCK);
    expect(ms(waited.endTime) - ms(waited.startTime)).toBeGreaterThan(3 * CLOCK);
  });

  test('a slot that fails says so, and calls that are dropped are not waited for any more', async () => {
    const recording = record();
    const { onProduced, eventLoop } = consumer();
    await expect(onProduced('bad')).rejects.toThrow(RangeError);
    await eventLoop.stop();
    const failed = recording.spans().find(({ name }) => name === 'run Consumer.onProduced')?.span;
    expect(failed?.status.code).toBe(2);
    expect(failed?.events[0]?.attributes?.['exception.type']).toBe('RangeError');

    const bounded = new EventLoop({ limit: 1, overflow: 'drop-oldest' });
    const dropped = bounded.enqueue(function first() {});
    dropped.catch(() => {});
    const kept = bounded.enqueue(function second() {});
    bounded.start();
    await kept;
    await bounded.stop();
    for (const overflow of ['drop-newest', 'error'] as const) {
      const full = new EventLoop({ limit: 1, overflow });
      full.enqueue(function third() {});
      try {
        full.enqueue(function fourth() {}).catch(() => {});
      } catch {
        // That is what the policy 'error' does.
      }
      await full.start().stop();
    }
    expect(await recording.figures()).toMatchObject({
      'mreventloop.slot.queued Consumer.onProduced': 0,
      'mreventloop.slot.queued first': 0,
      'mreventloop.slot.queued second': 0,
      'mreventloop.slot.queued fourth': 0,
      'mreventloop.slot.queue.duration Consumer.onProduced': 1,
      'mreventloop.slot.duration Consumer.onProduced': 1,
      'mreventloop.slot.duration second': 1,
    });
  });

  test('ends when it is told to, also for calls that wait', async () => {
    const recording = record();
    const { onProduced } = consumer();
    const waiting = onProduced('tea');
    recording.end();
    await waiting;
    await onProduced('milk');
    expect(recording.spans()).toEqual([]);
    expect(await recording.figures()).toMatchObject({ 'mreventloop.slot.queued Consumer.onProduced': 0 });
  });

  test('ends the spans of slots that run when it ends', async () => {
    const recording = record();
    await using eventLoop = new EventLoop().start();
    const gate = deferred();
    const call = eventLoop.enqueue(async function work() {
      await gate.promise;
    });
    await expect.poll(() => eventLoop.current === call).toBe(true);
    recording.end();
    const names = recording.spans().map(({ name }) => name);
    gate.resolve();
    await call;
    expect(names).toEqual(['queue work', 'run work']);
    expect(recording.spans()).toHaveLength(2);
  });

  test('leaves alone what ended before it ends', async () => {
    const complaints: string[] = [];
    const complain = (text: string): void => void complaints.push(text);
    diag.setLogger({ error: complain, warn: complain, info() {}, debug() {}, verbose() {} });
    onTestFinished(() => diag.disable());
    const recording = record();
    await consumer().onSold('tea');
    recording.end();
    expect(recording.spans()).toHaveLength(2);
    expect(complaints).toEqual([]);
  });

  test('is not begun twice', () => {
    record();
    expect(() => instrument()).toThrow(StateError);
  });

  test('is ended by whoever began it: what ended another before does nothing more', () => {
    const end = instrument();
    end();
    record();
    end();
    expect(() => instrument()).toThrow(StateError);
  });

  test('without an SDK nothing is sent along', async () => {
    const end = instrument();
    onTestFinished(end);
    const { endpoints } = await startBroker('inproc');
    const peer = await new Peer(endpoints.in, endpoints.out, ['made'], ['made']).start();
    onTestFinished(() => peer.stop());
    const made = peer.events.made.next();
    await peer.publish.made('tea');
    expect(await made).toEqual(['tea']);
    expect(trace.getActiveSpan()).toBeUndefined();
    expect(propagation.fields()).toEqual([]);
  });
});

describe('trace: between peers', () => {
  test('one trace from process to process: event, slot, request, handler, event', async () => {
    const recording = record();
    const { endpoints } = await startBroker('ipc');
    const start = (role: string) => node(import.meta.url, 'children/part.ts', endpoints.in, endpoints.out, role);
    const parts = [start('pricer'), start('seller')];
    for (const part of parts) expect(await part.line()).toBe('ready');
    const buyer = await new Peer(endpoints.in, endpoints.out, ['sold'], ['wanted']).start();
    onTestFinished(() => buyer.stop());
    await buyer.waitFor({ subscribers: 'wanted' });
    const sold = buyer.events.sold.next();
    await recording.within('order', () => buyer.publish.wanted('tea'));
    expect(await sold).toEqual(['tea', 3]);
    const all: RemoteSpan[] = recording.spans();
    for (const part of parts) {
      part.child.stdin?.end();
      all.push(...(await part.rest()).map((line) => JSON.parse(line) as Recorded));
    }
    const path = ['order', 'publish wanted', 'receive wanted', 'run Seller.onWanted'];
    expect(pathTo('receive sold', all)).toEqual([...path, 'publish sold', 'receive sold']);
    const asked = [...path, 'price_of (client)', 'price_of (server)'];
    expect(pathTo('run Pricer.onPriceOf', all)).toEqual([...asked, 'run Pricer.onPriceOf']);
    expect(pathTo('queue Pricer.onPriceOf', all)).toEqual([...asked, 'queue Pricer.onPriceOf']);
    expect(new Set(all.map((span) => span.trace)).size).toBe(1);
  });

  test('requests that fail, streams of answers, and how long they took', async () => {
    const recording = record();
    const { seller, buyer } = await pair();
    seller.serve.price_of(() => {
      throw new RangeError('no such product');
    });
    seller.serve.prices_of(async function* () {
      yield 1;
      await setImmediate();
      yield 2;
    });
    await expect(buyer.request.price_of('tea')).rejects.toThrow(RemoteError);
    const prices: number[] = [];
    for await (const price of buyer.request.prices_of('tea')) prices.push(price);
    expect(prices).toEqual([1, 2]);
    await expect(buyer.request.stock('tea', 1, { timeout: 1_000 })).rejects.toThrow(NoHandlerError);
    await expect.poll(() => recording.spans().length).toBe(5);
    const seen = recording.spans().map(({ name, span }) => `${name} ${span.status.code}`);
    expect(seen.toSorted()).toEqual([
      'price_of (client) 2',
      'price_of (server) 2',
      'prices_of (client) 0',
      'prices_of (server) 0',
      'stock (client) 2',
    ]);
    expect(pathTo('prices_of (server)', recording.spans())).toEqual(['prices_of (client)', 'prices_of (server)']);
    expect(await recording.figures()).toMatchObject({
      'rpc.client.call.duration price_of': 1,
      'rpc.server.call.duration price_of': 1,
      'rpc.client.call.duration prices_of': 1,
    });
  });

  test('a stream with an answer that does not fit has failed where it is read', async () => {
    const recording = record();
    const { endpoints } = await startBroker();
    const seller = await started(new Peer(endpoints, shop, { serve: ['prices_of'], validateOutgoing: false }));
    const buyer = await started(new Peer(endpoints, shop, { request: ['prices_of'] }));
    seller.serve.prices_of(async function* (_, signal) {
      yield 'three' as never;
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    });
    const reader = buyer.request.prices_of('tea')[Symbol.asyncIterator]();
    await expect(reader.next()).rejects.toThrow('does not fit its schema');
    await expect.poll(() => recording.spans().length).toBe(2);
    const client = recording.spans().find(({ name }) => name === 'prices_of (client)');
    expect(client?.span.status.code).toBe(2);
  });

  test('what arrives is counted', async () => {
    const recording = record();
    const { endpoints } = await startBroker();
    const peer = await started(new Peer(endpoints.in, endpoints.out, ['produced'], ['produced']));
    const arrived = peer.events.produced.next();
    await peer.publish.produced('tea');
    await arrived;
    expect(await recording.figures()).toMatchObject({ 'messaging.client.consumed.messages produced': 1 });
  });

  test('what is refused as it is published counts as that', async () => {
    const recording = record();
    const { endpoints } = await startBroker();
    const peer = new Peer(endpoints.in, endpoints.out, [], ['produced']);
    onTestFinished(() => peer.stop());
    await peer.start();
    await peer.publish.produced('tea');
    expect(() => peer.publish.produced(1n)).toThrow(PayloadError);
    expect(await recording.figures()).toMatchObject({
      'messaging.client.sent.messages produced': 1,
      'messaging.client.sent.messages produced PayloadError': 1,
    });
  });

  test('events that were lost and repeated, packed and not, keep their traces', async () => {
    const recording = record();
    const clock = new StepClock();
    const network = new FaultyNetwork({ clock, seed: 7, loss: 0.3, duplication: 0.1, jitter: 30 });
    const peers = [0, 1].map(
      () => new Peer('inproc://in', 'inproc://out', ['made'], ['made'], { clock, bus: async () => network.bus() }),
    );
    const [publisher, subscriber] = peers as [(typeof peers)[0], (typeof peers)[0]];
    const sent = new Map<number, string>();
    const got = new Map<number, string>();
    connect(subscriber, 'made', (n) => got.set(n as number, traceNow()));
    await clock.until(Promise.all(peers.map((peer) => peer.start())));
    await clock.until(() => peers.every((peer) => peer.peers.length === 1));
    for (let n = 0; n < 400; n += 1) {
      // Every third is not part of anything that is traced.
      const publish = (): void => {
        sent.set(n, traceNow());
        void publisher.publish.made(n);
      };
      if (n % 3 > 0) recording.within('made', publish);
      else publish();
      if (n % 50 === 0) await clock.pass(10);
    }
    await clock.until(() => got.size === 400);
    // Publishing begins a trace where there is none.
    for (const [n, id] of sent) if (id === 'none') sent.set(n, got.get(n) ?? '');
    expect(got).toEqual(sent);
    expect(new Set(got.values()).size).toBe(400);
    await clock.until(Promise.all(peers.map((peer) => peer.stop())));
  });
});

describeWith('python', 'trace: Python peers', (interpreters) => {
  const interpreter = Object.values(interpreters).at(-1) ?? '';

  test('get the arguments alone, and what they send begins a trace', async () => {
    const recording = record();
    const { endpoints } = await startBroker('ipc');
    const script = new URL('../interop/python/echo.py', import.meta.url).pathname;
    const python = new Program(interpreter, [script, endpoints.in, endpoints.out]);
    expect(await python.line()).toBe('ready');
    const listening = listen(endpoints.in);
    const peer = await new Peer(endpoints.in, endpoints.out, ['response'], ['request']).start();
    onTestFinished(() => peer.stop());
    const frames = await listening;
    const response = peer.events.response.next();
    await recording.within('ask', () => peer.publish.request('tea', 1));
    expect(await response).toEqual(['tea', 1]);
    const all = recording.spans();
    expect(pathTo('publish request', all)).toEqual(['ask', 'publish request']);
    expect(pathTo('receive response', all)).toEqual(['receive response']);
    const published = all.find(({ name }) => name === 'publish request') as Recorded;
    const frame = await frames.next((text) => text.includes('"method": "request"'));
    expect(JSON.parse(frame)).toMatchObject({
      method: 'request',
      params: ['tea', 1],
      traceparent: `00-${published.trace}-${published.id}-01`,
    });
  });
});

/** Hears what a broker sends, as it is. */
async function listen(address: string) {
  const socket = new Subscriber({ linger: 0 });
  onTestFinished(() => socket.close());
  socket.connect(address);
  socket.subscribe();
  // It is subscribed when it hears something: a peer that starts asks until it hears itself.
  await socket.receive();
  return {
    async next(isIt: (text: string) => boolean): Promise<string> {
      for await (const [frame] of socket) {
        const text = String(frame);
        if (isIt(text)) return text;
      }
      throw new Error('the socket was closed');
    },
  };
}
