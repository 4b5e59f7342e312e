import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { expect, onTestFinished, test, vi } from 'vitest';
import { makeBus } from '../../src/bus/address.ts';
import { libraryWebSocket } from '../../src/bus/websocket-library.ts';
import { type Deferred, deferred } from '../loop/deferred.ts';

/** A server that is no broker, and answers whoever joins with these words in turn. */
async function serve(...words: readonly string[]): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  await once(server, 'listening');
  server.on('connection', (socket) => {
    socket.once('message', () => {
      for (const word of words) socket.send(word);
    });
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

test.each([
  'joined {',
  'joined null',
  'joined 5',
  'joined ',
  'joined {}',
  'joined {"maxPayload": 4194304}',
  'joined {"maxPayload": null, "heartbeat": 10000}',
  'joined {"maxPayload": 4194304, "heartbeat": -1}',
  'joined {"maxPayload": 4194304, "heartbeat": 0.5}',
  'joined {"maxPayload": 4194304, "heartbeat": 2147483648}',
  'joined {"maxPayload": 4194304, "heartbeat": 1e300}',
])('websocket: %j of a server is unreadable, and lets nobody in', async (word) => {
  const url = await serve(word, 'joined {"maxPayload": 4194304, "heartbeat": 10000}', '{"jsonrpc": "2.0"}');
  const bus = await makeBus({ in: url, out: url });
  onTestFinished(() => bus.close());
  const told: unknown[] = [];
  await new Promise<void>((resolve, reject) => {
    const listener = {
      frame: () => resolve(),
      unreadable: () => told.push(bus.largest),
      down: reject,
      refused: reject,
    };
    bus.open(listener).catch(reject);
  });
  expect(told).toEqual([undefined]);
});

test('websocket: the library takes a message of any size from a broker', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => server.close());
  await once(server, 'listening');
  const size = 101 * 1024 * 1024;
  server.on('connection', (socket) => socket.send('x'.repeat(size)));
  const make = await libraryWebSocket();
  const socket = make(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  onTestFinished(() => socket.close());
  const length = await new Promise((resolve) => {
    socket.addEventListener('message', ({ data }: { data: unknown }) => resolve((data as string).length));
    socket.addEventListener('close', ({ code }: { code: number }) => resolve(`closed with ${code}`));
  });
  expect(length).toBe(size);
});

test('websocket: closed while it is opened, it connects nowhere', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => server.close());
  await once(server, 'listening');
  const paths: (string | undefined)[] = [];
  server.on('connection', (_, request) => paths.push(request.url));
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const bus = await makeBus({ in: `${url}/early`, out: `${url}/early` });
  const opened = bus.open({ frame() {}, unreadable() {}, down() {}, refused() {} });
  await bus.close();
  await opened;
  // Whatever had begun to connect would be there before this one.
  const make = await libraryWebSocket();
  const late = make(`${url}/late`);
  await new Promise<void>((resolve) => late.addEventListener('open', () => resolve()));
  late.close(1_000);
  expect(paths).toEqual(['/late']);
});

/** Has the next timer fire of those that are faked. @returns how many milliseconds it was away */
function nextTimer(): number {
  const began = performance.now();
  vi.advanceTimersToNextTimer();
  return performance.now() - began;
}

test.each([
  ['at once', 0, [3_000, 3_750]],
  ['within a second', 1_000, [3_000, 3_750]],
  ['after 2 s', 2_000, [6_000, 7_500]],
  ['after 9 s', 9_000, [10_000, 10_000]],
])('websocket: a link that opened %s is given so long to open again', async (_, taken, limits) => {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const sockets = new WebSocketServer({ noServer: true });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const bus = await makeBus({ in: url, out: url });
  onTestFinished(() => bus.close());
  let isJoined: (() => void) | undefined;
  const joined = new Promise<void>((resolve) => (isJoined = resolve));
  let isDown: (() => void) | undefined;
  const down = new Promise<void>((resolve) => (isDown = resolve));

  // Nobody knows yet how long it takes.
  const unanswered = once(server, 'upgrade');
  await bus.open({ frame: () => isJoined?.(), unreadable() {}, down: () => isDown?.(), refused() {} });
  await unanswered;
  expect(nextTimer()).toBe(10_000);

  const asked = once(server, 'upgrade');
  nextTimer();
  const [request, socket, head] = (await asked) as [IncomingMessage, Socket, Buffer];
  vi.advanceTimersByTime(taken);
  sockets.handleUpgrade(request, socket, head, (client) => {
    client.once('message', () => {
      client.send('joined {"maxPayload": 4194304, "heartbeat": 10000}');
      client.send('{"jsonrpc": "2.0"}');
    });
  });
  await joined;
  socket.destroy();
  await down;
  const found: number[] = [];
  const pauses: number[] = [];
  while (found.length < limits.length) {
    const again = once(server, 'upgrade');
    pauses.push(nextTimer());
    await again;
    found.push(nextTimer());
  }
  expect(found).toEqual(limits);
  // Waiting for somebody to answer was pause enough.
  expect(Math.max(...pauses)).toBeLessThan(50);
});

