import { describe, expect, onTestFinished, test } from 'vitest';
import {
  connect,
  contract,
  disconnect,
  type Gap,
  NoBrokerError,
  OverflowError,
  Peer,
  type PeerOptions,
  type PublishPolicy,
  StateError,
  TimeoutError,
} from 'mreventloop';
import { type FaultyBus, FaultyNetwork, StepClock } from 'mreventloop/testing';
import { z } from 'zod';
import { makeBus } from '../../src/bus/address.ts';
import type { Bus, Store } from '../../src/bus/bus.ts';
import { startBroker } from '../support/addresses.ts';
import { gate } from './shop.ts';

type Ticks = { tick: [n: number]; tock: [n: number] };
type Options = PeerOptions<Ticks, Ticks>;

/** Peers on a network of this test's own, on a clock that stands still until it is stepped. */
class World {
  readonly clock = new StepClock();
  readonly #buses = new Map<object, FaultyBus>();
  readonly network: FaultyNetwork;

  constructor(packs = true) {
    this.network = new FaultyNetwork({ clock: this.clock, seed: 1, packs });
  }

  async start(
    subscribe: (keyof Ticks)[],
    publish: (keyof Ticks)[],
    options: Options = {},
  ): Promise<Peer<Ticks, Ticks>> {
    const bus = this.network.bus();
    const makeBus = (): Promise<FaultyBus> => Promise.resolve(bus);
    const peer = new Peer<Ticks, Ticks>('inproc://a', 'inproc://b', subscribe, publish, {
      ...options,
      clock: this.clock,
      bus: makeBus,
    });
    this.#buses.set(peer, bus);
    await this.until(peer.start());
    await this.pass(10);
    return peer;
  }

  busOf(peer: object): FaultyBus {
    return this.#buses.get(peer) as FaultyBus;
  }

  pass(ms: number): Promise<void> {
    return this.clock.pass(ms);
  }

  until<T>(promise: Promise<T>): Promise<T> {
    return this.clock.until(promise);
  }
}

/** A peer that has this bus. */
function peerOn(world: World, bus: FaultyBus): Peer<Ticks, Ticks> {
  const { clock } = world;
  const options = { clock, bus: () => Promise.resolve(bus) };
  return new Peer<Ticks, Ticks>('inproc://a', 'inproc://b', ['tick'], ['tick'], options);
}

