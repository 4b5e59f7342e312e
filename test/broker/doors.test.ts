import { constants } from 'node:buffer';
import { EventEmitter, once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect as connectSocket } from 'node:net';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { WebSocket as Client, WebSocketServer } from 'ws';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  AddressError,
  AddressInUseError,
  Broker,
  type BrokerDoors,
  connect,
  contract,
  event,
  Peer,
  type WebSocketDoorOptions,
} from 'mreventloop';
import { describeWith } from '../setup/describe-with.ts';
import { temporaryFolder } from '../support/addresses.ts';
import { Program } from '../support/program.ts';

async function listen(doors: BrokerDoors): Promise<Broker> {
  const broker = await Broker.listen(doors);
  onTestFinished(() => broker.stop());
  return broker;
}

/** A request for a WebSocket, as text. */
function upgrade(path: string, header = ''): string {
  const key = 'dGhlIHNhbXBsZSBub25jZQ==';
  const headers = `Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n`;
  return `GET ${path} HTTP/1.1\r\n${headers}${header}\r\n`;
}

/** As Express makes one: a function with the methods of an emitter. */
function makeApp(): object {
  return Object.assign(() => {}, EventEmitter.prototype, { listen() {} });
}

async function startPeer<const S extends string, const P extends string>(
  broker: Broker,
  door: 'zmq' | 'ws',
  subscribe: readonly S[],
  publish: readonly P[],
) {
  const { in: inAddress, out } = door === 'zmq' ? broker.endpoints : { in: broker.url ?? '', out: broker.url ?? '' };
  const peer = await new Peer(inAddress, out, subscribe, publish).start();
  onTestFinished(() => peer.stop());
  return peer;
}

