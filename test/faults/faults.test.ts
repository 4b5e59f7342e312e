import { readFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { connect, contract, type Endpoints, Peer, PeerGoneError, request } from 'mreventloop';
import { z } from 'zod';
import { freeEndpoints } from '../support/addresses.ts';
import { cliWith, node, type Program } from '../support/program.ts';
import { describeWith } from '../setup/describe-with.ts';
import { type History, judge, type Verdict } from './history.ts';
import { Proxy } from './proxy.ts';
import { PythonPeer } from './python-peer.ts';
import { RemotePeer } from './remote-peer.ts';

// Real processes, real faults. In short here; in full with `npm run test:faults`.

const FULL = process.env['FAULTS'] === 'full';
/** How often, or how much: in full, and in short. */
const times = (full: number, short: number): number => (FULL ? full : short);
const TIMEOUT = times(3_600_000, 60_000);

const PERFECT = { lost: 0, reported: 0, twice: 0, disordered: 0 };

/** A broker as a process of its own, which can be killed, and the addresses as it bound them. */
async function openBroker(
  wanted: Endpoints,
  flags: readonly string[] = [],
): Promise<{ endpoints: Endpoints; broker: Program }> {
  const broker = cliWith({ flags }, 'broker', wanted.in, wanted.out);
  const [, inAddress = '', outAddress = ''] = /from (\S+) and send to (\S+)/.exec(await broker.line()) ?? [];
  return { broker, endpoints: { in: inAddress, out: outAddress } };
}

async function startBroker(endpoints: Endpoints): Promise<Program> {
  const { broker } = await openBroker(endpoints);
  return broker;
}

/** Addresses with a broker behind them, and with a Python peer on the bus, if there is Python and it can be there. */
async function startBus(scheme: 'ipc' | 'ws' = 'ipc', flags: readonly string[] = []) {
  const { endpoints, broker } = await openBroker(freeEndpoints(scheme), flags);
  return { endpoints, broker, python: scheme === 'ipc' ? await PythonPeer.join(endpoints) : undefined };
}

async function killBroker(broker: Program): Promise<void> {
  broker.kill('SIGKILL');
  await broker.exit;
}

/** The memory of another process, in bytes. */
function memoryOf({ child }: Program): number {
  const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1_024;
}

/** How long a fault lasts is part of the fault. */
function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Stops the publisher first, then the subscribers, once they have heard of that, and by that of all that came before. */
async function histories(publisher: RemotePeer, ...subscribers: RemotePeer[]): Promise<[History, ...History[]]> {
  const published = await publisher.stop();
  await Promise.all(subscribers.map((subscriber) => subscriber.order({ do: 'wait-until-left', peer: publisher.id })));
  return [published, ...(await Promise.all(subscribers.map((subscriber) => subscriber.stop())))];
}

describe.each(['ipc', 'ws'] as const)('faults: start, over %s', (scheme) => {
  test(`what is published right after the start arrives, ${times(200, 5)} times`, { timeout: TIMEOUT }, async () => {
    for (let i = 0; i < times(200, 5); i += 1) {
      const { endpoints, broker, python } = await startBus(scheme);
      const [subscriber, publisher] = await Promise.all([
        RemotePeer.start(endpoints, { subscribe: ['x'] }),
        RemotePeer.start(endpoints, { publish: ['x'] }),
      ]);
      await publisher.order({ do: 'publish-now', event: 'x', count: 100 });
      const [published, received] = await histories(publisher, subscriber);
      await python?.check();
      expect(judge(published, received as History, ['x'])).toMatchObject({ ...PERFECT, received: 100 });
      await killBroker(broker);
    }
  });

  test(`late joiners under load, ${times(100, 5)}: no gap, nothing twice`, { timeout: TIMEOUT }, async () => {
    const { endpoints, python } = await startBus(scheme);
    const publisher = await RemotePeer.start(endpoints, { publish: ['x'] });
    const publish = () => publisher.order({ do: 'publish', events: ['x'], count: 1_000, rate: 2_000 });
    let isOver = false;
    const load = (async () => {
      while (!isOver) await publish();
    })();
    const joiners: RemotePeer[] = [];
    for (let i = 0; i < times(100, 5); i += 1) joiners.push(await RemotePeer.start(endpoints, { subscribe: ['x'] }));
    isOver = true;
    await load;
    // The last one may have come after all of that.
    await publish();
    const [published, ...received] = await histories(publisher, ...joiners);
    await python?.check();
    for (const one of received) {
      const verdict = judge(published, one, ['x'], false);
      expect(verdict).toMatchObject(PERFECT);
      // What was received is all from the first one on.
      expect(verdict.received).toBe(verdict.published - ((verdict.first as number) - 1));
    }
  });
});

describe.each(['ipc', 'ws'] as const)('faults: the broker dies, over %s', (scheme) => {
  test.each([
    { load: '1,000 events/s', rate: 1_000, kills: times(50, 2), between: 500 },
    { load: 'full speed', rate: undefined, kills: times(5, 1), between: 700 },
  ])(
    '$kills times at $load: nothing lost, nothing twice, order kept',
    { timeout: TIMEOUT },
    async ({ rate, kills, between }) => {
      const { endpoints, python, ...bus } = await startBus(scheme);
      let { broker } = bus;
      const subscriber = await RemotePeer.start(endpoints, { subscribe: ['x', 'y'] });
      const publisher = await RemotePeer.start(endpoints, { publish: ['x', 'y'] });
      await publisher.order({ do: 'wait-for-subscribers', event: 'x', count: 1 });
      const count = rate === undefined ? 300_000 * kills : (rate * (kills * (between + 1_000))) / 1_000;
      const publishing = publisher.order({ do: 'publish', events: ['x', 'y'], count, rate });
      for (let i = 0; i < kills; i += 1) {
        await sleep(between);
        await killBroker(broker);
        await sleep((i * 2_000) / kills);
        broker = await startBroker(endpoints);
      }
      await publishing;
      expect(await publisher.order({ do: 'flush', timeout: 20_000 })).toEqual({ flushed: true });
      const [published, received] = await histories(publisher, subscriber);
      await python?.check();
      expect(judge(published, received as History, ['x', 'y'])).toMatchObject({ ...PERFECT, received: count });
    },
  );

  test(`just when two peers have become ready, ${times(100, 5)} times`, { timeout: TIMEOUT }, async () => {
    for (let i = 0; i < times(100, 5); i += 1) {
      const { endpoints, python, ...bus } = await startBus(scheme);
      const [subscriber, publisher] = await Promise.all([
        RemotePeer.start(endpoints, { subscribe: ['x'] }),
        RemotePeer.start(endpoints, { publish: ['x'] }),
      ]);
      const publishing = publisher.order({ do: 'publish-now', event: 'x', count: 100 });
      await killBroker(bus.broker);
      await publishing;
      const broker = await startBroker(endpoints);
      await publisher.order({ do: 'wait-for-subscribers', event: 'x', count: 1 });
      expect(await publisher.order({ do: 'flush', timeout: 20_000 })).toEqual({ flushed: true });
      const [published, received] = await histories(publisher, subscriber);
      await python?.check();
      expect(judge(published, received as History, ['x'])).toMatchObject({ ...PERFECT, received: 100 });
      await killBroker(broker);
    }
  });

  test(`50 events while it is away reach 3 subscribers, ${times(50, 3)} times`, { timeout: TIMEOUT }, async () => {
    const { endpoints, python, ...bus } = await startBus(scheme);
    let { broker } = bus;
    const subscribers = await Promise.all([1, 2, 3].map(() => RemotePeer.start(endpoints, { subscribe: ['x'] })));
    const publisher = await RemotePeer.start(endpoints, { publish: ['x'] });
    await publisher.order({ do: 'wait-for-subscribers', event: 'x', count: 3 });
    for (let i = 1; i <= times(50, 3); i += 1) {
      await killBroker(broker);
      await publisher.order({ do: 'publish-now', event: 'x', count: 50 });
      broker = await startBroker(endpoints);
      await Promise.all(subscribers.map((one) => one.order({ do: 'wait-until', received: i * 50 })));
    }
    const [published, ...received] = await histories(publisher, ...subscribers);
    await python?.check();
    for (const one of received) expect(judge(published, one, ['x'])).toMatchObject(PERFECT);
  });
});

describe.each(['ipc', 'ws'] as const)('faults: the broker hangs, over %s', (scheme) => {
  test('peers notice by its silence, and what they publish meanwhile arrives', { timeout: TIMEOUT }, async () => {
    const { endpoints, broker, python } = await startBus(scheme);
    const publisher = new Peer<{}, { x: [n: number] }>(endpoints.in, endpoints.out, [], ['x']);
    const subscriber = new Peer<{ x: [n: number] }, {}>(endpoints.in, endpoints.out, ['x'], []);
    onTestFinished(async () => {
      await Promise.all([publisher.stop(), subscriber.stop()]);
    });
    await Promise.all([publisher.start(), subscriber.start()]);
    await publisher.waitFor({ subscribers: 'x' });
    const received: number[] = [];
    connect(subscriber, 'x', (n) => received.push(n));
    const numbers = Array.from({ length: 1_000 }, (_, n) => n);
    const [before, unnoticed, noticed] = [numbers.slice(0, 100), numbers.slice(100, 500), numbers.slice(500)];
    for (const n of before) await publisher.publish.x(n);
    const disconnected = [publisher, subscriber].map((peer) => peer.status.disconnected.next());
    broker.kill('SIGSTOP');
    // Into the link that seems to be there.
    for (const n of unnoticed) await publisher.publish.x(n);
    // The connections stay open: only the heartbeats tell, of ZeroMQ after 6 s, of WebSockets after 10 s.
    await Promise.all(disconnected);
    expect([publisher.ready, subscriber.ready]).toEqual([false, false]);
    for (const n of noticed) await publisher.publish.x(n);
    broker.kill('SIGCONT');
    await publisher.flush({ timeout: 20_000 });
    expect(received).toEqual(numbers);
    await python?.check();
  });
});

describe.each(['ipc', 'ws'] as const)('faults: slow subscribers, over %s', (scheme) => {
  test.each([
    { fault: 'stopped (SIGSTOP)', ms: times(30_000, 4_000) },
    { fault: 'blocking its thread', ms: times(10_000, 3_000) },
  ])(
    'one is $fault for $ms ms: the others go on, and it catches up or is told the exact gap',
    { timeout: TIMEOUT },
    async ({ fault, ms }) => {
      const { endpoints, python } = await startBus(scheme);
      const silence = times(6_000, 1_500);
      const options = { silence, history: 1_000 };
      const good = await RemotePeer.start(endpoints, { subscribe: ['x'], options });
      const slow = await RemotePeer.start(endpoints, { subscribe: ['x'], options });
      const publisher = await RemotePeer.start(endpoints, { publish: ['x'], options });
      await publisher.order({ do: 'wait-for-subscribers', event: 'x', count: 2 });
      const count = (5_000 * (ms + 2_000)) / 1_000;
      const publishing = publisher.order({ do: 'publish', events: ['x'], count, rate: 5_000 });
      await sleep(500);
      const blocked = fault.startsWith('blocking') ? slow.order({ do: 'block', ms }) : undefined;
      if (blocked === undefined) slow.program.kill('SIGSTOP');
      await good.order({ do: 'wait-until', received: Math.floor(count * 0.8) });
      if (blocked === undefined) slow.program.kill('SIGCONT');
      await blocked;
      await publishing;
      await good.order({ do: 'wait-until', received: count });
      const { rss, pending } = await publisher.resources();
      expect(rss).toBeLessThan(400 * 2 ** 20);
      expect(await publisher.order({ do: 'flush', timeout: 20_000 })).toEqual({ flushed: true });
      expect(pending).toBeLessThanOrEqual(16_384);
      const [published, ofGood, ofSlow] = await histories(publisher, good, slow);
      await python?.check();
      expect(judge(published, ofGood as History, ['x'])).toMatchObject({ ...PERFECT, received: count });
      const verdict: Verdict = judge(published, ofSlow as History, ['x']);
      expect(verdict).toMatchObject({ lost: 0, twice: 0, disordered: 0 });
      expect(verdict.received + verdict.reported).toBe(count);
    },
  );

  test(`one never reads ${times(1_000_000, 50_000)} events: memory levels off`, { timeout: TIMEOUT }, async () => {
    const { endpoints, broker, python } = await startBus(scheme);
    const options = { silence: 1_500 };
    const stuck = await RemotePeer.start(endpoints, { subscribe: ['x'], options });
    const publisher = await RemotePeer.start(endpoints, { publish: ['x'], options });
    await publisher.order({ do: 'wait-for-subscribers', event: 'x', count: 1 });
    stuck.program.kill('SIGSTOP');
    const half = times(1_000_000, 50_000) / 2;
    await publisher.order({ do: 'publish', events: ['x'], count: half });
    const before = await publisher.resources();
    const brokerBefore = memoryOf(broker);
    await publisher.order({ do: 'publish', events: ['x'], count: half });
    expect(memoryOf(broker) - brokerBefore).toBeLessThan(64 * 2 ** 20);
    expect(await publisher.order({ do: 'flush', timeout: 20_000 })).toEqual({ flushed: true });
    const after = await publisher.resources();
    expect(after.pending).toBe(0);
    // It has kept a window's worth at most, and let go of it when the other fell silent.
    expect(after.rss - before.rss).toBeLessThan(64 * 2 ** 20);
    await python?.check();
  });

  test(
    `the publisher stops while one lags by ${times(100_000, 20_000)} events: all is delivered, or named`,
    { timeout: TIMEOUT },
    async () => {
      const { endpoints, python } = await startBus(scheme);
      const subscriber = await RemotePeer.start(endpoints, { subscribe: ['x'] });
      const publisher = await RemotePeer.start(endpoints, { publish: ['x'] });
      await publisher.order({ do: 'wait-for-subscribers', event: 'x', count: 1 });
      const blocked = subscriber.order({ do: 'block', ms: 1_000 });
      const count = times(100_000, 20_000);
      await publisher.order({ do: 'publish-now', event: 'x', count });
      expect(await publisher.order({ do: 'flush', timeout: 20_000 })).toEqual({ flushed: true });
      await blocked;
      const [published, received] = await histories(publisher, subscriber);
      await python?.check();
      expect(judge(published, received as History, ['x'])).toMatchObject({ ...PERFECT, received: count });
    },
  );
});

describe.each(['tcp', 'ws'] as const)('faults: the network, over %s', (scheme) => {
  test(
    `TCP through a proxy that resets, stalls and splits, ${times(200, 6)} times: nothing lost`,
    { timeout: TIMEOUT },
    async () => {
      const { endpoints: direct } = await openBroker(freeEndpoints(scheme));
      // Over WebSockets, one connection goes both ways.
      const addresses = [...new Set([direct.in, direct.out])];
      const proxies = await Promise.all(addresses.map((address) => Proxy.start(address)));
      onTestFinished(() => proxies.forEach((proxy) => proxy.stop()));
      const endpoints = { in: (proxies[0] as Proxy).address, out: (proxies.at(-1) as Proxy).address };
      const python = scheme === 'tcp' ? await PythonPeer.join(direct) : undefined;
      const subscriber = await RemotePeer.start(endpoints, { subscribe: ['x', 'y'] });
      const publisher = await RemotePeer.start(endpoints, { publish: ['x', 'y'] });
      await publisher.order({ do: 'wait-for-subscribers', event: 'x', count: 1 });
      const rounds = times(200, 6);
      const count = rounds * 500;
      const publishing = publisher.order({ do: 'publish', events: ['x', 'y'], count, rate: 1_000 });
      for (let i = 0; i < rounds; i += 1) {
        const proxy = proxies[i % proxies.length] as Proxy;
        const fault = (['reset', 'stall', 'split'] as const)[i % 3] as 'reset' | 'stall' | 'split';
        if (fault === 'reset') proxy.reset();
        else await proxy.during(fault, () => sleep(fault === 'stall' ? times(5_000, 1_000) : 300));
        await sleep(300);
      }
      await publishing;
      expect(await publisher.order({ do: 'flush', timeout: 30_000 })).toEqual({ flushed: true });
      const [published, received] = await histories(publisher, subscriber);
      await python?.check();
      expect(judge(published, received as History, ['x', 'y'])).toMatchObject({ ...PERFECT, received: count });
    },
  );
});

describe('faults: many peers', () => {
  test(`${times(50, 8)} peers, each 20 events of 100 names: all delivered`, { timeout: TIMEOUT }, async () => {
    const { endpoints, python } = await startBus();
    const names = Array.from({ length: 100 }, (_, i) => `event_${i}`);
    const wishes = Array.from({ length: times(50, 8) }, (_, i) =>
      Array.from({ length: 20 }, (_, k) => names[(i * 7 + k * 5) % 100] as string),
    );
    const publisher = await RemotePeer.start(endpoints, { publish: names });
    const subscribers: RemotePeer[] = [];
    for (const subscribe of wishes) subscribers.push(await RemotePeer.start(endpoints, { subscribe }));
    for (const name of new Set(wishes.flat())) {
      const count = wishes.filter((wish) => wish.includes(name)).length;
      await publisher.order({ do: 'wait-for-subscribers', event: name, count });
    }
    await publisher.order({ do: 'publish', events: names, count: 20_000 });
    const [published, ...received] = await histories(publisher, ...subscribers);
    await python?.check();
    for (const [i, one] of received.entries()) {
      const wanted = wishes[i] as string[];
      expect(judge(published, one, wanted)).toMatchObject({ ...PERFECT, received: 20_000 / 5 });
    }
  });

  test(
    `${times(10_000, 200)} times open and close: no descriptor is left over, and no memory`,
    { timeout: TIMEOUT },
    async () => {
      // V8 keeps what its young generation once took, a hundred megabytes of it: here, that is to be little.
      const flags = ['--max-semi-space-size=1'];
      const { endpoints, broker, python } = await startBus('ipc', flags);
      const remote = await RemotePeer.start(endpoints, { flags });
      const openAndClose = (count: number) => remote.order({ do: 'open-and-close', count });
      // A socket that was closed is let go of by ZeroMQ's own thread, a moment later.
      const settle = async (): Promise<void> => {
        await expect.poll(async () => (await remote.resources()).descriptors).toBeLessThanOrEqual(first + 8);
      };
      const look = async () => {
        await settle();
        return { ...(await remote.resources()), broker: memoryOf(broker) };
      };
      const { descriptors: first } = await remote.resources();
      await openAndClose(times(2_500, 50));
      const before = await look();
      await openAndClose(times(3_750, 75));
      const middle = await look();
      await openAndClose(times(3_750, 75));
      const after = await look();
      for (const key of ['heap', 'rss', 'broker'] as const) {
        const megabytes = [before, middle, after].map((looked) => (looked[key] / 2 ** 20).toFixed(1));
        console.log(`${key}: ${megabytes.join(', ')} MB`);
      }
      const MB = 2 ** 20;
      expect(after.heap - before.heap).toBeLessThan(2 * MB);
      // What leaks grows each time. But once, at any time, V8 may take a hundred megabytes of which it uses ten.
      for (const key of ['rss', 'broker'] as const) {
        const growth = Math.min(middle[key] - before[key], after[key] - middle[key]);
        expect(growth, key).toBeLessThan(16 * MB);
      }
      await python?.check();
    },
  );
});

describe('faults: requests', () => {
  const shop = contract({ double: request([z.number()], z.number()) });

  test(
    '10,000 at a time, and one of two servers is killed midway: every call settles',
    { timeout: TIMEOUT },
    async () => {
      const { endpoints, python } = await startBus();
      const servers = [1, 2].map(() => node(import.meta.url, './children/server.ts', endpoints.in, endpoints.out));
      const [killed] = await Promise.all(servers.map((server) => server.line()));
      const buyer = new Peer(endpoints, shop, { request: ['double'], silence: 1_500 });
      await using _buyer = await buyer.start();
      await buyer.waitFor({ servers: 'double', count: 2 });
      const outcomes = { answered: 0, gone: 0, wrong: 0, other: 0 };
      const ask = async (n: number): Promise<void> => {
        try {
          const answer = await buyer.request.double(n);
          if (answer === 2 * n) outcomes.answered += 1;
          else outcomes.wrong += 1;
        } catch (error) {
          if (error instanceof PeerGoneError && error.message.includes(killed as string)) outcomes.gone += 1;
          else outcomes.other += 1;
        }
        if (outcomes.answered === 2_000) servers[0]?.kill('SIGKILL');
      };
      await Promise.all(Array.from({ length: 10_000 }, (_, n) => ask(n)));
      console.log(`10,000 calls: ${JSON.stringify(outcomes)}`);
      expect(outcomes).toMatchObject({ wrong: 0, other: 0 });
      expect(outcomes.answered + outcomes.gone).toBe(10_000);
      expect(outcomes.answered).toBeGreaterThanOrEqual(5_000);
      expect(outcomes.gone).toBeGreaterThan(0);
      await python?.check();
    },
  );

  test(`the broker is killed ${times(20, 2)} times: every call is answered`, { timeout: TIMEOUT }, async () => {
    const { endpoints, python, ...bus } = await startBus();
    let { broker } = bus;
    const server = node(import.meta.url, './children/server.ts', endpoints.in, endpoints.out);
    await server.line();
    const buyer = new Peer(endpoints, shop, { request: ['double'] });
    await using _buyer = await buyer.start();
    for (let i = 0; i < times(20, 2); i += 1) {
      const numbers = Array.from({ length: 2_000 }, (_, n) => n);
      const answers = Promise.all(numbers.map((n) => buyer.request.double(n)));
      await killBroker(broker);
      broker = await startBroker(endpoints);
      expect(await answers).toEqual(numbers.map((n) => 2 * n));
    }
    await python?.check();
  });
});

describeWith('python', 'faults: a Python peer', () => {
  // It is on the bus during all the other faults, too.
  test('answers after the death of the broker', { timeout: TIMEOUT }, async () => {
    const { endpoints, broker, python } = await startBus();
    await killBroker(broker);
    await startBroker(endpoints);
    expect(python).toBeDefined();
    await python?.check();
  });
});