/** The numbers that a peer receives of an event. */
function collect(peer: Peer<Ticks, Ticks>, name: keyof Ticks = 'tick'): number[] {
  const received: number[] = [];
  connect(peer, name, (n) => received.push(n));
  return received;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

describe('delivery: presence', () => {
  test('peers know each other, and what they subscribe to and publish', async () => {
    const world = new World();
    const a = await world.start(['tick'], []);
    const joined = a.status.peerJoined.next();
    const b = await world.start([], ['tick']);
    expect(await joined).toEqual([{ id: b.id, subscribes: [], publishes: ['tick'], serves: [] }]);
    expect(b.peers).toEqual([{ id: a.id, subscribes: ['tick'], publishes: [], serves: [] }]);
    const left = a.status.peerLeft.next();
    await b.stop();
    await world.pass(1);
    expect(await left).toEqual([expect.objectContaining({ publishes: ['tick'], serves: [] }), 'bye']);
    expect(a.peers).toEqual([]);
  });

  test('a peer that is silent for longer than the limit counts as gone, and as there again when it is heard', async () => {
    const world = new World();
    const a = await world.start([], []);
    const b = await world.start([], [], { silence: 6_000 });
    const left = a.status.peerLeft.next();
    world.network.faults.loss = 1;
    await world.pass(9_000);
    expect(await left).toEqual([expect.objectContaining({ id: b.id }), 'silent']);
    const joined = a.status.peerJoined.next();
    world.network.faults.loss = 0;
    await world.pass(3_000);
    expect(await joined).toMatchObject([{ id: b.id }]);
  });

  test('one whose limit is longer than that of the others counts as gone only after its own', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick']);
    const patient = await world.start(['tick'], [], { silence: 30_000 });
    const left: string[] = [];
    connect(publisher.status, 'peerLeft', ({ id }) => left.push(id));
    await world.pass(40_000);
    world.busOf(patient).partition();
    const received = collect(patient);
    void publisher.publish.tick(1);
    await world.pass(29_000);
    expect(left).toEqual([]);
    expect(publisher.pending).toBe(1);
    world.busOf(patient).mend();
    await world.until(publisher.flush());
    expect(received).toEqual([1]);
    world.busOf(patient).partition();
    await world.pass(42_000);
    expect(left).toEqual([patient.id]);
  });

  test('peers that have forgotten each other and meet again: events come once, also those from meanwhile', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick']);
    const subscriber = await world.start(['tick'], []);
    const received = collect(subscriber);
    for (const n of range(1, 5)) void publisher.publish.tick(n);
    await world.pass(200);
    world.busOf(publisher).partition();
    void publisher.publish.tick(6);
    await world.pass(200);
    world.clock.advance(66_000);
    world.busOf(publisher).mend();
    await world.until(publisher.waitFor({ subscribers: 'tick' }));
    await world.pass(1_000);
    void publisher.publish.tick(7);
    await world.until(publisher.flush());
    expect(received).toEqual(range(1, 7));
  });

  test('while the link is broken, nobody is taken for gone', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick']);
    const subscriber = await world.start(['tick'], []);
    const left: unknown[] = [];
    connect(subscriber.status, 'peerLeft', (...told) => left.push(told));
    world.busOf(subscriber).break();
    await world.pass(20_000);
    expect(subscriber.peers.map(({ id }) => id)).toEqual([publisher.id]);
    world.busOf(subscriber).mend();
    await world.until(subscriber.status.connected.next());
    await world.pass(5_000);
    expect(left).toEqual([]);
  });

  test('one that has left is no reason any more to say what comes before what', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick', 'tock']);
    await world.start(['tick'], []);
    const both = await world.start(['tick', 'tock'], []);
    const bus = world.busOf(publisher);
    const frames: string[] = [];
    const send = bus.send.bind(bus);
    bus.send = (topic, frame) => {
      frames.push(frame);
      send(topic, frame);
    };
    const publish = async (): Promise<boolean> => {
      frames.length = 0;
      for (const name of ['tock', 'tick'] as const) {
        void publisher.publish[name](1);
        await world.pass(5);
      }
      return frames.some((frame) => frame.includes('"after"'));
    };
    expect(await publish()).toBe(true);
    await world.until(both.stop());
    await world.pass(5);
    await publish();
    expect(await publish()).toBe(false);
  });

  test('waitFor: fulfils when so many subscribers are there', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick']);
    const two = publisher.waitFor({ subscribers: 'tick', count: 2 });
    let isThere = false;
    void two.then(() => (isThere = true));
    await world.start(['tick'], []);
    await world.start(['tock'], []);
    expect(isThere).toBe(false);
    await world.start(['tick'], []);
    await two;
    await publisher.waitFor({ subscribers: 'tick' });
  });

  test('waitFor: hears of peers also where all connections of the status were ended', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick']);
    const there = publisher.waitFor({ subscribers: 'tick' });
    disconnect(publisher.status);
    await world.start(['tick'], []);
    await world.until(there);
  });

  test('waitFor: fails after the timeout, and with the reason of the signal', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick']);
    const late = publisher.waitFor({ subscribers: 'tick', timeout: 100 });
    await expect(world.until(late)).rejects.toThrow(TimeoutError);
    await expect(late).rejects.toThrow("subscribers of event 'tick' that were there within 100 ms: 0 of 1");
    const reason = new Error('enough');
    await expect(publisher.waitFor({ subscribers: 'tick', signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe('delivery: waitFor and stop', () => {
  test.each(['a stop', 'a start that fails'])('waitFor: %s ends it', async (what) => {
    const peer = new Peer('inproc://nobody', 'inproc://nowhere', [], ['tick']);
    const waiting = peer.waitFor({ subscribers: 'tick' }).catch((error: unknown) => error);
    if (what === 'a stop') {
      await peer.stop();
      expect(await waiting).toEqual(new StateError('the peer was stopped'));
    } else {
      const failed: unknown = await peer.start({ timeout: 1 }).catch((error: unknown) => error);
      expect(failed).toBeInstanceOf(NoBrokerError);
      expect(await waiting).toBe(failed);
    }
  });
});

describe('delivery: starting and stopping', () => {
  test('a signal that aborts as late as it may ends the start, or the peer is ready and comes back', async () => {
    const reason = new Error('enough');
    let isAnyAborted = false;
    // So many microtasks after the answer that makes it ready, until the start has fulfilled before.
    for (let microtasks = 0, isReady = false; !isReady; microtasks += 1) {
      const world = new World();
      const bus = world.network.bus();
      const controller = new AbortController();
      const arrive = bus.arrive.bind(bus);
      const abortLate = async (): Promise<void> => {
        for (let i = 0; i < microtasks; i += 1) await Promise.resolve();
        controller.abort(reason);
      };
      bus.arrive = (frame) => {
        arrive(frame);
        void abortLate();
      };
      const peer = peerOn(world, bus);
      const outcome = await world.until(peer.start({ signal: controller.signal }).catch((error: unknown) => error));
      isReady = outcome !== reason;
      if (isReady) {
        bus.break();
        bus.mend();
        await world.pass(1_000);
        expect(peer.ready).toBe(true);
      } else {
        isAnyAborted = true;
      }
    }
    expect(isAnyAborted).toBe(true);
  });

  test.each(['at the start', 'after a break'])(
    'a link that breaks just behind the answer that makes a peer ready (%s): the peer tells, and comes back',
    async (when) => {
      const world = new World();
      const bus = world.network.bus();
      const peer = peerOn(world, bus);
      const told: string[] = [];
      connect(peer.status, 'connected', () => told.push('connected'));
      connect(peer.status, 'disconnected', () => told.push('disconnected'));
      if (when === 'after a break') {
        await world.until(peer.start());
        bus.break();
        bus.mend();
        told.length = 0;
      }
      const arrive = bus.arrive.bind(bus);
      bus.arrive = (frame) => {
        arrive(frame);
        if (!frame.includes('"probe"')) return;
        bus.arrive = arrive;
        bus.break();
      };
      await world.until<unknown>(when === 'at the start' ? peer.start() : peer.status.connected.next());
      await world.pass(100);
      expect(told).toEqual(['connected', 'disconnected']);
      expect(peer.ready).toBe(false);
      bus.mend();
      await world.pass(1_000);
      expect(told).toEqual(['connected', 'disconnected', 'connected']);
      await world.until(peer.stop());
    },
  );

  test.each([
    ['later', 1_500],
    ['just before', 900],
  ])('the timeout of a start is for all of it, and a bus that comes %s is closed', async (_, time) => {
    const world = new World();
    world.network.crash();
    const { clock } = world;
    const [made, closed] = [gate(), gate()];
    const bus = world.network.bus();
    bus.close = () => {
      closed.open();
      return Promise.resolve();
    };
    const slow = async (): Promise<FaultyBus> => {
      await made.promise;
      return bus;
    };
    const peer = new Peer('inproc://a', 'inproc://b', [], [], { clock, bus: slow });
    clock.after(time, made.open);
    const late = world.until(peer.start({ timeout: 1_000 }));
    await expect(late).rejects.toThrow(NoBrokerError);
    expect(clock.now()).toBeLessThan(1_010);
    await world.until(closed.promise);
  });

  test('a stop that waits for a listener takes nothing more from the bus', async () => {
    const world = new World();
    const sender = await world.start([], ['tick']);
    const receiver = await world.start(['tick'], [], { subscribe: { tick: { awaited: true } } });
    const { promise, open } = gate();
    const received: number[] = [];
    connect(receiver, 'tick', (n) => {
      received.push(n);
      return promise;
    });
    await world.until(sender.publish.tick(1));
    await world.pass(10);
    const stop = receiver.stop();
    await world.pass(10);
    await world.until(sender.publish.tick(2));
    await world.pass(10);
    open();
    await world.until(stop);
    expect(received).toEqual([1]);
  });

  test('waitFor: between what ends a start and its end, it hears that, too', async () => {
    const world = new World();
    const quick = peerOn(world, world.network.bus());
    const aborting = new AbortController();
    const start = expect(quick.start({ signal: aborting.signal })).rejects.toThrow('enough');
    aborting.abort(new Error('enough'));
    await expect(quick.waitFor({ subscribers: 'tick' })).rejects.toThrow('enough');
    await start;
  });

  test.each(range(-10, 10))(
    'a bus that is closed is not used: the stop comes %i steps after the bus',
    async (steps) => {
      const world = new World();
      const made = gate();
      const bus = world.network.bus();
      const used: string[] = [];
      for (const name of ['open', 'subscribe', 'close'] as const) {
        const use = bus[name].bind(bus) as (arg?: unknown) => unknown;
        Object.assign(bus, {
          [name]: (arg?: unknown) => {
            used.push(name);
            return use(arg);
          },
        });
      }
      const options = { clock: world.clock, bus: () => made.promise.then(() => bus) };
      const peer = new Peer('inproc://a', 'inproc://b', ['tick'], [], options);
      const start = expect(world.until(peer.start())).rejects.toThrow('the peer was stopped');
      let stop: Promise<void> | undefined;
      const doBoth = [made.open, () => void (stop = peer.stop())];
      if (steps < 0) doBoth.reverse();
      doBoth[0]?.();
      for (let i = 0; i < Math.abs(steps); i += 1) await Promise.resolve();
      doBoth[1]?.();
      await stop;
      await start;
      expect(used.slice(used.indexOf('close')).filter((name) => name !== 'close')).toEqual([]);
    },
  );

  test('a stop whose bus could not be closed says so, and the next one is another', async () => {
    const world = new World();
    const bus = world.network.bus();
    bus.close = () => Promise.reject(new Error('stuck'));
    const peer = peerOn(world, bus);
    await world.until(peer.start());
    await expect(world.until(peer.stop())).rejects.toThrow('stuck');
    await peer.stop();
  });

  test('a second stop fulfils no sooner than the first', async () => {
    const world = new World();
    const bus = world.network.bus();
    const order: string[] = [];
    const [closes, mayClose] = [gate(), gate()];
    const close = bus.close.bind(bus);
    bus.close = async () => {
      closes.open();
      await mayClose.promise;
      order.push('bus closed');
      await close();
    };
    const peer = peerOn(world, bus);
    await world.until(peer.start());
    const first = peer.stop().then(() => order.push('first'));
    await world.until(closes.promise);
    const second = peer.stop().then(() => order.push('second'));
    await world.pass(100);
    mayClose.open();
    await Promise.all([first, second]);
    expect(order).toEqual(['bus closed', 'first', 'second']);
  });
});

describe('delivery: joining', () => {
  test('a late subscriber starts at the head', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick']);
    for (const n of range(1, 5)) void publisher.publish.tick(n);
    await world.pass(5);
    const subscriber = await world.start(['tick'], []);
    const received = collect(subscriber);
    for (const n of range(6, 8)) void publisher.publish.tick(n);
    await world.pass(5);
    expect(received).toEqual([6, 7, 8]);
  });

  test('replay: it gets so many of the latest first, as far as they are kept', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick'], { history: 3 });
    for (const n of range(1, 5)) void publisher.publish.tick(n);
    // Until the broker has them, all are kept.
    await world.until(publisher.flush());
    const two = collect(await world.start(['tick'], [], { subscribe: { tick: { replay: 2 } } }));
    const all = await world.start(['tick'], [], { subscribe: { tick: { replay: 100 } } });
    const gaps: Gap[] = [];
    connect(all.status, 'gap', (gap) => gaps.push(gap));
    const many = collect(all);
    void publisher.publish.tick(6);
    await world.pass(100);
    expect(two).toEqual([4, 5, 6]);
    expect(many).toEqual([3, 4, 5, 6]);
    // It asked for more than there is: so it is told what it did not get.
    expect(gaps).toEqual([{ peer: publisher.id, event: 'tick', count: 2 }]);
  });
});

describe('delivery: what was lost on the way', () => {
  test('is repaired, in order over all events of the publisher', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick', 'tock']);
    const subscriber = await world.start(['tick', 'tock'], []);
    const received: string[] = [];
    connect(subscriber, 'tick', (n) => received.push(`tick ${n}`));
    connect(subscriber, 'tock', (n) => received.push(`tock ${n}`));
    void publisher.publish.tick(1);
    await world.pass(1);
    world.network.faults.loss = 1;
    void publisher.publish.tock(1);
    await world.pass(1);
    world.network.faults.loss = 0;
    void publisher.publish.tick(2);
    await world.pass(1);
    // It is known already that something is missing before this one.
    expect(received).toEqual(['tick 1']);
    await world.pass(100);
    expect(received).toEqual(['tick 1', 'tock 1', 'tick 2']);
  });

  test('is repaired, also when it was the last one', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick']);
    const received = collect(await world.start(['tick'], []));
    world.network.faults.loss = 1;
    void publisher.publish.tick(1);
    await world.pass(5);
    world.network.faults.loss = 0;
    await world.until(publisher.flush());
    expect(received).toEqual([1]);
  });

  test('its publisher falls silent: it is told in its place, and what waited behind it is delivered', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick']);
    const subscriber = await world.start(['tick'], []);
    const received: unknown[] = [];
    connect(subscriber, 'tick', (n) => received.push(n));
    connect(subscriber.status, 'gap', ({ count }) => received.push({ gap: count }));
    void publisher.publish.tick(1);
    await world.pass(5);
    world.busOf(subscriber).partition();
    void publisher.publish.tick(2);
    await world.pass(5);
    world.busOf(subscriber).mend();
    void publisher.publish.tick(3);
    for (let i = 0; i < 20; i += 1) await Promise.resolve();
    world.clock.advance(0);
    world.busOf(publisher).partition();
    await world.until(subscriber.status.peerLeft.next());
    expect(received).toEqual([1, { gap: 1 }, 3]);
  });

  test('its publisher leaves: what it sent last and is lost is told', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick']);
    const subscriber = await world.start(['tick'], []);
    const received = collect(subscriber);
    const gaps: Gap[] = [];
    connect(subscriber.status, 'gap', (gap) => gaps.push(gap));
    void publisher.publish.tick(1);
    await world.pass(5);
    world.busOf(subscriber).partition();
    for (const n of [2, 3]) void publisher.publish.tick(n);
    await world.pass(5);
    world.busOf(subscriber).mend();
    // Only the good-bye says how far it is.
    const bus = world.busOf(publisher);
    const send = bus.send.bind(bus);
    bus.send = (topic, frame) => {
      if (!frame.includes('"head"')) send(topic, frame);
    };
    const { id } = publisher;
    await world.until(Promise.all([publisher.stop({ timeout: 0 }), subscriber.status.peerLeft.next()]));
    expect(received).toEqual([1]);
    expect(gaps).toEqual([{ peer: id, event: 'tick', count: 2 }]);
  });

  test('through a crash of the broker: what was published meanwhile is kept and arrives', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick']);
    const received = collect(await world.start(['tick'], []));
    void publisher.publish.tick(1);
    world.network.crash();
    for (const n of range(2, 50)) void publisher.publish.tick(n);
    await world.pass(500);
    expect(publisher.pending).toBe(50);
    world.network.restart();
    await world.until(publisher.flush());
    expect(received).toEqual(range(1, 50));
    expect(publisher.pending).toBe(0);
  });
});

