import { Publisher } from 'zeromq';
import {
  connect,
  contract,
  type Endpoints,
  event,
  extendedValues,
  type InvalidFrame,
  PayloadError,
  Peer,
  RemoteError,
  request,
  requestStream,
  ValidationError,
} from 'mreventloop';
import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { deferred } from '../loop/deferred.ts';
import { startBroker } from '../support/addresses.ts';

/** Starts a peer that stops after the test. */
async function started<P extends { start(): Promise<P>; stop(): Promise<void> }>(peer: P): Promise<P> {
  onTestFinished(() => peer.stop());
  return peer.start();
}

const shop = contract(
  {
    sold: event<[at: Date, cents: bigint]>(),
    checked: [z.date(), z.bigint(), z.map(z.string(), z.set(z.number().or(z.nan()))), z.instanceof(Uint8Array)],
    failed: [z.instanceof(Error), z.number().optional()],
    opened: [],
    doubled: [z.bigint().transform((n) => n * 2n)],
    byOthers: [v.date(), type('bigint')],
  },
  { codec: extendedValues },
);
const NOON = new Date(Date.UTC(2030, 0, 1, 12));

describe('peers with a codec: values beyond JSON', () => {
  test('without schemas, and with those of each library, at both ends', async () => {
    const { endpoints } = await startBroker('inproc');
    const names = ['sold', 'checked', 'failed', 'opened', 'doubled', 'byOthers'] as const;
    const seller = await started(new Peer(endpoints, shop, { publish: names }));
    const buyer = await started(new Peer(endpoints, shop, { subscribe: names }));
    await seller.waitFor({ subscribers: 'sold' });
    const { events } = buyer;
    const arrived = Promise.all([
      events.sold.next(),
      events.checked.next(),
      events.failed.next(),
      events.opened.next(),
      events.doubled.next(),
      events.byOthers.next(),
    ]);
    const map = new Map([['a', new Set([1, Number.NaN])]]);
    await seller.publish.sold(NOON, 300n);
    await seller.publish.checked(NOON, 1n, map, new Uint8Array([1, 2]));
    await seller.publish.failed(new TypeError('no tea'), undefined);
    await seller.publish.opened();
    await seller.publish.doubled(2n);
    await seller.publish.byOthers(NOON, 5n);
    const [sold, checked, failed, opened, doubled, byOthers] = await arrived;
    expect(sold).toStrictEqual([NOON, 300n]);
    expect(checked).toStrictEqual([NOON, 1n, map, new Uint8Array([1, 2])]);
    expect(failed[0]).toBeInstanceOf(TypeError);
    expect(failed[0].message).toBe('no tea');
    expect(failed[1]).toBeUndefined();
    expect(opened).toEqual([]);
    // What was sent is what was given: the transform is applied once.
    expect(doubled).toEqual([4n]);
    expect(byOthers).toStrictEqual([NOON, 5n]);
  });

  test('in packs, and after a replay', async () => {
    const { endpoints } = await startBroker('inproc');
    const seller = await started(new Peer(endpoints, shop, { publish: ['sold'] }));
    for (let i = 0n; i < 10n; i += 1n) void seller.publish.sold(NOON, i);
    await seller.flush();
    const buyer = new Peer(endpoints, shop, { subscribe: { sold: { replay: 5 } } });
    const received: bigint[] = [];
    connect(buyer, 'sold', (_at, cents) => received.push(cents));
    const last = buyer.events.sold.next({ where: (_at, cents) => cents === 19n });
    await started(buyer);
    await seller.waitFor({ subscribers: 'sold' });
    for (let i = 10n; i < 20n; i += 1n) void seller.publish.sold(NOON, i);
    await last;
    expect(received).toEqual(Array.from({ length: 15 }, (_, i) => BigInt(i + 5)));
  });

  test('a peer without a contract sees what is on the wire', async () => {
    const { endpoints } = await startBroker('inproc');
    const plain = await started(new Peer(endpoints.in, endpoints.out, ['sold'], ['sold']));
    const seller = await started(new Peer(endpoints, shop, { publish: ['sold'], subscribe: ['sold'] }));
    await seller.waitFor({ subscribers: 'sold', count: 1 });
    const seen = plain.events.sold.next();
    await seller.publish.sold(NOON, 300n);
    const wire = [{ $date: '2030-01-01T12:00:00.000Z' }, { $bigint: '300' }];
    expect(await seen).toEqual(wire);
    // What it sends in this form is understood.
    const answer = seller.events.sold.next({ where: (_at, cents) => cents === 301n });
    await plain.waitFor({ subscribers: 'sold' });
    await plain.publish.sold(wire[0], { $bigint: '301' });
    expect(await answer).toStrictEqual([NOON, 301n]);
  });

  test('contracts that are made from one have its codec', async () => {
    const more = contract({ ...shop, also: event<[bigint]>() });
    const { endpoints } = await startBroker('inproc');
    const peer = await started(new Peer(endpoints, more, { publish: ['also'], subscribe: ['also'] }));
    const arrived = peer.events.also.next();
    await peer.publish.also(1n);
    expect(await arrived).toEqual([1n]);
  });
});