describe('broker with two doors', () => {
  test.each([
    ['zmq', 'ws'],
    ['ws', 'zmq'],
  ] as const)('relay: %s to %s and back, each event once and in order', async (here, there) => {
    const broker = await listen({ zmq: `ipc://${temporaryFolder()}/shop`, ws: { port: 0 } });
    const sender = await startPeer(broker, here, ['y'], ['x']);
    const receiver = await startPeer(broker, there, ['x'], ['y']);
    // Behind the sender's own door, too: the frames come there once as well.
    const neighbour = await startPeer(broker, here, ['x'], []);
    const received: unknown[] = [];
    const back: unknown[] = [];
    const heard: unknown[] = [];
    connect(receiver, 'x', (value) => {
      received.push(value);
      void receiver.publish.y(value);
    });
    connect(sender, 'y', (value) => back.push(value));
    connect(neighbour, 'x', (value) => heard.push(value));
    await sender.waitFor({ subscribers: 'x', count: 2, timeout: 5_000 });
    await receiver.waitFor({ subscribers: 'y', timeout: 5_000 });
    const numbers = Array.from({ length: 5_000 }, (_, i) => i);
    for (const i of numbers) await sender.publish.x(i);
    await sender.flush({ timeout: 5_000 });
    await receiver.flush({ timeout: 5_000 });
    expect([received, back, heard]).toEqual([numbers, numbers, numbers]);
  });

  test('contracts: one address is enough, and a port serves as well', async () => {
    const broker = await listen({ ws: { port: 0 } });
    const { port1, port2 } = new MessageChannel();
    onTestFinished(() => port1.close());
    broker.attach(port1);
    const shop = contract({ weighed: event<[grams: number]>() });
    const scales = new Peer(port2, shop, { publish: ['weighed'] });
    const display = new Peer(broker.url ?? '', shop, { subscribe: ['weighed'] });
    await using _scales = await scales.start();
    await using _display = await display.start();
    const weighed = display.events.weighed.next({ timeout: 5_000 });
    await scales.waitFor({ subscribers: 'weighed', timeout: 5_000 });
    await scales.publish.weighed(250);
    expect(await weighed).toEqual([250]);
  });

  test('frames: each is passed on once, whatever door it came in by', async () => {
    const broker = await listen({ zmq: `inproc://${temporaryFolder()}`, ws: { port: 0 } });
    const socket = new WebSocket(broker.url ?? '');
    onTestFinished(() => socket.close());
    await once(socket, 'open');
    const messages: string[] = [];
    socket.addEventListener('message', ({ data }) => messages.push(String(data)));
    const next = async (): Promise<string> => {
      while (messages.length === 0) await once(socket, 'message');
      return messages.shift() ?? '';
    };
    socket.send('join {"version": 1}');
    expect(await next()).toMatch(/^joined \{/);
    socket.send('subscribe ["{\\"jsonrpc\\": \\"2.0\\", \\"method\\": \\"x\\""]');
    const frames = [1, 2].map((i) => `{"jsonrpc": "2.0", "method": "x", "params": [${i}]}`);
    socket.send(frames.join('\n'));
    expect(await next()).toBe(frames.join('\n'));
    expect(broker.counters).toMatchObject({ frames: 2, invalid: 0 });
  });

  test('start: when the second door cannot be opened, the first is closed', async () => {
    const taken = await listen({ ws: { port: 0 } });
    const zmq = `ipc://${temporaryFolder()}/shop`;
    await expect(Broker.listen({ zmq, ws: taken.url })).rejects.toThrow(`'${taken.url}' is in use`);
    await listen({ zmq });
  });

  test('stop: does not wait long for a peer that does not answer', async () => {
    const broker = await listen({ ws: { port: 0 } });
    const socket = new Client(broker.url ?? '');
    onTestFinished(() => socket.terminate());
    await once(socket, 'open');
    socket.pause();
    const began = performance.now();
    await broker.stop();
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  test.each([
    ['whose page is of another origin', '/', 'Origin: https://evil.example\r\n', 403],
    ['who asked for another path', '/other', '', 404],
  ])('stop: does not wait for somebody %s and keeps the connection', async (_, path, header, status) => {
    const broker = await listen({ ws: { port: 0 } });
    const socket = connectSocket({ port: Number(new URL(broker.url ?? '').port), allowHalfOpen: true });
    onTestFinished(() => void socket.destroy());
    socket.write(upgrade(path, header));
    expect(String(((await once(socket, 'data')) as [Buffer])[0])).toMatch(`HTTP/1.1 ${status}`);
    await once(socket, 'end');
    const began = performance.now();
    await broker.stop();
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  test.each([
    ['is still asked for', () => new Promise<boolean>(() => {}), 'join {"version": 1}'],
    ['was cut off and keeps the connection', () => true, 'nonsense'],
  ])('stop: does not wait long for somebody who %s', async (_, authorize, message) => {
    let asked: (() => void) | undefined;
    const isAsked = new Promise<void>((resolve) => (asked = resolve));
    const broker = await listen({ ws: { port: 0, authorize: () => (asked?.(), authorize()) } });
    const socket = new Client(broker.url ?? '');
    onTestFinished(() => socket.terminate());
    await once(socket, 'open');
    socket.send(message);
    socket.pause();
    if (message === 'nonsense') await expect.poll(() => broker.counters.refused).toBe(1);
    else await isAsked;
    const began = performance.now();
    await broker.stop();
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  test.each([
    ['/a b', `peers would ask for '/a%20b'`],
    ['/a?b', `peers would ask for '/a'`],
    ['/a#b', `peers would ask for '/a'`],
    ['/a/../b', `peers would ask for '/b'`],
    ['/ü', `peers would ask for '/%C3%BC'`],
    ['events', 'it begins with a slash'],
    ['', 'it begins with a slash'],
  ])('path: %j is refused', (path, hint) => {
    expect(() => new Broker({ ws: { path } })).toThrow(AddressError);
    expect(() => new Broker({ ws: { path } })).toThrow(hint);
  });

  test('path: such as can be asked for', async () => {
    for (const path of ['/', '/events', '/a/b/', '/a%20b', '//a', '/a:b@c']) {
      const broker = await listen({ ws: { path } });
      await using peer = await new Peer(broker.url ?? '', broker.url ?? '', [], []).start();
      expect(peer.ready).toBe(true);
    }
  });

  const ODD = 'Application Support für #1? 100%41';

  test.each<[string, (socket: string) => string | WebSocketDoorOptions]>([
    ['given as an option', (socket) => ({ socket })],
    ['given as an option, with a path', (socket) => ({ socket, path: '/a:b' })],
    ['in an address', (socket) => `ws+unix://${socket}`],
    ['in an address, with a path', (socket) => `ws+unix://${socket}:/a:b`],
  ])('unix sockets: at a path of any letters, %s, peers meet', async (_, wsAt) => {
    const folder = join(temporaryFolder(), ODD);
    mkdirSync(folder);
    const ws = wsAt(join(folder, 's.sock'));
    const { url = '' } = await listen({ ws });
    expect(url).toMatch(/s\.sock(?::\/a:b)?$/);
    expect(typeof ws === 'string' ? ws : url).toBe(url);
    await using peer = await new Peer(url, ['x'], ['x']).start();
    const x = peer.events.x.next();
    await peer.publish.x(1);
    expect(await x).toEqual([1]);
  });

  test.each(['shop.sock', './shop.sock', '', '/tmp/a:b', 'C:\\shop'])(
    'unix sockets: %j, to which no address leads, is refused',
    async (socket) => {
      await expect(Broker.listen({ ws: { socket } })).rejects.toThrow(AddressError);
      await expect(Broker.listen({ ws: { socket } })).rejects.toThrow(`'${socket}' has no ws+unix address`);
    },
  );

  test.each([
    ['a:b', false],
    [ODD, true],
  ])('unix sockets: a server of the user in a folder %j', async (name, isReached) => {
    const folder = join(temporaryFolder(), name);
    mkdirSync(folder);
    const server = createServer().listen(join(folder, 's.sock'));
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { url } = await listen({ ws: { server } });
    expect(url).toBe(isReached ? `ws+unix://${folder}/s.sock` : undefined);
    if (url === undefined) return;
    await using peer = await new Peer(url, [], []).start();
    expect(peer.ready).toBe(true);
  });

  test.each([
    ['heartbeat', Infinity],
    ['heartbeat', 2 ** 31],
    ['joinWithin', 2 ** 31],
    ['maxPayload', constants.MAX_STRING_LENGTH],
    ['heartbeat', 0],
    ['heartbeat', NaN],
  ])('limits: %s of %d is refused', async (name, value) => {
    await expect(Broker.listen({ ws: { [name]: value } })).rejects.toThrow(RangeError);
  });

  test.each([
    ['a text', 'https://shop.example', "origins must be '*' or a list"],
    ['a name', ['shop.example'], "they look like 'https://shop.example'"],
    ['a page', ['https://shop.example/'], "they look like 'https://shop.example'"],
    ['a port that goes without saying', ['https://shop.example:443'], "they look like 'https://shop.example'"],
    ['capitals', ['HTTPS://Shop.example'], "they look like 'https://shop.example'"],
    ['a star in a list', ['*'], "'*' in origins is no origin"],
    ['a star in a name', ['https://*.example'], "'https://*.example' in origins is no origin"],
    ['what is not set', [undefined], "'undefined' in origins is no origin"],
  ])('origins: %s, which no browser would send, is refused', async (_, origins, message) => {
    await expect(Broker.listen({ ws: { origins: origins as string[] } })).rejects.toThrow(message);
  });

  test('origins: those of pages, files and extensions are taken', async () => {
    const origins = [
      'https://shop.example',
      'http://localhost:8080',
      'null',
      'chrome-extension://abcdef',
      'tauri://localhost',
    ];
    expect((await listen({ ws: { origins } })).running).toBe(true);
  });

  test('options: one that there is not is refused, as is an authorize that cannot be asked', async () => {
    const misspelt = { authorise: () => false };
    await expect(Broker.listen({ ws: misspelt as {} })).rejects.toThrow("no option 'authorise'");
    const authorize = true as unknown as () => boolean;
    await expect(Broker.listen({ ws: { authorize } })).rejects.toThrow('authorize must be a function');
  });

  test.each([
    ['an app of Express', makeApp()],
    ['nothing', null],
    ['a text', 'http://127.0.0.1:8080'],
    ['a window', Object.assign(new EventTarget(), { postMessage() {} })],
  ])('server: %s is refused, and what to pass instead is said', async (_, server) => {
    const ws = { server } as WebSocketDoorOptions;
    await expect(Broker.listen({ ws })).rejects.toThrow(TypeError);
    await expect(Broker.listen({ ws })).rejects.toThrow(
      /^the server of ws .* the http\.Server that app\.listen\(\) returns/,
    );
  });

  test.each([
    ['an app of Express', makeApp()],
    ['a server', createServer()],
    ['nothing', null],
  ])('options: %s in place of them is refused, and what to pass is said', async (_, given) => {
    const ws = given as unknown as WebSocketDoorOptions;
    await expect(Broker.listen({ ws })).rejects.toThrow(TypeError);
    await expect(Broker.listen({ ws })).rejects.toThrow(/^ws is neither .* pass ws: \{ server \}/);
  });

  test('listen: rejects, whatever is wrong, also what the constructor would throw', async () => {
    await expect(Broker.listen({ zmq: 'nonsense' })).rejects.toThrow(AddressError);
    await expect(Broker.listen({ ws: { path: 'events' } })).rejects.toThrow(AddressError);
  });

  test('stop: called again meanwhile, it waits for the same', async () => {
    const broker = await listen({ ws: { port: 0 } });
    const socket = new Client(broker.url ?? '');
    onTestFinished(() => socket.terminate());
    await once(socket, 'open');
    // The close takes a while.
    socket.pause();
    let isStopped = false;
    const stop = broker.stop().then(() => (isStopped = true));
    expect(broker.running).toBe(false);
    await broker.stop();
    expect(isStopped).toBe(true);
    await stop;
  });

  test('joining: who says nothing is cut off after 5 s, if nothing else is asked for', async () => {
    const broker = await listen({ ws: { port: 0 } });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const socket = new Client(broker.url ?? '');
    onTestFinished(() => socket.terminate());
    const closed = once(socket, 'close');
    await once(socket, 'open');
    vi.advanceTimersByTime(4_999);
    expect(broker.counters.refused).toBe(0);
    vi.advanceTimersByTime(1);
    expect(broker.counters.refused).toBe(1);
    expect((await closed)[0]).toBe(4408);
  });

  test('addresses: those that a broker, or a peer, cannot use', () => {
    expect(() => new Broker('wss://shop.example')).toThrow(/attach the broker to an HTTPS server/);
    expect(() => new Broker('ws://')).toThrow(AddressError);
    for (const zmq of ['ws://127.0.0.1:0', 'ws+unix:///tmp/x', { in: 'ws://127.0.0.1:1', out: 'ws://127.0.0.1:1' }]) {
      expect(() => new Broker({ zmq })).toThrow(/is for WebSockets: give it as the broker's ws/);
    }
    expect(() => new Peer('ws://a', 'ws://b', [], [])).toThrow(/one too many/);
    expect(() => new Peer('ws+unix://tmp/x', 'ws+unix://tmp/x', [], [])).toThrow(/absolute path/);
  });
});

describe('broker on a server of the user', () => {
  test('started before the server listens: peers can join once it does', async () => {
    const server = createServer();
    onTestFinished(() => void server.close());
    const broker = await listen({ ws: { server } });
    expect(broker.url).toBeUndefined();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    expect([broker.url, broker.endpoints]).toEqual([url, { in: url, out: url }]);
    await using peer = await new Peer(url, url, [], []).start();
    expect(peer.ready).toBe(true);
  });

  test('the server closes, and listens elsewhere: the address is where it listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const broker = await listen({ ws: { server } });
    const first = (server.address() as AddressInfo).port;
    expect(broker.url).toBe(`ws://127.0.0.1:${first}/`);
    const taken = createServer();
    onTestFinished(() => void taken.close());
    server.close();
    await once(server, 'close');
    expect(broker.url).toBeUndefined();
    taken.listen(first, '127.0.0.1');
    await once(taken, 'listening');
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    expect(broker.url).toBe(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  });

  test('two brokers: each has its path, a path that is taken is refused, and one that none has is not found', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const first = await listen({ ws: { server, path: '/first' } });
    const second = await listen({ ws: { server, path: '/second' } });
    const inUse = `'/first' is in use: another broker serves it on this server`;
    await expect(Broker.listen({ ws: { server, path: '/first' } })).rejects.toThrow(new AddressInUseError(inUse));
    const statusAt = async (path: string): Promise<number | undefined> => {
      const client = new Client((first.url ?? '').replace('/first', path));
      onTestFinished(() => client.terminate());
      client.on('error', () => {});
      const answers = [
        once(client, 'upgrade').then(([response]) => response as IncomingMessage),
        once(client, 'unexpected-response').then(([, response]) => response as IncomingMessage),
      ];
      return (await Promise.race(answers)).statusCode;
    };
    expect(await Promise.all(['/first', '/second', '/third'].map(statusAt))).toEqual([101, 101, 404]);
    await first.stop();
    expect(await Promise.all(['/first', '/second'].map(statusAt))).toEqual([404, 101]);
    await first.start();
    await second.stop();
    expect(await Promise.all(['/first', '/second'].map(statusAt))).toEqual([101, 404]);
    await first.stop();
    expect(server.listenerCount('upgrade')).toBe(0);
  });

  test('others who listen to upgrades there: what is for them is theirs, and outlives the broker', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const sockets = new WebSocketServer({ noServer: true });
    server.on('upgrade', (request, socket, head) => {
      if (request.url === '/other') sockets.handleUpgrade(request, socket, head, (client) => client.send('hello'));
      else if (request.url !== '/events') socket.end('HTTP/1.1 418 I am a teapot\r\nContent-Length: 0\r\n\r\n');
    });
    const broker = await listen({ ws: { server, path: '/events' } });
    const connectTo = (path: string): Client => {
      const client = new Client((broker.url ?? '').replace('/events', path));
      onTestFinished(() => client.terminate());
      client.on('error', () => {});
      return client;
    };
    const other = connectTo('/other');
    expect(String((await once(other, 'message'))[0])).toBe('hello');
    const [, { statusCode }] = (await once(connectTo('/third'), 'unexpected-response')) as [
      unknown,
      { statusCode: number },
    ];
    expect(statusCode).toBe(418);
    const guest = connectTo('/events');
    await once(guest, 'open');
    await broker.stop();
    const answered = once(other, 'pong');
    other.ping();
    await answered;
    expect(server.listenerCount('upgrade')).toBe(1);
  });

  test.each(['request', 'upgrade'] as const)(
    'stopped and started where nobody else answers a peer (%s): it is not taken for gone, and has everything',
    async (unanswered) => {
      const server = createServer().listen(0, '127.0.0.1');
      onTestFinished(() => void server.close());
      await once(server, 'listening');
      server.on(unanswered, () => {});
      const broker = await listen({ zmq: `inproc://${temporaryFolder()}`, ws: { server, path: '/events' } });
      const publisher = await startPeer(broker, 'zmq', [], ['x']);
      const subscriber = await startPeer(broker, 'ws', ['x'], []);
      await publisher.waitFor({ subscribers: 'x' });
      const received: unknown[] = [];
      connect(subscriber, 'x', (value) => received.push(value));
      const told: unknown[] = [];
      connect(subscriber.status, 'gap', (gap) => told.push(gap));
      connect(publisher.status, 'peerLeft', (_, reason) => told.push(reason));

      const asked = once(server, unanswered);
      let isBack = false;
      const back = subscriber.status.connected.next().then(() => (isBack = true));
      await broker.stop();
      await asked;
      await broker.start();
      let count = 0;
      for (; !isBack; count += 1) {
        await publisher.publish.x(count);
        await nextTurn();
      }
      await back;
      await publisher.flush({ timeout: 5_000 });
      expect(told).toEqual([]);
      expect(received).toEqual(Array.from({ length: count }, (_, i) => i));
    },
    20_000,
  );

  test('path: other requests and other upgrades are left alone, and the server outlives the broker', async () => {
    const server = createServer((_, response) => void response.end('page')).listen(0, '127.0.0.1');
    onTestFinished(() => server.closeAllConnections());
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const broker = await Broker.listen({ ws: { server, path: '/events' } });
    expect(broker.url).toBe(`ws://127.0.0.1:${port}/events`);
    await using peer = await startPeer(broker, 'ws', ['x'], ['x']);
    const x = peer.events.x.next();
    await peer.publish.x(1);
    expect(await x).toEqual([1]);
    await expect(
      new Peer(`ws://127.0.0.1:${port}/other`, `ws://127.0.0.1:${port}/other`, [], []).start({ timeout: 200 }),
    ).rejects.toThrow(/^no broker answered within 200 ms at '.*' \(Unexpected server response: 404\)\. Is one running/);
    await peer.stop();
    await broker.stop();
    expect(server.listenerCount('upgrade')).toBe(0);
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('page');
  });
});

describeWith('python', 'broker with two doors: a Python peer', (interpreters) => {
  test.each(Object.entries(interpreters))(
    '%s: hears what comes in over WebSockets, and is heard',
    async (_, python) => {
      const broker = await listen({ zmq: `ipc://${temporaryFolder()}/shop`, ws: { port: 0 } });
      const script = new URL('../interop/python/echo.py', import.meta.url).pathname;
      const echo = new Program(python, [script, broker.endpoints.in, broker.endpoints.out]);
      await echo.line();
      const peer = await startPeer(broker, 'ws', ['response'], ['request']);
      const received: unknown[] = [];
      connect(peer, 'response', (number) => received.push(number));
      const numbers = Array.from({ length: 500 }, (_, i) => i);
      const last = peer.events.response.next({ where: (number) => number === 499 });
      for (const number of numbers) void peer.publish.request(number);
      await last;
      expect(received).toEqual(numbers);
    },
  );
});

test('a broker that comes back and takes less: what is too large is dropped and told, and the rest arrives', async () => {
  const first = await listen({ ws: { port: 0, maxPayload: 8_388_608 } });
  const url = first.url as string;
  const publisher = new Peer<{}, { said: [n: number, text: string] }>(url, [], ['said']);
  const subscriber = new Peer<{ said: [n: number, text: string] }, {}>(url, ['said'], []);
  for (const peer of [publisher, subscriber]) {
    onTestFinished(() => peer.stop({ timeout: 0 }));
    await peer.start();
  }
  const said: number[] = [];
  connect(subscriber, 'said', (n) => said.push(n));
  const told: unknown[] = [];
  connect(subscriber.status, 'gap', ({ event, count }) => told.push({ event, count }));
  connect(publisher.status, 'overflow', (overflow) => told.push(overflow));
  await publisher.waitFor({ subscribers: 'said' });
  void publisher.publish.said(1, 'x'.repeat(5_000_000));
  void publisher.publish.said(2, '');
  await publisher.flush();
  await first.stop();
  void publisher.publish.said(3, 'x'.repeat(5_000_000));
  void publisher.publish.said(4, '');
  await listen({ ws: { port: Number(new URL(url).port), maxPayload: 4_194_304 } });
  await publisher.flush({ timeout: 4_000 });
  expect(said).toEqual([1, 2, 4]);
  expect(told).toEqual([
    { event: 'said', policy: 'block', dropped: 1 },
    { event: 'said', count: 1 },
  ]);
});