describe('delivery: backpressure', () => {
  test('publish fulfils when the window has room', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick'], { window: 8 });
    const subscriber = await world.start(['tick'], []);
    const received = collect(subscriber);
    let published = 0;
    const publishing = (async () => {
      for (const n of range(1, 100)) {
        await publisher.publish.tick(n);
        published = n;
      }
    })();
    world.network.faults.loss = 1;
    await world.pass(50);
    expect(published).toBe(7);
    world.network.faults.loss = 0;
    await world.until(publishing);
    await world.until(publisher.flush());
    expect(received).toEqual(range(1, 100));
  });

  test('a small window is acknowledged as it fills, not when time has passed', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick'], { window: 8 });
    const received = collect(await world.start(['tick'], []));
    for (const n of range(1, 200)) void publisher.publish.tick(n);
    await world.pass(60);
    expect(received).toEqual(range(1, 200));
  });

  test('a window is acknowledged as it fills, also where each subscriber has a small part of it', async () => {
    const world = new World();
    const names = range(1, 20).map((n) => `event_${n}` as keyof Ticks);
    const publisher = await world.start([], names, { window: names.length });
    const subscribers: Peer<Ticks, Ticks>[] = [];
    for (const name of names) subscribers.push(await world.start([name], []));
    const received = subscribers.map((subscriber, i) => collect(subscriber, names[i]));
    for (const n of range(1, 10)) for (const name of names) void publisher.publish[name](n);
    await world.pass(60);
    for (const numbers of received) expect(numbers).toEqual(range(1, 10));
  });

  test('large events: who awaits that there is room never overruns the outbox', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick']);
    let received = 0;
    connect(await world.start(['tick'], []), 'tick', () => (received += 1));
    const large = 'x'.repeat(2 ** 20) as unknown as number;
    world.network.faults.loss = 1;
    let published = 0;
    const publishing = (async () => {
      for (; published < 100; published += 1) await publisher.publish.tick(large);
    })();
    await world.pass(50);
    expect(published).toBeLessThan(65);
    world.network.faults.loss = 0;
    await world.until(publishing);
    await world.until(publisher.flush());
    expect(received).toBe(100);
  });

  test('large events: who waits for each to be heard can send any number, one behind the other', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick']);
    const subscriber = await world.start(['tick'], []);
    const large = 'x'.repeat(2 ** 20) as unknown as number;
    // All of them before an acknowledgement would be due for the time that has passed.
    for (let i = 0; i < 20; i += 1) {
      const heard = subscriber.events.tick.next();
      void publisher.publish.tick(large);
      await world.until(heard);
    }
    await world.until(publisher.flush());
  });

  test('a synchronous emit into a full outbox throws, and what was accepted arrives', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick'], { window: 2, limit: 10 });
    const received = collect(await world.start(['tick'], []));
    world.network.faults.loss = 1;
    for (const n of range(1, 10)) void publisher.publish.tick(n);
    expect(() => publisher.publish.tick(11)).toThrow(OverflowError);
    expect(() => publisher.publish.tick(11)).toThrow(/event 'tick' was refused/);
    world.network.faults.loss = 0;
    await world.until(publisher.flush());
    void publisher.publish.tick(11);
    await world.until(publisher.flush());
    expect(received).toEqual(range(1, 11));
  });

  test.each([
    { overflow: 'drop-oldest', limit: 3, expected: [1, 2, 8, 9, 10] },
    { overflow: 'drop-newest', limit: 3, expected: [1, 2, 3, 4, 5] },
    { overflow: 'latest', limit: undefined, expected: [1, 2, 10] },
  ] as const)(
    '$overflow: what is dropped is counted here, and reported there',
    async ({ overflow, limit, expected }) => {
      const world = new World();
      const publisher = await world.start([], ['tick'], { window: 2, publish: { tick: { overflow, limit } } });
      const subscriber = await world.start(['tick'], []);
      const received = collect(subscriber);
      let dropped = 0;
      let lost = 0;
      connect(publisher.status, 'overflow', (report) => {
        expect(report).toMatchObject({ event: 'tick', policy: overflow });
        ({ dropped } = report);
      });
      connect(subscriber.status, 'gap', ({ count }) => (lost += count));
      for (const n of range(1, 10)) void publisher.publish.tick(n);
      await world.until(publisher.flush());
      expect(received).toEqual(expected);
      expect(dropped).toBe(10 - expected.length);
      expect(lost).toBe(dropped);
    },
  );

  test('a subscriber that is silent for too long holds nobody up any more', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick'], { window: 2 });
    const silent = await world.start(['tick'], []);
    const good = collect(await world.start(['tick'], []));
    world.busOf(silent).partition();
    for (const n of range(1, 9)) void publisher.publish.tick(n);
    await world.pass(1_000);
    expect(good).toEqual([1, 2]);
    expect(publisher.pending).toBe(9);
    await world.pass(8_000);
    expect(good).toEqual(range(1, 9));
    expect(publisher.pending).toBe(0);
  });
});