describe('peers with a codec: what is published', () => {
  test('schemas see what was given', () => {
    const peer = new Peer('inproc://nobody', shop, { publish: ['checked', 'sold'] });
    const wrong = { $date: '2030-01-01T12:00:00.000Z' } as unknown as Date;
    expect(() => peer.publish.checked(wrong, 1n, new Map(), new Uint8Array())).toThrow(ValidationError);
    expect(() => peer.publish.sold((() => 1) as never, 1n)).toThrow(PayloadError);
    expect(() => peer.publish.sold(NOON, [Symbol('x')] as never)).toThrow(
      "argument 2 of event 'sold' cannot be published: it contains a symbol",
    );
    expect(peer.pending).toBe(0);
  });

  test('what cannot be read is refused, and not quoted', () => {
    const peer = new Peer('inproc://nobody', shop, { publish: ['sold'] });
    const broken = {
      get secret(): never {
        throw new RangeError('secret');
      },
    };
    expect(() => peer.publish.sold(NOON, broken as never)).toThrow(
      expect.objectContaining({
        code: 'PAYLOAD',
        message: "argument 2 of event 'sold' cannot be published: it cannot be read",
        cause: expect.objectContaining({ cause: expect.any(RangeError) }),
      }),
    );
  });

  test('is encoded also where it is not checked', async () => {
    const { endpoints } = await startBroker('inproc');
    const seller = new Peer(endpoints, shop, { publish: ['checked'], validateOutgoing: false });
    const plain = await started(new Peer(endpoints.in, endpoints.out, ['checked'], []));
    await started(seller);
    const arrived = plain.events.checked.next();
    await seller.publish.checked(NOON, 'no bigint' as never, new Map(), new Uint8Array());
    expect(await arrived).toEqual([{ $date: NOON.toISOString() }, 'no bigint', { $map: [] }, { $bytes: '' }]);
  });

  test('what waits for a schema is sent as it was', async () => {
    const gate = deferred<boolean>();
    const slow = contract(
      {
        weighed: [
          v.pipeAsync(
            v.map(v.string(), v.bigint()),
            v.checkAsync(() => gate.promise),
          ),
        ],
      },
      { codec: extendedValues },
    );
    const quick = contract({ weighed: event<[Map<string, bigint>]>() }, { codec: extendedValues });
    const { endpoints } = await startBroker('inproc');
    const seller = await started(new Peer(endpoints, slow, { publish: ['weighed'] }));
    const buyer = await started(new Peer(endpoints, quick, { subscribe: ['weighed'] }));
    const arrived = buyer.events.weighed.next();
    const weights = new Map([['tea', 1n]]);
    const published = seller.publish.weighed(weights);
    weights.set('salt', 2n);
    gate.resolve(true);
    await published;
    expect(await arrived).toEqual([new Map([['tea', 1n]])]);
  });
});

const exchange = contract(
  {
    due_at: request([z.bigint(), z.date().optional()], z.date()),
    prices_of: requestStream([z.instanceof(Uint8Array)], z.map(z.string(), z.bigint())),
    nothing: request([z.undefined()], z.undefined()),
  },
  { codec: extendedValues },
);
const EXCHANGED = ['due_at', 'prices_of', 'nothing'] as const;

/** Peers of which one serves what the other asks for. */
async function exchanging() {
  const { endpoints } = await startBroker('inproc');
  const seller = await started(new Peer(endpoints, exchange, { serve: EXCHANGED }));
  const buyer = await started(new Peer(endpoints, exchange, { request: EXCHANGED }));
  return { endpoints, seller, buyer };
}

