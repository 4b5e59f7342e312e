import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { type ClientOptions, WebSocket } from 'ws';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  Broker,
  connect,
  contract,
  Peer,
  type Refusal,
  RefusedError,
  request,
  TimeoutError,
  type WebSocketDoorOptions,
} from 'mreventloop';
import { z } from 'zod';
import { makeBus } from '../../src/bus/address.ts';
import { requestPrefixes } from '../../src/wire/json-rpc.ts';
import { methodTo } from '../../src/wire/names.ts';
import { freeEndpoints } from '../support/addresses.ts';
import { Proxy } from '../faults/proxy.ts';

async function listen(options: WebSocketDoorOptions = {}): Promise<Broker & { readonly url: string }> {
  const broker = await Broker.listen({ ws: { port: 0, ...options } });
  onTestFinished(() => broker.stop());
  return broker as Broker & { readonly url: string };
}

function makePeer<const S extends string, const P extends string>(
  { url }: { readonly url: string },
  subscribe: readonly S[],
  publish: readonly P[],
  token?: string,
) {
  const peer = new Peer(url, url, subscribe, publish, { token });
  onTestFinished(() => peer.stop());
  return peer;
}

/** Somebody who does what it likes with a WebSocket. */
class Stranger {
  readonly socket: WebSocket;
  readonly #messages: string[] = [];