describe('delivery: without subscribers that acknowledge', () => {
  test('nobody publishes faster than the broker takes it', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick'], { window: 8 });
    world.network.faults.loss = 1;
    for (const n of range(1, 20)) void publisher.publish.tick(n);
    await world.pass(500);
    expect(publisher.pending).toBe(20);
    world.network.faults.loss = 0;
    await world.until(publisher.flush());
    expect(publisher.pending).toBe(0);
  });

  test.each([
    ['events', 1, 5_000],
    ['large events, after fewer of them', 1_000, 500],
  ])('a peer that publishes %s without a pause lets others have their turn', async (_title, size, most) => {
    const { in: inAddress, out } = (await startBroker('inproc')).endpoints;
    const publisher = new Peer<{}, { tick: [text: string] }>(inAddress, out, [], ['tick']);
    onTestFinished(() => publisher.stop());
    await publisher.start();
    let hadTurn = false;
    setImmediate(() => (hadTurn = true));
    let n = 0;
    for (; !hadTurn; n += 1) await publisher.publish.tick('.'.repeat(size));
    expect(n).toBeLessThan(most);
  });
});

describe('delivery: flush and stop', () => {
  test('flush: what waits for a schema is not delivered yet, also where its subscriber connects again', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick']);
    const { promise, open } = gate();
    const slow = contract({ tick: [z.number().refine(() => promise.then(() => true))] });
    const bus = world.network.bus();
    const options = { subscribe: ['tick'], clock: world.clock, bus: () => Promise.resolve(bus) } as const;
    const subscriber = new Peer('inproc://a', slow, options);
    await world.until(subscriber.start());
    await world.until(publisher.waitFor({ subscribers: 'tick' }));
    void publisher.publish.tick(1);
    await world.pass(200);
    bus.break();
    bus.mend();
    let isDelivered = false;
    const flushed = publisher.flush().then(() => (isDelivered = true));
    await world.pass(500);
    expect(isDelivered).toBe(false);
    open();
    await world.until(flushed);
    await world.until(subscriber.stop());
  });

  test.each([true, false])(
    'stop: what a Python peer said, and a schema still checks, is delivered if there is time, or told (%s)',
    async (isInTime) => {
      const world = new World();
      const { promise, open } = gate();
      const slow = contract({ tick: [z.number().refine(() => promise.then(() => true))] });
      const bus = world.network.bus();
      const options = { subscribe: ['tick'], clock: world.clock, bus: () => Promise.resolve(bus) } as const;
      const subscriber = new Peer('inproc://a', slow, options);
      const told: unknown[] = [];
      connect(subscriber, 'tick', (n) => told.push(n));
      connect(subscriber.status, 'undelivered', ({ unchecked }) => told.push({ unchecked }));
      await world.until(subscriber.start());
      bus.arrive('{"jsonrpc": "2.0", "method": "tick", "params": [1]}');
      const stopped = subscriber.stop({ timeout: 1_000 });
      await world.pass(500);
      expect(told).toEqual([]);
      if (isInTime) open();
      await world.until(stopped);
      open();
      await world.pass(100);
      expect(told).toEqual([isInTime ? 1 : { unchecked: 1 }]);
    },
  );

  test('gap: is told behind what came before it, where that waits for a schema', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick']);
    const { promise, open } = gate();
    const slow = contract({ tick: [z.number().refine(() => promise.then(() => true))] });
    const bus = world.network.bus();
    const options = { subscribe: ['tick'], clock: world.clock, bus: () => Promise.resolve(bus) } as const;
    const subscriber = new Peer('inproc://a', slow, options);
    const told: unknown[] = [];
    connect(subscriber, 'tick', (n) => told.push(n));
    connect(subscriber.status, 'gap', ({ count }) => told.push({ count }));
    await world.until(subscriber.start());
    await world.until(publisher.waitFor({ subscribers: 'tick' }));
    void publisher.publish.tick(1);
    await world.pass(10);
    bus.partition();
    void publisher.publish.tick(2);
    await world.pass(10);
    bus.mend();
    await world.until(publisher.stop({ timeout: 0 }));
    await world.pass(10);
    expect(subscriber.peers).toEqual([]);
    expect(told).toEqual([]);
    open();
    await world.until(subscriber.stop());
    expect(told).toEqual([1, { count: 1 }]);
  });

  test('flush: fails where the peer is stopped and something is left', async () => {
    const peer = new Peer<{}, Ticks>('inproc://nobody.in', 'inproc://nobody.out', [], ['tick']);
    void peer.publish.tick(1);
    const flushed = expect(peer.flush()).rejects.toThrow(StateError);
    await peer.stop();
    await flushed;
  });

  test('flush: fails after its timeout and names who lacks how much', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick']);
    const subscriber = await world.start(['tick'], []);
    world.network.faults.loss = 1;
    for (const n of range(1, 3)) void publisher.publish.tick(n);
    const flushed = publisher.flush({ timeout: 100 });
    await expect(world.until(flushed)).rejects.toThrow(`peer ${subscriber.id} lacks 3`);
    await expect(flushed).rejects.toThrow(TimeoutError);
  });

  test('flush: names five of those who lack something, and counts the others', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick']);
    for (let i = 0; i < 8; i += 1) await world.start(['tick'], []);
    world.network.faults.loss = 1;
    void publisher.publish.tick(1);
    const flushed = publisher.flush({ timeout: 100 });
    await expect(world.until(flushed)).rejects.toThrow(/: (peer [\w-]{11} lacks 1, ){5}3 more lack something$/);
  });

  test('stop: delivers first, within its deadline', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick'], { window: 2 });
    const received = collect(await world.start(['tick'], []));
    for (const n of range(1, 20)) void publisher.publish.tick(n);
    await world.until(publisher.stop());
    expect(received).toEqual(range(1, 20));
  });

  test('stop: tells what it could not deliver', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick']);
    const subscriber = await world.start(['tick'], []);
    world.network.faults.loss = 1;
    for (const n of range(1, 3)) void publisher.publish.tick(n);
    const report = publisher.status.undelivered.next();
    await world.until(publisher.stop({ timeout: 50 }));
    expect(await report).toEqual([{ peers: [{ peer: subscriber.id, count: 3 }], unsent: 0 }]);
  });

  test('stop: does not wait where the broker goes meanwhile', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick']);
    const subscriber = await world.start(['tick'], []);
    world.network.faults.loss = 1;
    void publisher.publish.tick(1);
    const report = publisher.status.undelivered.next();
    const stopped = publisher.stop({ timeout: Infinity });
    await world.pass(5);
    world.busOf(publisher).partition();
    world.busOf(publisher).break();
    await world.until(stopped);
    expect(await report).toEqual([{ peers: [{ peer: subscriber.id, count: 1 }], unsent: 0 }]);
  });

  test('stop: leaves no timer behind where a publisher was asked how far it is and has not answered', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick']);
    const subscriber = await world.start(['tick'], []);
    void publisher.publish.tick(1);
    await world.pass(200);
    world.busOf(publisher).partition();
    world.busOf(subscriber).break();
    world.busOf(subscriber).mend();
    await world.until(subscriber.status.connected.next());
    await world.pass(1_000);
    await world.until(Promise.all([subscriber.stop({ timeout: 0 }), publisher.stop({ timeout: 0 })]));
    world.clock.advance(100);
    expect(world.clock.pending).toBe(0);
  });

  test('stop: leaves no timer behind', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick']);
    const subscriber = await world.start(['tick'], []);
    void publisher.publish.tick(1);
    await world.until(publisher.stop());
    await world.until(subscriber.stop());
    await world.pass(100);
    expect(world.clock.pending).toBe(0);
  });
});