describe('peers with a codec: requests', () => {
  test('arguments and answers are values beyond JSON', async () => {
    const { seller, buyer } = await exchanging();
    seller.serve.due_at((days, from) => new Date((from ?? NOON).getTime() + Number(days) * 86_400_000));
    seller.serve.nothing((nothing) => nothing);
    expect(await buyer.request.due_at(1n)).toStrictEqual(new Date(Date.UTC(2030, 0, 2, 12)));
    expect(await buyer.request.due_at(2n, new Date(0))).toStrictEqual(new Date(Date.UTC(1970, 0, 3)));
    expect(await buyer.request.nothing(undefined)).toBeUndefined();
  });

  test('and so are streams of answers', async () => {
    const { seller, buyer } = await exchanging();
    seller.serve.prices_of(function* (bytes) {
      for (const byte of bytes) yield new Map([['tea', BigInt(byte)]]);
    });
    const prices: unknown[] = [];
    for await (const price of buyer.request.prices_of(new Uint8Array([1, 2, 255]))) prices.push(price);
    expect(prices).toStrictEqual([new Map([['tea', 1n]]), new Map([['tea', 2n]]), new Map([['tea', 255n]])]);
  });

  test('what cannot be sent is refused where it is asked and where it is answered', async () => {
    const { seller, buyer } = await exchanging();
    seller.serve.due_at(() => (() => NOON) as never);
    const failed = seller.status.requestFailed.next();
    await expect(buyer.request.due_at(Symbol('x') as never)).rejects.toThrow(
      "argument 1 of request 'due_at' cannot be sent: it contains a symbol",
    );
    await expect(buyer.request.due_at(1n)).rejects.toThrow(RemoteError);
    expect((await failed)[0].error).toBeInstanceOf(PayloadError);
  });

  test('what only looks like a value is told where it arrives', async () => {
    const plain = contract({ due_at: exchange.due_at, prices_of: exchange.prices_of, nothing: exchange.nothing });
    const { endpoints } = await startBroker('inproc');
    const options = { validateOutgoing: false } as const;
    const seller = new Peer(endpoints, plain, { serve: ['due_at'], ...options });
    const buyer = new Peer(endpoints, exchange, { request: ['due_at'], ...options });
    const told = Promise.all([seller.status.contractMismatch.next(), buyer.status.contractMismatch.next()]);
    await started(seller);
    await started(buyer);
    const difference = { event: 'due_at', reason: 'codec' };
    expect(await told).toMatchObject([
      [{ differences: [{ ...difference, here: undefined, there: 'extended' }] }],
      [{ differences: [{ ...difference, here: 'extended', there: undefined }] }],
    ]);
    // The server has no codec: it does not know what it was given, and what it says is not what it seems.
    const invalid = Promise.all([seller.status.invalid.next(), buyer.status.invalid.next()]);
    seller.serve.due_at(() => ({ $date: 'tomorrow' }) as never);
    await expect(buyer.request.due_at('1' as never)).rejects.toThrow(RemoteError);
    const lax = contract({ due_at: request([z.unknown()], z.unknown()) });
    const joined = buyer.status.peerJoined.next();
    const other = await started(new Peer(endpoints, lax, { serve: ['due_at'] }));
    other.serve.due_at(() => ({ $date: 'tomorrow' }));
    await joined;
    const left = buyer.status.peerLeft.next();
    await seller.stop();
    await left;
    await expect(buyer.request.due_at(1n)).rejects.toThrow(ValidationError);
    expect(await invalid).toMatchObject([
      [{ reason: 'schema', event: 'due_at', argument: 1 }],
      [{ reason: 'codec', event: 'due_at', argument: 1 }],
    ]);
  });

  test('an argument that only looks like a value is told where it is served, and to whoever asks', async () => {
    const { endpoints, seller } = await exchanging();
    const lax = contract({ due_at: request([z.unknown()], z.unknown()) });
    const stranger = await started(new Peer(endpoints, lax, { request: ['due_at'] }));
    seller.serve.due_at(() => NOON);
    const invalid = seller.status.invalid.next();
    await expect(stranger.request.due_at({ $bigint: 'x' })).rejects.toThrow(
      "argument 1 of request 'due_at' cannot be read",
    );
    expect(await invalid).toMatchObject([{ reason: 'codec', event: 'due_at', argument: 1 }]);
    expect(await stranger.request.due_at({ $bigint: '1' })).toEqual({ $date: NOON.toISOString() });
  });
});