  constructor(url: string, options: ClientOptions = {}) {
    this.socket = new WebSocket(url, options);
    this.socket.on('message', (data: Buffer) => this.#messages.push(data.toString()));
    this.socket.on('error', () => {});
    onTestFinished(() => this.socket.terminate());
  }

  static async open(url: string, options: ClientOptions = {}): Promise<Stranger> {
    const stranger = new Stranger(url, options);
    await once(stranger.socket, 'open');
    return stranger;
  }

  static async joined(url: string, token?: string): Promise<Stranger> {
    const stranger = await Stranger.open(url);
    stranger.say(`join ${JSON.stringify({ version: 1, token })}`);
    expect(await stranger.next()).toMatch(/^joined /);
    return stranger;
  }

  say(message: string | Buffer): void {
    this.socket.send(message);
  }

  /** The next message that is no beat. */
  async next(): Promise<string> {
    for (;;) {
      const message = this.#messages.shift();
      if (message === undefined) await once(this.socket, 'message');
      else if (message !== 'beat') return message;
    }
  }

  /** How the connection ended: the code and the reason of the close, or the status that was answered instead. */
  async end(): Promise<[number, string]> {
    const [code, reason] = await Promise.race([
      once(this.socket, 'close') as Promise<[number, Buffer]>,
      (once(this.socket, 'unexpected-response') as Promise<[unknown, { statusCode: number }]>).then(
        ([, { statusCode }]) => [statusCode, ''] as const,
      ),
    ]);
    return [code, String(reason)];
  }
}

function control(to: string, ...params: unknown[]): string {
  return `{"jsonrpc": "2.0", "method": "rpc.mr.${to}", "params": ${JSON.stringify(params)}}`;
}

const X = '{"jsonrpc": "2.0", "method": "x"';

describe('strangers: origin', () => {
  test.each([
    ['of another page', undefined, 'https://evil.example', 403],
    ['null, as of a file or a frame in a sandbox', undefined, 'null', 403],
    ['that is not in the list', ['https://shop.example'], 'https://shop.example.evil.example', 403],
    ['of another port', undefined, 'http://127.0.0.1:1', 403],
    ['in the list', ['https://shop.example'], 'https://shop.example', 'joined'],
    ['any, where all are allowed', '*' as const, 'https://evil.example', 'joined'],
    ['its own', undefined, 'own', 'joined'],
    ['none, as of programs', undefined, undefined, 'joined'],
  ])('%s', async (_, origins, origin, expected) => {
    const broker = await listen({ origins });
    const refusals: Refusal[] = [];
    connect(broker.status, 'refused', (refusal) => refusals.push(refusal));
    const { url } = broker;
    const own = url.replace('ws:', 'http:').replace(/\/$/, '');
    const options = origin === undefined ? {} : { origin: origin === 'own' ? own : origin };
    if (expected === 'joined') await Stranger.open(url, options);
    else expect((await new Stranger(url, options).end())[0]).toBe(expected);
    expect(broker.counters.refused).toBe(expected === 403 ? 1 : 0);
    const told = { reason: `no page of ${origin} is let in`, remoteAddress: '127.0.0.1', error: undefined };
    expect(refusals).toEqual(expected === 403 ? [told] : []);
  });

  test.each([
    ['of a name that somebody had lead here', 'evil.example', '127.0.0.1', 403],
    ['of a name that only looks like it', 'localhost.evil.example', '127.0.0.1', 403],
    ['of an address that is not this one', '0.0.0.0', '127.0.0.1', 403],
    ['of a name that somebody had lead to a server for all addresses', 'evil.example', '::', 403],
    ['of localhost', 'localhost', '127.0.0.1', 'joined'],
    ['of a name below localhost', 'shop.localhost', '127.0.0.1', 'joined'],
    ['of another address of the loopback', '127.0.0.2', '127.0.0.1', 'joined'],
    ['of the loopback’s address in IPv6', '[::1]', '::', 'joined'],
  ] as const)('its own, at a loopback address: %s', async (_, name, host, expected) => {
    const server = createServer().listen(0, host);
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    await listen({ server });
    const { port } = server.address() as AddressInfo;
    const options = { origin: `http://${name}:${port}`, headers: { host: `${name}:${port}` } };
    const url = `ws://127.0.0.1:${port}/`;
    if (expected === 'joined') await Stranger.open(url, options);
    else expect((await new Stranger(url, options).end())[0]).toBe(expected);
  });

  test('another path: not found', async () => {
    const { url } = await listen({ path: '/events' });
    expect((await new Stranger(url.replace('/events', '/')).end())[0]).toBe(404);
    await Stranger.open(`${url}?tab=1`);
  });
});

/** What an `authorize` gives that is wrong; most of it let in anybody once, or ended the broker. */
const WRONG: readonly (readonly [string, unknown])[] = [
  ['a list', []],
  ['an error', new Error('a secret')],
  ['a user', { user: 'Ann' }],
  ['a grant with something else in it', { subscribe: ['x'], publishes: ['y'] }],
  ['a map', new Map()],
  ['a response', new Response(null, { status: 401 })],
  ['something that inherits a grant', Object.create({ subscribe: [] })],
  ['null for a list', { subscribe: ['x'], publish: null }],
  ['a text for a list', { publish: 'secrets' }],
  ['a set for a list', { subscribe: new Set(['x']) }],
  ['a list of what are no names', { subscribe: [['x']] }],
  [
    'a grant that throws',
    {
      get serve(): never {
        throw new Error('a secret');
      },
    },
  ],
  ['a text', 'yes'],
  ['a number', 1],
];

describe('strangers: joining', () => {
  test('nothing said: cut off after the deadline', async () => {
    const { url } = await listen({ joinWithin: 50 });
    expect(await (await Stranger.open(url)).end()).toEqual([4408, 'did not join in time']);
  });

  test.each<[string, WebSocketDoorOptions['authorize'], number]>([
    ['false', () => false, 4401],
    ['a rejection', () => Promise.reject(new Error('a secret')), 4401],
    [
      'an error',
      () => {
        throw new Error('a secret');
      },
      4401,
    ],
    ['nothing', (() => {}) as unknown as () => boolean, 4401],
    ['no answer', () => new Promise(() => {}), 4408],
    ...WRONG.map(([name, value]): [string, () => boolean, number] => [name, () => value as boolean, 4401]),
  ])('authorize gives %s: cut off, and told no details', async (_, authorize, code) => {
    const { url } = await listen({ authorize, joinWithin: 100 });
    const stranger = await Stranger.open(url);
    stranger.say('join {"version": 1, "token": "t"}');
    const end = await stranger.end();
    expect(end[0]).toBe(code);
    expect(end[1]).not.toContain('secret');
  });

  test('authorize lets in somebody who is gone by then: that is too late, and changes nothing', async () => {
    const answers: (() => void)[] = [];
    const { url } = await listen({
      authorize: (token) => token === 'first' || new Promise((resolve) => answers.push(() => resolve(true))),
      joinWithin: 100,
    });
    const first = await Stranger.open(url);
    first.say('join {"version": 1, "token": "first"}');
    const { key } = JSON.parse((await first.next()).slice('joined '.length)) as { key: string };
    const late = await Stranger.open(url);
    late.say(`join ${JSON.stringify({ version: 1, instead: key })}`);
    expect((await late.end())[0]).toBe(4408);
    for (const answer of answers) answer();
    first.say(`subscribe ${JSON.stringify([X])}`);
    first.say(`${X}}`);
    expect(await first.next()).toBe(`${X}}`);
  });

  test.each([
    ['a frame', `${X}}`],
    ['that it joins', 'join {"version": 1}'],
    ['what it wants', `subscribe ${JSON.stringify([X])}`],
  ])('%s before it is let in: cut off, and that is not read', async (_, message) => {
    const broker = await listen({ authorize: () => new Promise(() => {}) });
    const stranger = await Stranger.open(broker.url);
    stranger.say('join {"version": 1}');
    stranger.say(message);
    expect((await stranger.end())[0]).toBe(4400);
    expect(broker.counters).toMatchObject({ frames: 0, refused: 1 });
  });

  test('authorize gives what is no grant: the process warns, once', async () => {
    const warnings: Error[] = [];
    const warn = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warn);
    onTestFinished(() => void process.off('warning', warn));
    const { url } = await listen({ authorize: () => ({ user: 'Ann' }) as {} });
    for (let i = 0; i < 3; i += 1) {
      const stranger = await Stranger.open(url);
      stranger.say('join {"version": 1}');
      expect((await stranger.end())[0]).toBe(4401);
    }
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining('nobody is let in')]);
  });

  test('authorize changes a grant that it gave: that is for others', async () => {
    const grant = { publish: ['x'] };
    const { url } = await listen({ authorize: () => grant });
    const stranger = await Stranger.joined(url);
    grant.publish.push('y');
    stranger.say('{"jsonrpc": "2.0", "method": "y"}');
    expect((await stranger.end())[0]).toBe(4403);
  });

  test('authorize is shown the token and the request', async () => {
    const asked: unknown[] = [];
    const { url } = await listen({
      path: '/events',
      authorize: (token, request) => {
        asked.push(token, request.url, request.headers['user-agent'], request.remoteAddress);
        return true;
      },
    });
    const stranger = await Stranger.open(`${url}?tab=1`, { headers: { 'user-agent': 'test' } });
    stranger.say('join {"version": 1, "token": "secret"}');
    await stranger.next();
    expect(asked).toEqual(['secret', '/events?tab=1', 'test', '127.0.0.1']);
  });

  test('a peer that is refused: its start says so, without waiting for the timeout', async () => {
    const broker = await listen({ authorize: (token) => token === 'secret' });
    const start = makePeer(broker, [], [], 'wrong').start({ timeout: 60_000 });
    await expect(start).rejects.toThrow(RefusedError);
    await expect(start).rejects.toThrow(`the broker at '${broker.url}' refused this peer: not authorized`);
    expect((await makePeer(broker, [], [], 'secret').start()).ready).toBe(true);
  });

  test('what authorize threw: the broker tells, and the peer learns nothing of it', async () => {
    const error = new Error('the database is away');
    const broker = await listen({
      authorize() {
        throw error;
      },
    });
    const refused = broker.status.refused.next();
    await expect(makePeer(broker, [], []).start()).rejects.toThrow(/refused this peer: not authorized$/);
    expect(await refused).toEqual([{ reason: 'not authorized', remoteAddress: '127.0.0.1', error }]);
  });

  test('a peer that is not let in within the time: its start says so, and the broker', async () => {
    const broker = await listen({ authorize: () => new Promise(() => {}), joinWithin: 50 });
    const refused = broker.status.refused.next();
    const start = makePeer(broker, [], []).start({ timeout: 60_000 });
    await expect(start).rejects.toThrow(`the broker at '${broker.url}' refused this peer: did not join in time`);
    expect(await refused).toMatchObject([{ reason: 'did not join in time', error: undefined }]);
  });

  test('a peer whose token fails or expires: it is told, and is back with another one', async () => {
    let valid = 'first';
    const broker = await listen({ authorize: async (token) => token === valid });
    const tokens = ['first', 'first', undefined, 'second'];
    const peer = new Peer(broker.url, broker.url, [], ['x'], {
      token: async () => {
        const token = tokens.shift();
        if (token === undefined) throw new Error('nobody is logged in');
        return token;
      },
    });
    onTestFinished(() => peer.stop());
    await peer.start();
    valid = 'second';
    const refused = peer.status.refused.stream();
    const connected = peer.status.connected.next();
    await broker.stop();
    await broker.start();
    const messages: string[] = [];
    for await (const [error] of refused) {
      messages.push(error.message);
      if (messages.length === 2) break;
    }
    expect(messages).toEqual([expect.stringContaining('not authorized'), expect.stringContaining('no token')]);
    await connected;
  });

  test.each<[string, unknown, string]>([
    ['null', null, 'its token is no text'],
    ['a number', 5, 'its token is no text'],
    ['a function that gives null', () => null, 'its token is no text'],
    ['one that promises an object', async () => ({ token: 'secret' }), 'its token is no text'],
    ['a text without end', 't'.repeat(16_385), 'its token has more than 16384 characters'],
  ])('a peer whose token is %s: its start says so, and the broker, and nobody is asked', async (_, token, reason) => {
    const broker = await listen({ authorize: () => Promise.reject(new Error('asked')) });
    const refused = broker.status.refused.next();
    const peer = new Peer(broker.url, [], [], { token: token as string });
    onTestFinished(() => peer.stop());
    const start = peer.start({ timeout: 60_000 });
    await expect(start).rejects.toThrow(RefusedError);
    await expect(start).rejects.toThrow(`the broker at '${broker.url}' refused this peer: ${reason}`);
    expect(await refused).toMatchObject([{ reason, error: undefined }]);
  });

  test('a token as long as they may be, whatever is in it, is shown', async () => {
    const token = '"\u0001'.repeat(8_192);
    const broker = await listen({ authorize: (shown) => shown === token });
    expect((await makePeer(broker, [], [], token).start()).ready).toBe(true);
  });

  test('a peer whose token does not come: its start says so before it gives up waiting for a broker', async () => {
    const broker = await listen();
    let asked: (() => void) | undefined;
    const isAsked = new Promise<void>((resolve) => (asked = resolve));
    const peer = new Peer(broker.url, [], [], { token: () => (asked?.(), new Promise<string>(() => {})) });
    onTestFinished(() => peer.stop());
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const told = peer.start().catch((error: unknown) => error);
    await isAsked;
    vi.advanceTimersByTime(4_000);
    const cause: unknown = expect.objectContaining({ message: 'it did not come in time' });
    expect(await told).toBeInstanceOf(RefusedError);
    expect(await told).toMatchObject({ message: 'there is no token to show to the broker', cause });
  });

  test.each([
    ['a frame', `${X}}`],
    ['another word', 'subscribe []'],
    ['another version', 'join {"version": 2}'],
    ['a token that is no text', 'join {"version": 1, "token": {}}'],
    ['a token without end', `join {"version": 1, "token": "${'t'.repeat(20_000)}"}`],
    ['no JSON', 'join {'],
    ['nothing', ''],
    ['bytes', Buffer.from('join {"version": 1}')],
  ])('%s instead of joining: cut off', async (_, message) => {
    const { url } = await listen();
    const stranger = await Stranger.open(url);
    stranger.say(message);
    expect((await stranger.end())[0]).toBe(4400);
  });
});