describe('delivery: a store with several servers', () => {
  /** A store that says what it wants, as long as it is there. */
  class Wishes implements Store {
    readonly largest = 1_000_000;
    readonly isSpread = true;
    readonly kept: string[] = [];
    wishes: readonly string[] = [];
    isThere = true;
    asked = 0;

    wanted(): Promise<readonly string[]> {
      this.asked += 1;
      return this.isThere ? Promise.resolve(this.wishes) : Promise.reject(new Error('away'));
    }

    keep(_id: string, frame: string): Promise<void> {
      if (!this.isThere) return Promise.reject(new Error('away'));
      this.kept.push(...(frame.match(/\[\d+\](?=[\],])/g) ?? []));
      return Promise.resolve();
    }

    want = (): Promise<never> => Promise.reject(new Error('not wanted here'));
    read = this.want;
    recall = this.want;
    note = this.want;
  }

  async function start(window: number) {
    const world = new World();
    const store = new Wishes();
    const bus = Object.assign(world.network.bus(), { store });
    const peer = new Peer<Ticks, Ticks>('inproc://a', 'inproc://b', [], ['tick'], {
      window,
      clock: world.clock,
      bus: () => Promise.resolve(bus),
    });
    const refusals: string[] = [];
    connect(peer.status, 'refused', ({ message }) => refusals.push(message));
    // What it needs for a store is loaded meanwhile.
    await world.until(peer.start({ timeout: 3_600_000 }));
    const received = collect(await world.start(['tick'], []));
    onTestFinished(() => world.until(peer.stop({ timeout: 0 })));
    return { world, store, peer, received, refusals };
  }

  test('what is wanted of which nobody has told: it is kept, and a flush fulfils only then', async () => {
    const { world, store, peer, received } = await start(100);
    store.isThere = false;
    store.wishes = ['tick'];
    for (const n of range(1, 3)) void peer.publish.tick(n);
    const flushed = peer.flush({ timeout: 1_000 });
    await expect(world.until(flushed)).rejects.toThrow('the store lacks 3');
    expect(received).toEqual([1, 2, 3]);
    store.isThere = true;
    await world.until(peer.flush());
    expect(store.kept).toEqual(['[1]', '[2]', '[3]']);
  });

  test('it says nothing any more, and nothing was wanted: what is live goes on after a while, which is told', async () => {
    const { world, store, peer, received, refusals } = await start(2);
    // For longer than it may be away.
    for (const n of range(1, 1_200)) {
      void peer.publish.tick(n);
      await world.pass(10);
    }
    expect(received).toEqual(range(1, 1_200));
    store.isThere = false;
    for (const n of range(1_201, 1_205)) void peer.publish.tick(n);
    await world.pass(9_000);
    expect([received.length, refusals]).toEqual([1_202, []]);
    await world.pass(3_000);
    expect(received).toEqual(range(1, 1_205));
    expect(refusals).toEqual([expect.stringContaining('has not said for 10 s')]);
  });

  test('it is asked seldom where few events are published', async () => {
    const { world, store, peer } = await start(10_000);
    for (const n of range(1, 1_000)) {
      void peer.publish.tick(n);
      await world.pass(1);
    }
    await world.until(peer.flush());
    expect(store.asked).toBeGreaterThan(2);
    expect(store.asked).toBeLessThan(1_000 / 50 + 5);
  });
});

