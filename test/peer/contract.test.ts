import { describe, expect, onTestFinished, test } from 'vitest';
import {
  AddressError,
  Broker,
  connect,
  ConnectError,
  contract,
  type ContractMismatch,
  event,
  type InvalidFrame,
  OverflowError,
  PayloadError,
  Peer,
  request,
  ValidationError,
} from 'mreventloop';
import * as v from 'valibot';
import { z } from 'zod';
import { FaultyNetwork, StepClock } from 'mreventloop/testing';
import { encodeControl } from '../../src/wire/control.ts';
import { methodTo } from '../../src/wire/names.ts';
import { deferred, type Deferred } from '../loop/deferred.ts';
import { startBroker } from '../support/addresses.ts';
import { node } from '../support/program.ts';

const shop = contract({
  request_product: [],
  produced: [z.string(), z.number()],
  weighed: [z.string().transform(Number)],
  cleaned: event<[room: string]>(),
  price_of: request([z.string()], z.number()),
});

/** Starts a peer that stops after the test. */
async function started<P extends { start(): Promise<P>; stop(): Promise<void> }>(peer: P): Promise<P> {
  onTestFinished(() => peer.stop());
  return peer.start();
}

describe('peer with a contract: addresses and names', () => {
  test('one address, or both', async () => {
    await using broker = await new Broker('inproc://contract').start();
    const seller = await started(new Peer('inproc://contract', shop, { publish: ['produced'] }));
    const buyer = await started(new Peer(broker.endpoints, shop, { subscribe: ['produced'] }));
    const arrived = buyer.events.produced.next();
    await seller.publish.produced('tea', 3);
    expect(await arrived).toEqual(['tea', 3]);
    await Promise.all([seller.stop(), buyer.stop()]);
  });

  test('an address that makes no sense is refused', () => {
    expect(() => new Peer('nowhere', shop, {})).toThrow(AddressError);
    expect(() => new Peer({ in: 'inproc://x', out: 'inproc://x' }, shop, {})).toThrow(AddressError);
  });

  test.each(['nope', 'price_of', 'toString', 'constructor', '__proto__', '', 'rpc.x'])("no event: '%s'", (name) => {
    expect(() => new Peer('inproc://x', shop, { subscribe: [name as 'produced'] })).toThrow(ConnectError);
    expect(() => new Peer('inproc://x', shop, { publish: [name as 'produced'] })).toThrow(ConnectError);
  });

  test('an event may be called constructor', async () => {
    const odd = contract({ constructor: [z.string()], toString: [] });
    const { endpoints } = await startBroker('inproc');
    const peer = await started(new Peer(endpoints, odd, { subscribe: ['constructor'], publish: ['constructor'] }));
    const arrived = peer.events.constructor.next();
    await peer.publish.constructor('x');
    expect(await arrived).toEqual(['x']);
    expect(() => peer.publish.constructor(3 as never)).toThrow(ValidationError);
  });

  test('a contract that is none is refused, not taken for one that checks nothing', () => {
    const none = { produced: z.string() } as unknown as { produced: [] };
    expect(() => new Peer('inproc://x', none, { subscribe: ['produced'] })).toThrow(ConnectError);
  });

  test('only what is named exists', () => {
    const peer = new Peer('inproc://x', shop, { subscribe: { produced: { replay: 3 } }, publish: ['weighed'] });
    expect(Object.keys(peer.events)).toEqual(['produced']);
    expect(Object.keys(peer.publish)).toEqual(['weighed']);
  });

  test('options by name: the latest are replayed', async () => {
    const { endpoints } = await startBroker('inproc');
    const seller = await started(new Peer(endpoints, shop, { publish: { produced: { overflow: 'block' } } }));
    for (const price of [1, 2, 3]) await seller.publish.produced('tea', price);
    const buyer = new Peer(endpoints, shop, { subscribe: { produced: { replay: 2 } } });
    const received: number[] = [];
    connect(buyer, 'produced', (_product, price) => received.push(price));
    const last = buyer.events.produced.next({ where: (_product, price) => price === 3 });
    await started(buyer);
    await last;
    expect(received).toEqual([2, 3]);
  });
});