/** A socket that sends what it likes. */
function startStranger(endpoints: Endpoints): Publisher {
  const stranger = new Publisher({ linger: 0 });
  onTestFinished(() => stranger.close());
  stranger.connect(endpoints.out);
  return stranger;
}

describe('peers with a codec: strangers', () => {
  test.each([
    ['{"$date": "yesterday"}, 1', 1],
    ['1, {"a": [{"$bigint": "1e3"}]}', 2],
    ['1, {"$map": [[1, {"$nope": 1}]]}', 2],
    ['1, {"$error": {"name": {}, "message": "x"}}', 2],
    [`1, {"$bytes": "${'*'.repeat(10_000_000)}"}`, 2],
  ])('what only looks like a value is dropped and told, the next event arrives (%#)', async (params, argument) => {
    const { endpoints } = await startBroker('ipc');
    const buyer = new Peer(endpoints, shop, { subscribe: ['sold', 'opened'] });
    const invalid: InvalidFrame[] = [];
    const sold: unknown[] = [];
    connect(buyer.status, 'invalid', (frame) => invalid.push(frame));
    connect(buyer, 'sold', (...args) => sold.push(args));
    await started(buyer);
    const stranger = startStranger(endpoints);
    const say = (method: string, said: string) =>
      stranger.send(`{"jsonrpc": "2.0", "method": "${method}", "params": [${said}]}`);
    // Sockets that are connected need not be subscribed: send until it is heard.
    let heard = false;
    void buyer.events.opened.next().then(() => (heard = true));
    while (!heard) {
      await say('opened', '');
      await new Promise(setImmediate);
    }
    const next = buyer.events.sold.next();
    await say('sold', params);
    await say('sold', '{"$date": "2030-01-01T12:00:00+00:00"}, {"$bigint": "3"}');
    expect(await next).toStrictEqual([NOON, 3n]);
    expect(sold).toHaveLength(1);
    expect(invalid).toEqual([{ reason: 'codec', event: 'sold', argument, count: 1 }]);
  });
});

const plainShop = contract({ sold: shop.sold, failed: shop.failed, opened: shop.opened });

function differences(here: string | undefined, there: string | undefined) {
  return ['sold', 'opened'].map((name) => ({ event: name, reason: 'codec', here, there }));
}

describe('peers with different codecs', () => {
  test('both tell it for every event that they exchange, with and without schemas', async () => {
    const { endpoints } = await startBroker('inproc');
    const seller = new Peer(endpoints, shop, { publish: ['sold', 'opened', 'doubled'] });
    const buyer = new Peer(endpoints, plainShop, { subscribe: ['sold', 'opened', 'failed'] });
    const told = Promise.all([seller.status.contractMismatch.next(), buyer.status.contractMismatch.next()]);
    await started(seller);
    await started(buyer);
    expect(await told).toEqual([
      [{ peer: buyer.id, differences: differences('extended', undefined), refused: false }],
      [{ peer: seller.id, differences: differences(undefined, 'extended'), refused: false }],
    ]);
  });

  test('refused: such events are dropped', async () => {
    const { endpoints } = await startBroker('inproc');
    const seller = new Peer(endpoints, shop, { publish: ['sold'], contractMismatch: 'refuse' });
    const buyer = new Peer(endpoints, plainShop, { subscribe: ['sold'] });
    const told = buyer.status.contractMismatch.next();
    await started(seller);
    await started(buyer);
    await told;
    const invalid = buyer.status.invalid.next();
    await seller.publish.sold(NOON, 1n);
    expect(await invalid).toEqual([{ reason: 'contract', event: 'sold', peer: seller.id, count: 1 }]);
  });

  test('the same codec: nothing to tell', async () => {
    const { endpoints } = await startBroker('inproc');
    const seller = await started(new Peer(endpoints, shop, { publish: ['sold'] }));
    const buyer = new Peer(endpoints, shop, { subscribe: ['sold'] });
    const mismatches: unknown[] = [];
    connect(buyer.status, 'contractMismatch', (mismatch) => mismatches.push(mismatch));
    await started(buyer);
    const arrived = buyer.events.sold.next();
    await seller.waitFor({ subscribers: 'sold' });
    await seller.publish.sold(NOON, 1n);
    await arrived;
    expect(mismatches).toEqual([]);
  });
});