describe('delivery: batches', () => {
  test('a pack of an event that nobody wants, behind one that is wanted: nobody is asked for anything', async () => {
    const world = new World();
    const peer = await world.start(['tick'], []);
    const bus = world.busOf(peer);
    const asked: string[] = [];
    const send = bus.send.bind(bus);
    bus.send = (topic, frame) => {
      if (topic === 'rpc.mr.@P') asked.push(frame);
      send(topic, frame);
    };
    const heard = peer.events.tick.next();
    const requests = [
      { jsonrpc: '2.0', method: 'tick', params: [1] },
      { jsonrpc: '2.0', method: 'rpc.mr.pack.other', params: ['P:1:1', [[1]]] },
    ];
    bus.arrive(JSON.stringify(requests));
    expect(await world.until(heard)).toEqual([1]);
    await world.pass(1_000);
    expect(asked).toEqual([]);
    await world.until(peer.stop());
  });

  test('what is published in a turn travels together, and only to who wants it', async () => {
    const broker = await startBroker();
    const { in: inAddress, out } = broker.endpoints;
    const publisher = new Peer<{}, Ticks>(inAddress, out, [], ['tick', 'tock']);
    const subscriber = new Peer<Ticks, {}>(inAddress, out, ['tick', 'tock'], []);
    onTestFinished(async () => {
      await Promise.all([publisher.stop(), subscriber.stop()]);
    });
    await publisher.start();
    await subscriber.start();
    await publisher.waitFor({ subscribers: 'tick' });
    const before = broker.counters.frames;
    const received: number[] = [];
    connect(subscriber, 'tick', (n) => received.push(n));
    connect(subscriber, 'tock', (n) => received.push(-n));
    for (const n of range(1, 100)) {
      void publisher.publish.tick(n);
      void publisher.publish.tock(n);
    }
    await publisher.flush();
    // Each name has a frame of its own; the order over both is kept all the same.
    expect(received).toEqual(range(1, 100).flatMap((n) => [n, -n]));
    // A few more are hellos, heads and acknowledgements.
    expect(broker.counters.frames - before).toBeLessThan(30);
  });

  test('a mark follows what it marks', async () => {
    const world = new World();
    const publisher = await world.start([], ['tick'], { window: 8 });
    const bus = world.busOf(publisher);
    const frames: string[] = [];
    const send = bus.send.bind(bus);
    bus.send = (topic, frame) => {
      frames.push(frame);
      send(topic, frame);
    };
    for (const n of range(1, 4)) void publisher.publish.tick(n);
    await world.pass(5);
    expect(frames.map((frame) => /"(mark|tick|rpc\.mr\.pack\.tick)"/.exec(frame)?.[1])).toEqual([
      'rpc.mr.pack.tick',
      'mark',
      'mark',
    ]);
  });

  test('a peer gets, and so parses, only what it asked for', async () => {
    const { endpoints } = await startBroker('ipc');
    const names = range(1, 100).map((n) => `event${n}`);
    const frames: string[] = [];
    const bus = async (): Promise<Bus> => {
      const real = await makeBus(endpoints);
      const open = real.open.bind(real);
      real.open = (listener) =>
        open({
          ...listener,
          frame: (text) => {
            frames.push(text);
            listener.frame(text);
          },
        });
      return real;
    };
    const publisher = new Peer(endpoints.in, endpoints.out, [], names);
    const subscriber = new Peer(endpoints.in, endpoints.out, ['event7'], [], { bus });
    onTestFinished(async () => {
      await Promise.all([publisher.stop(), subscriber.stop()]);
    });
    await publisher.start();
    await subscriber.start();
    await publisher.waitFor({ subscribers: 'event7' });
    for (const name of names) for (const n of range(1, 10)) void publisher.publish[name]?.(n);
    await publisher.flush();
    const events = frames.filter((frame) => /event\d/.test(frame) && !frame.includes('rpc.mr.@'));
    expect(events.length).toBeGreaterThan(0);
    expect(
      events.filter((frame) => !/"(rpc\.mr\.pack\.)?event7"/.test(frame) && !frame.includes('rpc.mr.all')),
    ).toEqual([]);
  });

  test('packs take less than half of the characters of plain requests, and are sent only where the broker translates them', async () => {
    const sent = async (packs: boolean): Promise<{ characters: number; received: number[] }> => {
      const world = new World(packs);
      const publisher = await world.start([], ['tick']);
      const received = collect(await world.start(['tick'], []));
      const bus = world.busOf(publisher);
      const before = bus.sentCharacters;
      for (const n of range(1, 1_000)) void publisher.publish.tick(n);
      await world.pass(20);
      return { characters: bus.sentCharacters - before, received };
    };
    const packed = await sent(true);
    const plain = await sent(false);
    expect(packed.received).toEqual(range(1, 1_000));
    expect(plain.received).toEqual(range(1, 1_000));
    expect(packed.characters).toBeLessThan(plain.characters / 2);
  });
});