function makeSeller() {
  return new Peer('inproc://nobody', shop, { publish: ['produced', 'weighed', 'request_product', 'cleaned'] });
}

describe('peer with a contract: what is published', () => {
  test('what does not fit is refused where it is published, with the place and no content', () => {
    const peer = makeSeller();
    const publish =
      (...args: unknown[]) =>
      () =>
        void peer.publish.produced(...(args as [string, number]));
    expect(publish('tea', 'secret')).toThrow(ValidationError);
    expect(publish('tea', 'secret')).toThrow(
      expect.objectContaining({
        code: 'VALIDATION',
        event: 'produced',
        argument: 2,
        issues: [{ message: expect.stringContaining('number'), path: [] }],
        message: expect.not.stringContaining('secret'),
      }),
    );
    expect(publish('tea')).toThrow("event 'produced' takes 2 arguments, not 1");
    expect(publish('tea', 3, 4)).toThrow(expect.objectContaining({ code: 'VALIDATION', argument: undefined }));
    expect(publish('tea', Number.NaN)).toThrow(PayloadError);
    expect(peer.pending).toBe(0);
  });

  test('the last arguments may be undefined where their schemas take that', async () => {
    const sales = contract({
      sold: [z.string(), z.number().optional(), z.number().default(3)],
      produced: [z.string()],
    });
    const { endpoints } = await startBroker('inproc');
    const buyer = await started(new Peer(endpoints, sales, { subscribe: ['sold'] }));
    const seller = await started(new Peer(endpoints, sales, { publish: ['sold', 'produced'] }));
    const sold = buyer.events.sold.next();
    await seller.publish.sold('tea', undefined, undefined);
    expect(await sold).toEqual(['tea', undefined, 3]);
    // JSON has nothing that could stand in the middle.
    expect(() => seller.publish.sold('tea', undefined, 4)).toThrow(PayloadError);
    expect(() => seller.publish.produced(undefined as never)).toThrow(
      expect.objectContaining({ code: 'VALIDATION', argument: 1 }),
    );
    expect(() => seller.publish.produced(...(['tea', undefined] as unknown as ['tea']))).toThrow(ValidationError);
  });

  test('events without schemas are not checked', async () => {
    const peer = makeSeller();
    await peer.publish.cleaned(3 as unknown as string);
    await peer.publish.request_product();
    expect(peer.pending).toBe(2);
  });

  test('checking can be turned off', async () => {
    const peer = new Peer('inproc://nobody', shop, { publish: ['produced'], validateOutgoing: false });
    await peer.publish.produced('tea', 'three' as never);
    expect(peer.pending).toBe(1);
  });

  test('goes out as it is: transforms are applied once, by those who receive it', async () => {
    const { endpoints } = await startBroker('inproc');
    const seller = await started(new Peer(endpoints, shop, { publish: ['weighed'] }));
    const buyer = await started(new Peer(endpoints, shop, { subscribe: ['weighed'] }));
    const plain = await started(new Peer(endpoints.in, endpoints.out, ['weighed'], []));
    const arrived = Promise.all([buyer.events.weighed.next(), plain.events.weighed.next()]);
    await seller.publish.weighed('2.5');
    expect(await arrived).toEqual([[2.5], ['2.5']]);
  });

  test('a connected event that does not fit fails its emitter', () => {
    const producer = { events: { weighed: event<[weight: string]>() } };
    connect(producer.events.weighed, makeSeller().publish.weighed);
    expect(() => producer.events.weighed(3 as never)).toThrow(ValidationError);
  });
});

/** A schema that lets texts through when the test says so. */
function gatedSchema() {
  const gates: Deferred<boolean>[] = [];
  const pass = (): Promise<boolean> => {
    const gate = deferred<boolean>();
    gates.push(gate);
    return gate.promise;
  };
  const schema = v.pipeAsync(v.string(), v.checkAsync(pass));
  const gate = async (index: number): Promise<Deferred<boolean>> => {
    while (gates.length <= index) await new Promise(setImmediate);
    return gates[index] as Deferred<boolean>;
  };
  return { schema, gate };
}