function numbersTo(end: number): number[] {
  return Array.from({ length: end }, (_, i) => i);
}

/** A numbered message to one peer. */
const said = (id: string, ...params: readonly unknown[]): string =>
  `{"jsonrpc": "2.0", "method": "rpc.mr.@C", "params": ${JSON.stringify(params)}, "id": "${id}"}`;

describe('strangers: what they may do', () => {
  const ID = 'AAAAAAAAAAA';
  const own = `{"jsonrpc": "2.0", "method": "rpc.mr.@${ID}"`;
  /** May hear x and publish y. */
  async function restricted() {
    const broker = await listen({
      authorize: (token) => (token === 'all' ? true : { subscribe: ['x'], publish: ['y'], request: ['q'], serve: [] }),
    });
    const stranger = await Stranger.joined(broker.url, 'some');
    stranger.say(`subscribe ${JSON.stringify([X, `[${X}`, own, `[${own}`])}`);
    return { broker, stranger };
  }

  test('what it may: it hears and publishes', async () => {
    const { broker } = await restricted();
    const peer = makePeer(broker, ['x'], ['y'], 'some');
    const other = makePeer(broker, ['y'], ['x'], 'all');
    const [xs, ys]: unknown[][] = [[], []];
    connect(peer, 'x', (value) => xs?.push(value));
    connect(other, 'y', (value) => ys?.push(value));
    await peer.start();
    await other.start();
    await peer.waitFor({ subscribers: 'y', timeout: 5_000 });
    await other.waitFor({ subscribers: 'x', timeout: 5_000 });
    for (let i = 0; i < 100; i += 1) {
      void peer.publish.y(i);
      void other.publish.x(i);
    }
    await Promise.all([peer.flush({ timeout: 5_000 }), other.flush({ timeout: 5_000 })]);
    expect([xs, ys]).toEqual([numbersTo(100), numbersTo(100)]);
  });

  test.each([
    ['another event', '{"jsonrpc": "2.0", "method": "y"'],
    ['everything', ''],
    ['all of one beginning', X.slice(0, -1)],
    ['what is said to another peer', '{"jsonrpc": "2.0", "method": "rpc.mr.@BBBBBBBBBBB"'],
    ['what is said to all others', '{"jsonrpc": "2.0", "method": "rpc.mr.@'],
    ['its id alone', `${ID}"`],
  ])('subscribe to %s: cut off', async (_, prefix) => {
    const { stranger } = await restricted();
    stranger.say(`subscribe ${JSON.stringify([prefix])}`);
    expect((await stranger.end())[0]).toBe(4403);
  });

  test.each([
    ['another event', `${X}}`],
    ['another event behind a good one', `[{"jsonrpc": "2.0", "method": "y"}, ${X}}]`],
    ['another event in a second line', `{"jsonrpc": "2.0", "method": "y"}\n${X}}`],
    ['two methods in one', `{"jsonrpc": "2.0", "method": "y", "method": "x"}`],
    ['an event of another peer', `{"jsonrpc": "2.0", "method": "y", "id": "BBBBBBBBBBB:1:1"}`],
    ['another event as a replay', control('@BBBBBBBBBBB', 'replay', ID, [['x', `${ID}:1:1`, [[]]]], [])],
    ['a pack of another event', control('pack.x', `${ID}:1:1`, [[1], [2]])],
    ['a pack of another peer', control('pack.y', 'BBBBBBBBBBB:1:1', [[1], [2]])],
    ['a pack that is none', control('pack.y', 'BBBBBBBBBBB', [[1], [2]])],
    ['a pack that comes after no number', control('pack.y', `${ID}:1:1`, [[1], [2]], [], [['x']])],
    ['what only brokers say', control('@' + ID, 'broker', '')],
    ['good-bye for another peer', control('all', 'bye', 'BBBBBBBBBBB', [])],
    ['that it subscribes to more', control('all', 'hello', ID, ['x', 'y'], [], true, 0)],
    ['that it publishes more', control('all', 'hello', ID, [], ['x', 'y'], true, 0)],
    ['a question that it may not ask', said(`${ID}~1:1:1`, 'call', 1, 'BBBBBBBBBBB')],
    ['such a question for a stream', said(`${ID}~1:1:1`, 'stream', 1, 'BBBBBBBBBBB', 8)],
    [
      'such a question in a pack',
      control('pack.rpc.mr.@C', `${ID}~1:1:1`, [
        ['call', 1, 'q'],
        ['call', 2, 'x'],
      ]),
    ],
    [
      'such a question as a replay',
      control('@C', 'replay', `${ID}~1`, [['rpc.mr.@C', `${ID}~1:1:1`, [['call', 1, 'x']]]], []),
    ],
    ['a question of another peer', said('BBBBBBBBBBB~1:1:1', 'call', 1, 'q')],
    ['something about a channel of others', control('@C', 'ack', 'BBBBBBBBBBB~1', 3)],
    ['what is no question', said(`${ID}~1:1:1`, 'BBBBBBBBBBB', 1)],
    ['that it serves', control('all', 'hello', ID, [], [], true, 0, null, ['x'])],
    ['that an event is to be stored', control('all', 'hello', ID, [], [], true, 0, null, null, null, ['x'])],
    [
      'that one that it may have is to be stored',
      control('all', 'hello', ID, [], [], true, 0, null, null, null, ['y']),
    ],
    ['what is no JSON', '{"jsonrpc": "2.0", "method": "y", "params": [NaN]}'],
  ])('say %s: cut off, and nobody hears it', async (_, frame) => {
    const { broker, stranger } = await restricted();
    const witness = await Stranger.joined(broker.url, 'all');
    witness.say(`subscribe ${JSON.stringify(['', '{', '['])}`);
    stranger.say(control('@' + ID, 'probe', ID, 1));
    expect(await witness.next()).toContain('probe');
    stranger.say(frame);
    expect((await stranger.end())[0]).toBe(4403);
    witness.say('{"jsonrpc": "2.0", "method": "end"}');
    const rest = [await witness.next()];
    while (!rest.at(-1)?.includes('end')) rest.push(await witness.next());
    expect(rest.join('\n')).not.toMatch(/"x"|BBBBBBBBBBB|NaN/);
  });

  test.each([
    ['over WebSockets', 'ws'],
    ['over a plain socket', 'ipc'],
    ['over ZeroMQ', 'tcp'],
    ['in this thread', 'inproc'],
    ['at a port', 'port'],
  ] as const)('become another peer, which came in %s: cut off', async (_, how) => {
    const zmq = how === 'ws' || how === 'port' ? undefined : freeEndpoints(how);
    const broker = await Broker.listen({ zmq, ws: { port: 0, authorize: (token) => token === 'all' || {} } });
    onTestFinished(() => broker.stop());
    const { port1, port2 } = new MessageChannel();
    onTestFinished(() => port1.close());
    broker.attach(port1);
    const { in: inAddress, out } = broker.endpoints;
    const other =
      how === 'port'
        ? new Peer(port2, ['x'], [])
        : new Peer(how === 'ws' ? (broker.url ?? '') : inAddress, how === 'ws' ? (broker.url ?? '') : out, ['x'], [], {
            token: 'all',
          });
    onTestFinished(() => other.stop());
    await other.start();
    for (const prefix of requestPrefixes(methodTo(other.id))) {
      const stranger = await Stranger.joined(broker.url ?? '');
      stranger.say(`subscribe ${JSON.stringify([prefix])}`);
      expect(await stranger.end()).toEqual([4409, 'its id is in use: another peer is here that has it']);
    }
    await other.stop();
    const heir = await Stranger.joined(broker.url ?? '');
    const prefix = requestPrefixes(methodTo(other.id))[0] ?? '';
    // ZeroMQ says a moment later that nobody subscribes any more.
    if (how === 'tcp') return;
    heir.say(`subscribe ${JSON.stringify([prefix])}`);
    heir.say(`${prefix}, "params": ["probe", "${other.id}", 1]}`);
    expect(await heir.next()).toContain('probe');
  });

  test.each([
    ['subscribe to an event', `subscribe ${JSON.stringify([X])}`],
    ['publish an event', '{"jsonrpc": "2.0", "method": "y"}'],
    ['serve a request', control('all', 'hello', ID, [], [], true, 0, null, ['q'])],
    ['ask', said(`${ID}~1:1:1`, 'call', 1, 'q')],
  ])('%s, where the grant has no list of that: cut off', async (_, message) => {
    const { url } = await listen({ authorize: () => ({}) });
    const stranger = await Stranger.joined(url);
    stranger.say(`subscribe ${JSON.stringify([own, `[${own}`])}`);
    stranger.say(control('@' + ID, 'probe', ID, 1));
    expect(await stranger.next()).toContain('probe');
    stranger.say(message);
    expect((await stranger.end())[0]).toBe(4403);
  });

  test('two of them with one id at once: one is cut off', async () => {
    const { broker, stranger } = await restricted();
    stranger.say(control('@' + ID, 'probe', ID, 1));
    await stranger.next();
    const second = await Stranger.joined(broker.url, 'some');
    second.say(`subscribe ${JSON.stringify([own])}`);
    expect((await second.end())[0]).toBe(4409);
  });

  test('come back while the broker takes its old link for alive: the old one ends, and not for others', async () => {
    const { url } = await listen({ authorize: (token) => token !== 'wrong' && {} });
    const join = async (token: string, instead?: string) => {
      const stranger = await Stranger.open(url);
      const end = stranger.end();
      stranger.say(`join ${JSON.stringify({ version: 1, token, instead })}`);
      return { stranger, end };
    };
    const { stranger: old, end } = await join('some');
    const { key } = JSON.parse((await old.next()).slice('joined '.length)) as { key: string };
    old.say(`subscribe ${JSON.stringify([own])}`);
    old.say(control('@' + ID, 'probe', ID, 1));
    expect(await old.next()).toContain('probe');
    expect((await (await join('wrong', key)).end)[0]).toBe(4401);
    const other = await join('some', 'another key');
    await other.stranger.next();
    other.stranger.say(`subscribe ${JSON.stringify([own])}`);
    expect((await other.end)[0]).toBe(4409);
    const { stranger: back } = await join('some', key);
    expect(await end).toEqual([1000, 'came back over another connection']);
    await back.next();
    back.say(`subscribe ${JSON.stringify([own])}`);
    back.say(control('@' + ID, 'probe', ID, 2));
    expect(await back.next()).toContain('probe');
  });

  test('a peer whose link broke only on its side is back at once, and lacks nothing', async () => {
    const broker = await listen({ authorize: (token) => token === 'all' || { subscribe: ['x'] } });
    const proxy = await Proxy.start(broker.url.replace('ws:', 'tcp:'));
    onTestFinished(() => proxy.stop());
    const peer = makePeer({ url: proxy.address.replace('tcp:', 'ws:') }, ['x'], []);
    const sender = makePeer(broker, [], ['x'], 'all');
    const received: unknown[] = [];
    const refusals: unknown[] = [];
    connect(peer, 'x', (value) => received.push(value));
    connect(peer.status, 'refused', (error) => refusals.push(error));
    await peer.start();
    await sender.start();
    await sender.waitFor({ subscribers: 'x', timeout: 5_000 });
    for (let i = 0; i < 10; i += 1) {
      const connected = peer.status.connected.next({ timeout: 5_000 });
      proxy.halve();
      void sender.publish.x(i);
      await connected;
    }
    await sender.flush({ timeout: 5_000 });
    expect([received, refusals]).toEqual([numbersTo(10), []]);
  });

  test('a peer that cannot show that it was here is back when its old link counts as dead', async () => {
    const broker = await listen({ heartbeat: 600, authorize: () => ({}) });
    const dead = await Stranger.open(broker.url, { autoPong: false });
    const end = dead.end();
    dead.say('join {"version": 1}');
    await dead.next();
    dead.say(`subscribe ${JSON.stringify([own])}`);
    dead.say(control('@' + ID, 'probe', ID, 1));
    expect(await dead.next()).toContain('probe');
    const bus = await makeBus({ in: broker.url, out: broker.url });
    onTestFinished(() => bus.close());
    const refusals: string[] = [];
    const frames: string[] = [];
    await bus.open({
      frame: (frame) => frames.push(frame),
      unreadable() {},
      down() {},
      refused: ({ message }) => refusals.push(message),
    });
    bus.subscribe({ name: ID, prefixes: [own] });
    await expect.poll(() => refusals, { timeout: 5_000 }).toEqual([expect.stringContaining('its id is in use')]);
    expect((await end)[0]).toBe(1006);
    const isBack = (): boolean => {
      bus.send(ID, control('@' + ID, 'probe', ID, 2));
      return frames.length > 0;
    };
    await expect.poll(isBack, { timeout: 5_000 }).toBe(true);
  });

  test('hear a replay of other events, that was asked for in its name: it does not', async () => {
    const { broker, stranger } = await restricted();
    const publisher = await Stranger.joined(broker.url, 'all');
    const replay = (method: string): string =>
      control('@' + ID, 'replay', 'BBBBBBBBBBB', [[method, 'BBBBBBBBBBB:1:1', [[method]]]], []);
    stranger.say(control('@' + ID, 'probe', ID, 1));
    expect(await stranger.next()).toContain('probe');
    // What is said to it alone may have to be repeated, too.
    const toIt = replay(`rpc.mr.@${ID}`);
    publisher.say([replay('z'), toIt, replay('x')].join('\n'));
    expect(await stranger.next()).toBe(`${toIt}\n${replay('x')}`);
  });

  test('a peer asks what it may, and nothing else', async () => {
    const { broker } = await restricted();
    const shop = contract({ q: request([], z.number()), other: request([], z.number()) });
    const seller = new Peer(broker.url, shop, { serve: ['q', 'other'], token: 'all' });
    const buyer = new Peer(broker.url, shop, { request: ['q', 'other'], token: 'some' });
    onTestFinished(async () => {
      await Promise.all([buyer.stop(), seller.stop()]);
    });
    seller.serve.q(() => 3);
    seller.serve.other(() => 4);
    await seller.start();
    await buyer.start();
    expect(await buyer.request.q()).toBe(3);
    const refused = buyer.status.refused.next();
    await expect(buyer.request.other({ timeout: 200 })).rejects.toThrow(TimeoutError);
    expect((await refused)[0]).toMatchObject({ code: 'REFUSED' });
  });

  test('a peer that wants more than it may: its start says so', async () => {
    const { broker } = await restricted();
    await expect(makePeer(broker, ['x', 'z'], [], 'some').start()).rejects.toThrow(
      /refused this peer: may not subscribe/,
    );
  });

  test('a peer that would publish more than it may: it is told', async () => {
    const { broker } = await restricted();
    const peer = makePeer(broker, [], ['x'], 'some');
    const refused = peer.status.refused.next();
    await peer.start();
    expect((await refused)[0]).toMatchObject({
      code: 'REFUSED',
      message: expect.stringContaining('may not publish') as string,
    });
  });
});

describe('strangers: how much they may do', () => {
  test('a message above maxPayload: cut off', async () => {
    const { url } = await listen({ maxPayload: 2_200_000 });
    const stranger = await Stranger.joined(url);
    stranger.say(`${X}, "params": ["${'x'.repeat(2_200_000)}"]}`);
    expect((await stranger.end())[0]).toBe(1009);
  });

  test('what the library cuts off is told and counted as well', async () => {
    const broker = await listen({ maxPayload: 2_200_000 });
    const reasons: string[] = [];
    connect(broker.status, 'refused', ({ reason }) => reasons.push(reason));
    const stranger = await Stranger.joined(broker.url);
    stranger.say('x'.repeat(3_000_000));
    expect((await stranger.end())[0]).toBe(1009);
    await expect.poll(() => broker.counters.refused).toBe(1);
    expect(reasons).toEqual([expect.stringContaining('cannot be taken')]);
    const another = await Stranger.joined(broker.url);
    // It is cut off for the first, and the second is too large.
    another.say('nonsense');
    another.say('x'.repeat(3_000_000));
    await another.end();
    // Who comes and is cut off after it was counted after it.
    const last = await Stranger.joined(broker.url);
    last.say('nonsense');
    await last.end();
    await expect.poll(() => broker.counters.refused).toBeGreaterThanOrEqual(3);
    expect(reasons.slice(1)).toEqual(['a message that makes no sense here', 'a message that makes no sense here']);
  });

  test('what the library cuts off is told once, also if it does not leave', async () => {
    const broker = await listen({ maxPayload: 2_200_000, joinWithin: 1_000 });
    const reasons: string[] = [];
    connect(broker.status, 'refused', ({ reason }) => reasons.push(reason));
    const stranger = await Stranger.open(broker.url);
    stranger.socket.pause();
    const refused = broker.status.refused.next();
    stranger.say('x'.repeat(3_000_000));
    await refused;
    // Whose time is over later.
    const another = await Stranger.open(broker.url);
    await another.end();
    expect(reasons).toEqual([expect.stringContaining('cannot be taken'), 'did not join in time']);
  });

  test('pongs without end: read no faster than messages', async () => {
    const { url } = await listen({ bytesPerSecond: 100_000 });
    const stranger = await Stranger.joined(url);
    const publisher = new Peer<{}, { x: [n: number] }>(url, [], ['x']);
    const subscriber = new Peer<{ x: [n: number] }, {}>(url, ['x'], []);
    for (const peer of [publisher, subscriber]) {
      onTestFinished(() => peer.stop({ timeout: 0 }));
      await peer.start();
    }
    await publisher.waitFor({ subscribers: 'x' });
    const data = Buffer.alloc(125);
    for (let i = 0; i < 160_000; i += 1) stranger.socket.pong(data);
    // Meanwhile, others go on.
    for (let n = 0; n < 200; n += 1) {
      const next = subscriber.events.x.next();
      await publisher.publish.x(n);
      await next;
    }
    expect(stranger.socket.bufferedAmount).toBeGreaterThan(10_000_000);
  });

  test('pings: read no faster than messages', async () => {
    const { url } = await listen({ messagesPerSecond: 100 });
    const stranger = await Stranger.joined(url);
    const began = performance.now();
    // One at a time: the library cuts off who sends many at once.
    for (let i = 0; i < 150; i += 1) {
      stranger.socket.ping();
      await once(stranger.socket, 'pong');
    }
    expect(performance.now() - began).toBeGreaterThan(400);
  });

  test('a message in too many fragments: cut off', async () => {
    const { url } = await listen();
    const stranger = await Stranger.joined(url);
    const end = stranger.end();
    for (let i = 0; i < 20_000; i += 1) stranger.socket.send('x', { fin: false });
    expect((await end)[0]).toBe(1008);
  });

  test('subscribing without end: cut off', async () => {
    const { url } = await listen();
    const stranger = await Stranger.joined(url);
    const end = stranger.end();
    const long = 'x'.repeat(2_000);
    for (let i = 0; i < 50; i += 1) {
      stranger.say(`subscribe ${JSON.stringify(Array.from({ length: 100 }, (_, k) => `${i}.${k}.${long}`))}`);
    }
    expect((await end)[0]).toBe(4403);
  });

  test.each([
    ['prefixes of 129 lengths', Array.from({ length: 128 }, (_, i) => 'x'.repeat(i)), 'x'.repeat(128)],
    ['a prefix of more than 2 Ki characters', ['x'.repeat(2_048)], 'x'.repeat(2_049)],
    ['more than 100,000 prefixes', Array.from({ length: 99_999 }, (_, i) => `${i}`), 'x'],
  ])('subscribing to %s: cut off', async (_, most, tooMuch) => {
    const broker = await listen();
    const stranger = await Stranger.joined(broker.url);
    stranger.say(`subscribe ${JSON.stringify([X, ...most])}`);
    stranger.say(`${X}}`);
    expect(await stranger.next()).toBe(`${X}}`);
    stranger.say(`subscribe ${JSON.stringify([tooMuch])}`);
    expect(await stranger.end()).toEqual([4403, expect.stringContaining('too many lengths')]);
  });

  test('a peer with a thousand events, of all lengths that names have: it is let in', async () => {
    const broker = await listen();
    const names = Array.from({ length: 1_000 }, (_, i) => `${i}`.padEnd(3 + (i % 100), 'x'));
    expect((await makePeer(broker, names, names).start()).ready).toBe(true);
    expect(broker.counters.refused).toBe(0);
  });

  test('more than the rate: what comes next is read later, and nothing is lost', async () => {
    const broker = await listen({ messagesPerSecond: 200 });
    const stranger = await Stranger.joined(broker.url);
    stranger.say(`subscribe ${JSON.stringify([X])}`);
    const began = performance.now();
    const received: string[] = [];
    // One packet may hold the first 300; a second's worth may come at once.
    for (let i = 0; i < 300; i += 1) stranger.say(`${X}, "params": [${i}]}`);
    while (received.length < 300) received.push(...(await stranger.next()).split('\n'));
    stranger.say(`${X}, "params": [300]}`);
    received.push(await stranger.next());
    expect(performance.now() - began).toBeGreaterThan(400);
    expect(received).toEqual(Array.from({ length: 301 }, (_, i) => `${X}, "params": [${i}]}`));
  });

  test('more frames in a message than the rate: what comes next is read later', async () => {
    // It is not taken for dead while it is not read.
    const broker = await listen({ messagesPerSecond: 200, heartbeat: 150 });
    const stranger = await Stranger.joined(broker.url);
    stranger.say(`subscribe ${JSON.stringify([X])}`);
    const frames = Array.from({ length: 300 }, (_, i) => `${X}, "params": [${i}]}`);
    const began = performance.now();
    stranger.say(frames.join('\n'));
    expect(await stranger.next()).toBe(frames.join('\n'));
    stranger.say(`${X}, "params": [300]}`);
    await stranger.next();
    expect(performance.now() - began).toBeGreaterThan(400);
  });

  test.each([
    ['nothing but line breaks', '\n'.repeat(4 * 1024 * 1024)],
    ['an empty frame behind a good one', `${X}}\n\n${X}}`],
    ['a frame that is no JSON', `${X}}\n{\n${X}}`],
    ['a frame that is no request', '{"jsonrpc": "2.0", "result": 1}'],
  ])('%s: cut off at once, and nothing behind it is read', async (_, message) => {
    const broker = await listen();
    const stranger = await Stranger.joined(broker.url);
    stranger.say(message);
    expect((await stranger.end())[0]).toBe(4400);
    expect(broker.counters).toMatchObject({ frames: message.startsWith(X) ? 1 : 0, invalid: 1, refused: 1 });
  });

  test('cut off: what it says after that is not read', async () => {
    const broker = await listen();
    const stranger = await Stranger.joined(broker.url);
    stranger.say('nonsense');
    stranger.say(`${X}}`);
    stranger.say('nonsense');
    expect((await stranger.end())[0]).toBe(4400);
    expect(broker.counters).toMatchObject({ frames: 0, refused: 1 });
  });

  test.each([
    ['did what makes no sense', 5_000],
    ['has another connection', 0],
  ])('cut off because it %s: its connection ends, even if it keeps it', async (_, within) => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const connection = once(server, 'connection') as Promise<[Socket]>;
    const broker = await listen({ server });
    const stranger = await Stranger.open(broker.url);
    stranger.say('join {"version": 1}');
    const { key } = JSON.parse((await stranger.next()).slice('joined '.length)) as { key: string };
    const closed = once((await connection)[0], 'close');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    stranger.socket.pause();
    if (within === 0) {
      const another = await Stranger.open(broker.url);
      another.say(`join ${JSON.stringify({ version: 1, instead: key })}`);
      await another.next();
    } else {
      const refused = broker.status.refused.next();
      stranger.say('nonsense');
      await refused;
    }
    vi.advanceTimersByTime(within);
    await closed;
  });

  test.each([
    ['it does not read', false],
    ['it does not read, but goes on talking', true],
  ])(
    '%s: cut off when too much has waited for a heartbeat, and others go on',
    async (_, talks) => {
      // Long enough to fill what lies between them, on a busy machine, too.
      const broker = await listen({ maxBuffered: 1_000_000, heartbeat: 3_000 });
      const slow = await Stranger.joined(broker.url);
      slow.say(`subscribe ${JSON.stringify(requestPrefixes('x'))}`);
      slow.say(`${X}, "params": ["hello"]}`);
      await slow.next();
      const [sender, receiver] = [makePeer(broker, [], ['x']), makePeer(broker, ['x'], [])];
      let count = 0;
      connect(receiver, 'x', () => (count += 1));
      await receiver.start();
      await sender.start();
      await sender.waitFor({ subscribers: 'x', timeout: 5_000 });
      slow.socket.pause();
      for (let i = 0; i < 500; i += 1) void sender.publish.x('x'.repeat(40_000));
      await sender.flush({ timeout: 20_000 });
      expect(count).toBe(500);
      const refused = (): number => {
        if (talks) slow.socket.pong();
        return broker.counters.refused;
      };
      await expect.poll(refused, { timeout: 5_000 }).toBe(1);
      const end = slow.end();
      slow.socket.resume();
      expect(await end).toEqual([4413, 'too slow: it does not take what is sent to it']);
    },
    30_000,
  );

  test('bursts beyond maxBuffered: dropped, repaired, and nobody is cut off', async () => {
    const broker = await listen({ maxBuffered: 300_000 });
    const [sender, receiver] = [makePeer(broker, [], ['x']), makePeer(broker, ['x'], [])];
    const received: unknown[] = [];
    const disconnected: unknown[] = [];
    connect(receiver, 'x', (value) => received.push(value));
    connect(receiver.status, 'disconnected', (reason) => disconnected.push(reason));
    await receiver.start();
    await sender.start();
    await sender.waitFor({ subscribers: 'x', timeout: 5_000 });
    for (let i = 0; i < 500; i += 1) void sender.publish.x(i, 'x'.repeat(10_000));
    await sender.flush({ timeout: 20_000 });
    expect(received).toEqual(Array.from({ length: 500 }, (_, i) => i));
    expect(disconnected).toEqual([]);
  }, 30_000);

  test('a peer that was cut off for being slow comes back and lacks nothing', async () => {
    const broker = await listen({ maxBuffered: 1_500_000, heartbeat: 300 });
    const proxy = await Proxy.start(broker.url.replace('ws:', 'tcp:'));
    onTestFinished(() => proxy.stop());
    const url = proxy.address.replace('tcp:', 'ws:');
    const [sender, receiver] = [makePeer(broker, [], ['x']), makePeer({ url }, ['x'], [])];
    const received: unknown[] = [];
    connect(receiver, 'x', (value) => received.push(value));
    await receiver.start();
    await sender.start();
    await sender.waitFor({ subscribers: 'x', timeout: 5_000 });
    const disconnected = receiver.status.disconnected.next();
    await proxy.during('stall', async () => {
      for (let i = 0; i < 1_000; i += 1) void sender.publish.x(i, 'x'.repeat(10_000));
      await disconnected;
    });
    await sender.flush({ timeout: 20_000 });
    expect(received).toEqual(Array.from({ length: 1_000 }, (_, i) => i));
  }, 30_000);
});

describe('heartbeat', () => {
  test('a peer that does not answer is dropped within it', async () => {
    const { url } = await listen({ heartbeat: 150 });
    const stranger = await Stranger.open(url, { autoPong: false });
    const began = performance.now();
    stranger.say('join {"version": 1}');
    expect((await stranger.end())[0]).toBe(1006);
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  test('a peer that answers stays', async () => {
    const { url } = await listen({ heartbeat: 60, joinWithin: 150 });
    const stranger = await Stranger.joined(url);
    for (let i = 0; i < 10; i += 1) await once(stranger.socket, 'ping');
    stranger.say(`subscribe ${JSON.stringify([X])}`);
    stranger.say(`${X}}`);
    expect(await stranger.next()).toBe(`${X}}`);
  });

  test('a peer that says something stays', async () => {
    const { url } = await listen({ heartbeat: 60 });
    const stranger = await Stranger.open(url, { autoPong: false });
    stranger.say('join {"version": 1}');
    await stranger.next();
    for (let i = 0; i < 10; i += 1) {
      await once(stranger.socket, 'ping');
      stranger.say('subscribe []');
    }
    stranger.say(`subscribe ${JSON.stringify([X])}`);
    stranger.say(`${X}}`);
    expect(await stranger.next()).toBe(`${X}}`);
  });

  test('a broker that falls silent: the peer finds out, connects again, and lacks nothing', async () => {
    const broker = await listen({ heartbeat: 150 });
    const proxy = await Proxy.start(broker.url.replace('ws:', 'tcp:'));
    onTestFinished(() => proxy.stop());
    const url = proxy.address.replace('tcp:', 'ws:');
    const [sender, receiver] = [makePeer(broker, [], ['x']), makePeer({ url }, ['x'], [])];
    const received: unknown[] = [];
    connect(receiver, 'x', (value) => received.push(value));
    await receiver.start();
    await sender.start();
    await sender.waitFor({ subscribers: 'x', timeout: 5_000 });
    await proxy.during('stall', async () => {
      const disconnected = receiver.status.disconnected.next({ timeout: 5_000 });
      for (let i = 0; i < 100; i += 1) void sender.publish.x(i);
      await disconnected;
    });
    await sender.flush({ timeout: 20_000 });
    expect(received).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });
});

test('plain HTTP on a port for WebSockets: upgrade required', async () => {
  const { url } = await listen();
  expect((await fetch(url.replace('ws:', 'http:'))).status).toBe(426);
});

test('TLS: the broker attaches to an HTTPS server', async () => {
  // With a shared key instead of a certificate.
  const psk = Buffer.from('0123456789abcdef');
  const tls = { ciphers: 'PSK', minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
  const server = createSecureServer({ ...tls, pskCallback: () => psk }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { url } = await listen({ server });
  const { port } = server.address() as AddressInfo;
  expect(url).toBe(`wss://127.0.0.1:${port}/`);
  const pskCallback = () => ({ psk, identity: 'test' });
  const options = { ...tls, pskCallback, rejectUnauthorized: false, origin: `https://127.0.0.1:${port}` };
  const stranger = await Stranger.open(url, options);
  stranger.say('join {"version": 1}');
  expect(await stranger.next()).toMatch(/^joined /);
  // Whoever is between a visitor and the server could have written a page without TLS.
  for (const [scheme, status] of [
    ['http', 403],
    ['https', undefined],
  ] as const) {
    const named = { ...options, origin: `${scheme}://shop.example`, headers: { host: 'shop.example' } };
    if (status === undefined) await Stranger.open(url, named);
    else expect((await new Stranger(url, named).end())[0]).toBe(status);
  }
});

test('TLS and the like: same origin behind a proxy that keeps the host', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  await listen({ server });
  const { port } = server.address() as AddressInfo;
  await Stranger.open(`ws://127.0.0.1:${port}/`, { origin: 'https://shop.example', headers: { host: 'shop.example' } });
});