test.each([
  ['comes', (token: Deferred<string>) => token.resolve('late')],
  ['is refused', (token: Deferred<string>) => token.reject(new Error('late'))],
])('websocket: a token that %s only when the link has broken does nothing to the next link', async (_, settle) => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => server.close());
  await once(server, 'listening');
  server.once('connection', (socket) => socket.terminate());
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const tokens = [deferred<string>(), deferred<string>()];
  const asked = deferred();
  let asks = 0;
  const token = (): Promise<string> => {
    asked.resolve();
    asks += 1;
    return (tokens[asks - 1] as Deferred<string>).promise;
  };
  const bus = await makeBus({ in: url, out: url }, { token });
  onTestFinished(() => bus.close());
  const refused: unknown[] = [];
  await bus.open({ frame() {}, unreadable() {}, down() {}, refused: (error) => refused.push(error) });
  await asked.promise;
  while (asks === 1) {
    await new Promise<void>((resolve) => void setImmediate(resolve));
    vi.advanceTimersByTime(1);
  }
  settle(tokens[0] as Deferred<string>);
  for (let i = 0; i < 10; i += 1) await Promise.resolve();
  expect(refused).toEqual([]);
  // The second one is waited for as long as ever.
  vi.advanceTimersByTime(4_000);
  expect(refused).toMatchObject([{ code: 'REFUSED', cause: { message: 'it did not come in time' } }]);
});

test('websocket: after a token that could not be had, the next one is asked for a second later', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => server.close());
  await once(server, 'listening');
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const bus = await makeBus({ in: url, out: url }, { token: () => Promise.reject(new Error('none')) });
  onTestFinished(() => bus.close());
  await new Promise<void>((resolve, reject) => {
    bus.open({ frame() {}, unreadable() {}, down: reject, refused: () => resolve() }).catch(reject);
  });
  expect(nextTimer()).toBe(1_000);
});

test('websocket: a broker of which nothing is heard for a heartbeat is left', async () => {
  const url = await serve('joined {"maxPayload": 4194304, "heartbeat": 9000}', '{"jsonrpc": "2.0"}');
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const bus = await makeBus({ in: url, out: url });
  onTestFinished(() => bus.close());
  let isDown = false;
  await new Promise<void>((resolve, reject) => {
    const listener = { frame: () => resolve(), unreadable() {}, down: () => (isDown = true), refused: reject };
    bus.open(listener).catch(reject);
  });
  vi.advanceTimersByTime(8_999);
  expect(isDown).toBe(false);
  vi.advanceTimersByTime(1);
  expect(isDown).toBe(true);
});

test('websocket: a frame above the size that the broker takes is refused, and the link stays', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => server.close());
  await once(server, 'listening');
  const heard: string[] = [];
  server.on('connection', (socket) => {
    socket.once('message', () => {
      socket.send('joined {"maxPayload": 2097152, "heartbeat": 10000}');
      socket.send('{"jsonrpc": "2.0"}');
      socket.on('message', (data) => heard.push((data as Buffer).toString()));
    });
  });
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const bus = await makeBus({ in: url, out: url });
  onTestFinished(() => bus.close());
  const refused: unknown[] = [];
  await new Promise<void>((resolve, reject) => {
    const listener = {
      frame: () => resolve(),
      unreadable: reject,
      down: reject,
      refused: (e: Error) => refused.push(e),
    };
    bus.open(listener).catch(reject);
  });
  const largest = 'x'.repeat(2_097_152);
  bus.send('x', `${largest}x`);
  expect(refused).toMatchObject([{ code: 'PAYLOAD' }]);
  bus.send('x', largest);
  await expect.poll(() => heard.length).toBe(1);
  expect([heard[0]?.length, refused.length]).toEqual([2_097_152, 1]);
});

test('websocket: closing ends the connection to a server that does not answer', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  onTestFinished(() => server.close());
  await once(server, 'listening');
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const came = once(server, 'connection');
  const bus = await makeBus({ in: url, out: url });
  await bus.open({ frame() {}, unreadable() {}, down() {}, refused() {} });
  const [client, request] = (await came) as [WebSocket, IncomingMessage];
  await once(client, 'message');
  // It hears nothing, so it does not answer either.
  request.socket.removeAllListeners('data');
  request.socket.resume();
  const ended = new Promise((resolve) => request.socket.once('close', resolve));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const closed = bus.close();
  vi.advanceTimersByTime(1_000);
  await closed;
  await ended;
});

test('websocket: giving up a connection that nobody answers is not taken for what went wrong', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const asked = once(server, 'upgrade') as Promise<[IncomingMessage, Socket]>;
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const bus = await makeBus({ in: url, out: url });
  onTestFinished(() => bus.close());
  await bus.open({ frame() {}, unreadable() {}, down() {}, refused() {} });
  const [, connection] = await asked;
  connection.resume();
  vi.advanceTimersByTime(10_000);
  await once(connection, 'end');
  expect(bus.trouble).toBeUndefined();
});