describe('peer with a contract: asynchronous schemas where it is published', () => {
  test('keep the order of all events, and reject what does not fit', async () => {
    const { schema, gate } = gatedSchema();
    const both = contract({ slow: [schema], fast: [z.array(z.number())] });
    const { endpoints } = await startBroker('inproc');
    const open = contract({ slow: [z.string()], fast: [z.array(z.number())] });
    const seller = await started(new Peer(endpoints, both, { publish: ['slow', 'fast'] }));
    const buyer = await started(new Peer(endpoints, open, { subscribe: ['slow', 'fast'] }));
    const received: unknown[] = [];
    connect(buyer, 'slow', (text) => received.push(text));
    connect(buyer, 'fast', (numbers) => received.push(numbers));

    const first = seller.publish.slow('a');
    const refused = seller.publish.slow('b');
    const numbers = [1];
    const second = seller.publish.fast(numbers);
    numbers.push(2); // too late: what was published was [1]
    expect(() => seller.publish.fast('x' as never)).toThrow(ValidationError);
    expect(seller.pending).toBe(3);
    const flushed = seller.flush();
    await expect(seller.flush({ timeout: 1 })).rejects.toThrow('3 events still to be checked');

    (await gate(1)).resolve(false);
    (await gate(0)).resolve(true);
    await expect(refused).rejects.toThrow(ValidationError);
    await Promise.all([first, second, flushed]);
    expect(received).toEqual(['a', [1]]);
    expect(seller.pending).toBe(0);
  });

  test('no more than the limit wait for them', async () => {
    const { schema } = gatedSchema();
    const peer = new Peer('inproc://nobody', contract({ slow: [schema] }), { publish: ['slow'], limit: 2 });
    void peer.publish.slow('a');
    void peer.publish.slow('b');
    const waiting = "event 'slow' was not published behind 2 events still to be checked";
    await expect(peer.publish.slow('c')).rejects.toThrow(new OverflowError(waiting));
  });

  test('stop: what waits is told as undelivered, and nobody waits for it any more', async () => {
    const { schema, gate } = gatedSchema();
    const { endpoints } = await startBroker('inproc');
    const seller = await started(new Peer(endpoints, contract({ slow: [schema] }), { publish: ['slow'] }));
    const report = seller.status.undelivered.next();
    const waiting = seller.publish.slow('a');
    await seller.stop({ timeout: 10 });
    await waiting;
    expect(await report).toEqual([{ peers: [], unsent: 1 }]);
    (await gate(0)).resolve(true);
    expect(seller.pending).toBe(0);
  });
});

/** Accepts every text, some later than others. */
async function acceptLater(text: string): Promise<boolean> {
  for (let turn = text.length % 5; turn > 0; turn -= 1) await new Promise(setImmediate);
  return true;
}

/** A publisher, and a subscriber whose schema lets texts through when the test says so. */
async function world() {
  const { schema, gate } = gatedSchema();
  const { endpoints } = await startBroker('inproc');
  const seller = await started(
    new Peer(endpoints, contract({ slow: [z.string()], fast: [z.string()] }), {
      publish: ['slow', 'fast'],
      window: 8,
    }),
  );
  const buyer = await started(
    new Peer(endpoints, contract({ slow: [schema], fast: [z.string()] }), { subscribe: ['slow', 'fast'], window: 8 }),
  );
  const received: string[] = [];
  connect(buyer, 'slow', (text) => received.push(text));
  connect(buyer, 'fast', (text) => received.push(text));
  await seller.waitFor({ subscribers: 'slow' });
  return { seller, buyer, received, gate };
}