describe('delivery: options', () => {
  test.each([
    { window: 0 },
    { window: 50_001 },
    { window: 1.5 },
    { window: Infinity },
    { limit: -1 },
    { limit: 2.5 },
    { history: -1 },
    { history: Number.NaN },
    { silence: Number.NaN },
    { silence: Infinity },
    { silence: 2 ** 31 },
    { publish: { tick: { overflow: 'latest', limit: 0 } } },
    { publish: { tick: { overflow: 'drop-oldest', limit: 0.5 } } },
    { subscribe: { tock: { replay: -1 } } },
    { subscribe: { tock: { replay: 1.5 } } },
  ] as const)('%o is refused', (options) => {
    expect(() => new Peer('inproc://a', 'inproc://b', ['tock'], ['tick'], options)).toThrow(RangeError);
  });

  test('the largest and the smallest are taken', () => {
    for (const options of [
      {
        window: 50_000,
        limit: Infinity,
        history: Infinity,
        silence: 2 ** 31 - 1,
        subscribe: { tock: { replay: Infinity } },
      },
      { window: 1, limit: 1, history: 0, silence: 1, publish: { tick: { overflow: 'latest', limit: 1 } } },
    ] as const) {
      expect(new Peer('inproc://a', 'inproc://b', ['tock'], ['tick'], options).pending).toBe(0);
    }
  });

  test('a policy that there is not is refused, with those that there are', () => {
    const overflow = 'drop-old' as PublishPolicy;
    expect(() => new Peer('inproc://a', 'inproc://b', [], ['tick'], { publish: { tick: { overflow } } })).toThrow(
      "the overflow of event 'tick' must be one of block, drop-oldest, drop-newest, latest",
    );
  });
});