describe('peer with a contract: asynchronous schemas where it arrives', () => {
  test('keep the order of all events; flush waits for them', async () => {
    const { seller, buyer, received, gate } = await world();
    const invalid = buyer.status.invalid.next();
    await seller.publish.slow('a');
    await seller.publish.fast('b');
    await seller.publish.slow('c');
    await seller.publish.fast('d');
    const flushed = seller.flush();
    let isFlushed = false;
    void flushed.then(() => (isFlushed = true));
    await expect(seller.flush({ timeout: 300 })).rejects.toThrow('lacks 4');
    expect(received).toEqual([]);
    (await gate(0)).resolve(true);
    (await gate(1)).resolve(false);
    expect(isFlushed).toBe(false);
    await flushed;
    expect(received).toEqual(['a', 'b', 'd']);
    expect(await invalid).toMatchObject([{ reason: 'schema', event: 'slow', argument: 1, count: 1 }]);
  });

  test('slow publishers down: no more than the window is under way', async () => {
    const { seller, received, gate } = await world();
    await seller.publish.slow('first');
    for (let i = 1; i < 8; i += 1) void seller.publish.fast(`${i}`);
    let hasRoom = false;
    const room = Promise.all([seller.publish.fast('8'), seller.publish.fast('9')]).then(() => (hasRoom = true));
    await expect(seller.flush({ timeout: 300 })).rejects.toThrow();
    expect(hasRoom).toBe(false);
    expect(seller.pending).toBe(10);
    (await gate(0)).resolve(true);
    await room;
    await seller.flush();
    expect(received).toEqual(['first', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
  });

  test('lose nothing and keep the order while the broker goes away and comes back', async () => {
    const broker = await startBroker('ipc');
    const slow = v.pipeAsync(v.string(), v.checkAsync(acceptLater));
    const sent = contract({ slow: [z.string()], fast: [z.string()] });
    const seller = await started(new Peer(broker.endpoints, sent, { publish: ['slow', 'fast'], window: 50 }));
    const buyer = await started(
      new Peer(broker.endpoints, contract({ ...sent, slow: [slow] }), { subscribe: ['slow', 'fast'], window: 50 }),
    );
    const received: string[] = [];
    connect(buyer, 'slow', (text) => received.push(text));
    connect(buyer, 'fast', (text) => received.push(text));
    await seller.waitFor({ subscribers: 'slow' });
    const texts = Array.from({ length: 2_000 }, (_, i) => `${i}`.padEnd(4 + (i % 7), ' '));
    const publishing = (async () => {
      for (const [i, text] of texts.entries()) await seller.publish[i % 3 === 0 ? 'fast' : 'slow'](text);
    })();
    for (let round = 0; round < 2; round += 1) {
      await buyer.events.fast.next();
      const back = [seller.status.connected.next(), buyer.status.connected.next()];
      await broker.stop();
      await broker.start();
      await Promise.all(back);
    }
    await publishing;
    await seller.flush();
    expect(received).toEqual(texts);
  });

  test('stop: what has arrived still goes to listeners', async () => {
    const { seller, buyer, received, gate } = await world();
    const left = seller.status.peerLeft.next();
    await seller.publish.slow('a');
    await seller.publish.fast('b');
    const first = await gate(0);
    const stopped = buyer.stop({ timeout: 1_000 });
    first.resolve(true);
    await stopped;
    expect(received).toEqual(['a', 'b']);
    expect(await left).toMatchObject([{}, 'bye']);
  });

  test('stop: what was not checked in time is told', async () => {
    const { seller, buyer, received, gate } = await world();
    await seller.publish.slow('a');
    await seller.publish.fast('b');
    const first = await gate(0);
    const report = buyer.status.undelivered.next();
    await buyer.stop({ timeout: 20 });
    expect(await report).toEqual([{ peers: [], unsent: 0, unchecked: 2 }]);
    first.resolve(true);
    await first.promise;
    expect(received).toEqual([]);
    // And it can be started again.
    await buyer.start();
    await seller.waitFor({ subscribers: 'fast' });
    const arrived = buyer.events.fast.next();
    await seller.publish.fast('c');
    expect(await arrived).toEqual(['c']);
  });
});

const other = contract({
  request_product: [z.string()],
  produced: [z.string(), z.string()],
  weighed: [z.string()],
  cleaned: event<[room: number]>(),
});

describe('peers with different contracts', () => {
  test('both tell it, once, for the events that they exchange', async () => {
    const { endpoints } = await startBroker('inproc');
    const seller = new Peer(endpoints, shop, {
      subscribe: ['request_product'],
      publish: ['produced', 'weighed', 'cleaned'],
    });
    const buyer = new Peer(endpoints, other, {
      subscribe: ['produced', 'weighed', 'cleaned'],
      publish: ['request_product'],
    });
    const reports = Promise.all([seller.status.contractMismatch.next(), buyer.status.contractMismatch.next()]);
    await started(seller);
    await started(buyer);
    expect(await reports).toEqual([
      [
        {
          peer: buyer.id,
          differences: [
            { event: 'request_product', reason: 'arity', here: 0, there: 1 },
            { event: 'produced', reason: 'arguments', arguments: [2] },
          ],
          refused: false,
        },
      ],
      [
        {
          peer: seller.id,
          differences: [
            { event: 'produced', reason: 'arguments', arguments: [2] },
            { event: 'request_product', reason: 'arity', here: 1, there: 0 },
          ],
          refused: false,
        },
      ],
    ]);
    // That is all: what arrives is checked as always.
    const invalid = buyer.status.invalid.next();
    const weighed = buyer.events.weighed.next();
    await seller.publish.produced('tea', 3);
    await seller.publish.weighed('3');
    expect(await invalid).toMatchObject([{ reason: 'schema', event: 'produced', argument: 2 }]);
    expect(await weighed).toEqual(['3']);
  });

  test('without a contract on one side, there is nothing to tell; nor for events that are not exchanged', async () => {
    const { endpoints } = await startBroker('inproc');
    const mismatches: ContractMismatch[] = [];
    const seller = new Peer(endpoints, shop, { publish: ['produced'], contractMismatch: 'refuse' });
    connect(seller.status, 'contractMismatch', (mismatch) => mismatches.push(mismatch));
    await started(seller);
    await started(new Peer(endpoints, other, { publish: ['produced'] }));
    const plain = await started(new Peer(endpoints.in, endpoints.out, ['produced'], []));
    await seller.waitFor({ subscribers: 'produced' });
    const arrived = plain.events.produced.next();
    await seller.publish.produced('tea', 3);
    expect(await arrived).toEqual(['tea', 3]);
    expect(mismatches).toEqual([]);
  });

  test('nor for requests that both peers serve', async () => {
    const { endpoints } = await startBroker('inproc');
    const mismatches: ContractMismatch[] = [];
    const here = contract({ produced: [], price_of: request([z.string()], z.number()) });
    const there = contract({ produced: [], price_of: request([z.string()], z.string()) });
    const seller = new Peer(endpoints, here, { serve: ['price_of'], publish: ['produced'] });
    connect(seller.status, 'contractMismatch', (mismatch) => mismatches.push(mismatch));
    await started(seller);
    await started(new Peer(endpoints, there, { serve: ['price_of'], subscribe: ['produced'] }));
    await seller.waitFor({ subscribers: 'produced' });
    expect(mismatches).toEqual([]);
  });

  test.each([
    ['the subscriber', 'warn', 'refuse'],
    ['the publisher', 'refuse', 'warn'],
    ['both', 'refuse', 'refuse'],
  ] as const)('refused by %s: its events are dropped and told, others arrive', async (_who, sellers, buyers) => {
    const { endpoints } = await startBroker('inproc');
    const seller = new Peer(endpoints, shop, { publish: ['produced', 'weighed'], contractMismatch: sellers });
    // A contract of this event that would take anything, but for the refusing.
    const anything = contract({ ...other, produced: [z.unknown(), z.unknown()] });
    const buyer = new Peer(endpoints, anything, { subscribe: ['produced', 'weighed'], contractMismatch: buyers });
    const agreeing = await started(new Peer(endpoints, shop, { subscribe: ['produced'] }));
    const received: unknown[] = [];
    const invalid: InvalidFrame[] = [];
    connect(buyer, 'produced', (...args) => received.push(args));
    connect(buyer.status, 'invalid', (frame) => invalid.push(frame));
    const told = Promise.all([seller.status.contractMismatch.next(), buyer.status.contractMismatch.next()]);
    await started(seller);
    await started(buyer);
    expect(await told).toMatchObject([[{ refused: true }], [{ refused: true }]]);

    const weighed = buyer.events.weighed.next();
    const produced = agreeing.events.produced.next();
    await seller.publish.produced('tea', 3);
    await seller.publish.weighed('3');
    expect(await weighed).toEqual(['3']);
    expect(await produced).toEqual(['tea', 3]);
    expect(received).toEqual([]);
    expect(invalid).toEqual([{ reason: 'contract', event: 'produced', peer: seller.id, count: 1 }]);
    // They count as dealt with, so nobody waits for the one who refuses; and not as subscribers.
    await seller.flush();
    await seller.waitFor({ subscribers: 'produced' });
    await expect(seller.waitFor({ subscribers: 'produced', count: 2, timeout: 1 })).rejects.toThrow('1 of 2');
  });

  test('nothing is delivered of a publisher before it has said what its events mean', async () => {
    const clock = new StepClock();
    const network = new FaultyNetwork({ clock, seed: 1 });
    const bus = network.bus();
    const peer = new Peer('inproc://x', other, {
      subscribe: ['weighed'],
      contractMismatch: 'refuse',
      bus: () => Promise.resolve(bus),
      clock,
    });
    const told: unknown[] = [];
    connect(peer, 'weighed', (weight) => told.push(weight));
    connect(peer.status, 'invalid', ({ reason }) => told.push(reason));
    connect(peer.status, 'contractMismatch', ({ refused }) => told.push({ refused }));
    await using _peer = await clock.until(peer.start());
    const stranger = network.bus();
    await stranger.open({ frame() {}, unreadable() {}, refused() {}, down() {} });
    const tell = (control: Parameters<typeof encodeControl>[2]): void => {
      stranger.send(methodTo(peer.id), encodeControl(methodTo(peer.id), 'P', control));
    };
    const hello = { kind: 'hello', subscribes: [], publishes: ['weighed'], answer: true, acked: 0 } as const;
    const heads = { kind: 'head', heads: [['weighed', 1, 1]], g: 1, window: 8 } as const;
    stranger.send('weighed', '{"jsonrpc": "2.0", "method": "weighed", "params": ["3"], "id": "P:1:1"}');
    tell(heads);
    await clock.pass(20);
    expect(told).toEqual([]);
    tell({ ...hello, contract: { refuses: false, events: [['weighed', 'zod/json:0']] } });
    tell(heads);
    await clock.pass(20);
    expect(told).toEqual([{ refused: true }, 'contract']);
  });

  test('in two processes', async () => {
    const { endpoints } = await startBroker('ipc');
    const buyer = node(import.meta.url, 'children/contract.ts', endpoints.in, endpoints.out, 'buyer');
    expect(await buyer.line()).toBe('ready');
    const seller = node(import.meta.url, 'children/contract.ts', endpoints.in, endpoints.out, 'seller');
    expect(await seller.line()).toBe('ready');
    const differences = [{ event: 'produced', reason: 'arguments', arguments: [2] }];
    expect(await seller.json()).toMatchObject({ mismatch: { differences, refused: false } });
    expect(await buyer.json()).toMatchObject({ mismatch: { differences, refused: false } });
    seller.child.stdin?.write('publish\n');
    expect(await buyer.json()).toEqual({
      invalid: {
        reason: 'schema',
        event: 'produced',
        argument: 2,
        issues: [{ message: 'Invalid input: expected string, received number', path: [] }],
        count: 1,
      },
    });
    expect(await buyer.json()).toEqual({ same: ['the same in both'] });
    buyer.child.stdin?.end();
    seller.child.stdin?.end();
    expect(await buyer.exit).toMatchObject({ code: 0, stderr: '' });
    expect(await seller.exit).toMatchObject({ code: 0, stderr: '' });
  });
});
