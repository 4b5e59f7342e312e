import { constants } from 'node:buffer';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect as connectSocket, createServer, type Socket } from 'node:net';
import * as fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Broker, connect, type Endpoints, NoBrokerError, Peer, RefusedError } from 'mreventloop';
import type { Refusal } from '../../src/bus/bus.ts';
import { LineReader, toBytes } from '../../src/bus/ipc/lines.ts';
import { LinesDoor } from '../../src/bus/ipc/lines-door.ts';
import { joinLines, type LinesLink } from '../../src/bus/ipc/lines-link.ts';
import { makeZeromqDoor } from '../../src/bus/zeromq.ts';
import { freeEndpoints, startBroker, temporaryFolder } from '../support/addresses.ts';
import { cli, node } from '../support/program.ts';
import { numbers } from './pair.ts';

function linesOf(endpoints: Endpoints): string {
  return `${endpoints.in.slice('ipc://'.length)}.lines`;
}

/** A relay with the sockets that a broker in Python has, and no other. */
async function startZeromqOnly(endpoints: Endpoints): Promise<AsyncDisposable> {
  const door = await makeZeromqDoor(endpoints);
  await door.open({
    frame(frame) {
      door.send(frame);
      return true;
    },
    unreadable() {},
    refused() {},
  });
  return { [Symbol.asyncDispose]: () => door.close() };
}

/** A peer that publishes numbers and one that keeps them. */
async function startPair(endpoints: Endpoints) {
  const publisher = new Peer<{}, { x: [number] }>(endpoints.in, endpoints.out, [], ['x']);
  const subscriber = new Peer<{ x: [number] }, {}>(endpoints.in, endpoints.out, ['x'], []);
  const received: number[] = [];
  connect(subscriber, 'x', (number) => received.push(number));
  for (const peer of [publisher, subscriber]) {
    onTestFinished(() => peer.stop({ timeout: 0 }));
    await peer.start();
  }
  await publisher.waitFor({ subscribers: 'x', timeout: 5_000 });
  return { publisher, subscriber, received };
}

/** What is said over a plain socket by somebody who has read how it is done. */
async function openStranger(path: string) {
  const socket = connectSocket(path);
  onTestFinished(() => void socket.destroy());
  // Being cut off is an error at times, and an end at others.
  socket.on('error', () => {});
  const lines: string[] = [];
  let onLine: (() => void) | undefined;
  const reader = new LineReader();
  socket.on('data', (chunk) => {
    for (const line of reader.read(chunk)) lines.push(line.toString());
    onLine?.();
  });
  return {
    socket,
    say: (line: string | Uint8Array): void => void socket.write(typeof line === 'string' ? `${line}\n` : line),
    async next(): Promise<string> {
      while (lines.length === 0) await new Promise<void>((resolve) => (onLine = resolve));
      return lines.shift() as string;
    },
  };
}

/** A door without a broker, and how to come in there as one who has subscribed to `x`. */
async function openDoor(
  rules?: ConstructorParameters<typeof LinesDoor>[1],
  refused: (refusal: Refusal) => void = () => {},
) {
  const path = `${temporaryFolder()}/x.lines`;
  const door = new LinesDoor(path, rules);
  onTestFinished(() => door.close());
  const heard: unknown[] = [];
  await door.open({ frame: (text) => heard.push(text) > 0, unreadable() {}, refused });
  const join = async () => {
    const stranger = await openStranger(path);
    await stranger.next();
    const before = heard.length;
    stranger.say(SUBSCRIBE_X);
    stranger.say(frame('["subscribed"]'));
    while (heard.length === before) await new Promise(setImmediate);
    return stranger;
  };
  return { door, join, path };
}

/** @returns a path where this is said to all who come */
async function sayAt(words: string): Promise<string> {
  const path = `${temporaryFolder()}/x.lines`;
  const server = createServer((socket) => void socket.on('error', () => {}).end(words)).listen(path);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return path;
}

const timers = (): number => process.getActiveResourcesInfo().filter((one) => one === 'Timeout').length;

async function closed(socket: Socket): Promise<void> {
  if (!socket.destroyed) await once(socket, 'close');
}

const frame = (params: string): string => `{"jsonrpc": "2.0", "method": "x", "params": ${params}}`;
const SUBSCRIBE_X = `subscribe ${JSON.stringify(['{"jsonrpc": "2.0", "method": "x"'])}`;

describe('ipc: which sockets are used', () => {
  test('a broker of this package: the plain one, and ZeroMQ is not even loaded', async () => {
    const { endpoints } = await startBroker('ipc');
    const program = node(import.meta.url, 'children/loads-zeromq.ts', endpoints.in, endpoints.out);
    expect(await program.line()).toBe('false');
  });

  test('a broker that knows only ZeroMQ: ZeroMQ', async () => {
    const endpoints = freeEndpoints('ipc');
    await using _relay = await startZeromqOnly(endpoints);
    const program = node(import.meta.url, 'children/loads-zeromq.ts', endpoints.in, endpoints.out);
    expect(await program.line()).toBe('true');
  });

  test('brokers of both kinds take turns while events flow: none is lost, doubled or out of order', async () => {
    const endpoints = freeEndpoints('ipc');
    const startOurs = (): Promise<AsyncDisposable> => new Broker(endpoints.in, endpoints.out).start();
    const startOther = (): Promise<AsyncDisposable> => startZeromqOnly(endpoints);
    let broker = await startOther();
    const { publisher, received } = await startPair(endpoints);
    let next = 0;
    for (const start of [startOurs, startOther, startOther, startOurs, startOurs]) {
      for (const end = next + 500; next < end; next += 1) await publisher.publish.x(next);
      await broker[Symbol.asyncDispose]();
      for (const end = next + 50; next < end; next += 1) void publisher.publish.x(next);
      broker = await start();
    }
    onTestFinished(() => broker[Symbol.asyncDispose]());
    await publisher.flush({ timeout: 10_000 });
    expect(received).toEqual(numbers(next));
  });

  test('a broker was killed and left its socket: one that knows only ZeroMQ takes its place', async () => {
    const endpoints = freeEndpoints('ipc');
    const killed = cli('broker', endpoints.in, endpoints.out);
    await killed.line();
    killed.kill('SIGKILL');
    await killed.exit;
    expect(existsSync(linesOf(endpoints))).toBe(true);
    await using _relay = await startZeromqOnly(endpoints);
    const { publisher, received } = await startPair(endpoints);
    await publisher.publish.x(1);
    await publisher.flush({ timeout: 5_000 });
    expect(received).toEqual([1]);
  });

  test('a broker was killed and left its socket: another takes its place, and removes it in the end', async () => {
    const endpoints = freeEndpoints('ipc');
    const killed = cli('broker', endpoints.in, endpoints.out);
    await killed.line();
    killed.kill('SIGKILL');
    await killed.exit;
    const broker = await new Broker(endpoints.in, endpoints.out).start();
    expect(existsSync(linesOf(endpoints))).toBe(true);
    await broker.stop();
    expect(existsSync(linesOf(endpoints))).toBe(false);
  });

  test.each([
    ['a path that leaves no room for another', () => `ipc://${temporaryFolder()}/`.padEnd(6 + 100, 'x')],
    ['no path', () => `ipc://@mreventloop-${process.pid}`],
  ])('%s: ZeroMQ', async (_, address) => {
    const endpoints = { in: `${address()}i`, out: `${address()}o` };
    await using _broker = await new Broker(endpoints.in, endpoints.out).start();
    expect(existsSync(linesOf(endpoints))).toBe(false);
    const { publisher, received } = await startPair(endpoints);
    await publisher.publish.x(1);
    await publisher.flush({ timeout: 5_000 });
    expect(received).toEqual([1]);
  });

  test('the path is taken by a file: the broker says so, and gives back what it had bound', async () => {
    const endpoints = freeEndpoints('ipc');
    writeFileSync(linesOf(endpoints), 'precious');
    await expect(new Broker(endpoints.in, endpoints.out).start()).rejects.toThrow(/\.lines.*a file that is no socket/);
    expect(readFileSync(linesOf(endpoints), 'utf8')).toBe('precious');
    for (const address of Object.values(endpoints)) expect(existsSync(address.slice('ipc://'.length))).toBe(false);
  });

  test.each([
    ['says nothing', ''],
    ['says something else', 'HTTP/1.1 400 Bad Request\n\n'],
    ['speaks another version', 'welcome {"version": 2}\n'],
    ['says nonsense', 'welcome {{\n'],
  ])('who serves there %s: there is no broker', async (_, said) => {
    const endpoints = freeEndpoints('ipc');
    const server = createServer((socket) => void socket.on('error', () => {}).write(said));
    server.listen(linesOf(endpoints));
    onTestFinished(() => void server.close());
    const peer = new Peer(endpoints.in, endpoints.out, [], []);
    await expect(peer.start({ timeout: 200 })).rejects.toThrow(NoBrokerError);
  });

  test('a socket that this user may not use: the error says so', async () => {
    const { endpoints } = await startBroker('ipc');
    chmodSync(linesOf(endpoints), 0);
    const program = node(import.meta.url, 'children/not-permitted.ts', endpoints.in, endpoints.out);
    expect(await program.line()).toBe(`ADDRESS: '${linesOf(endpoints)}' cannot be used: permission denied`);
  });
});

describe('ipc: the plain socket', () => {
  test('what peers say is as it is written down', async () => {
    const { endpoints } = await startBroker('ipc');
    const stranger = await openStranger(linesOf(endpoints));
    expect(await stranger.next()).toBe('welcome {"version":1,"heartbeat":6000}');
    stranger.say(SUBSCRIBE_X);
    stranger.say(frame('["ü"]'));
    expect(await stranger.next()).toBe(frame('["ü"]'));
  });

  test.each([10, 100_000])('line breaks in a frame of some %i bytes, which others wrote, are blanks', async (size) => {
    const { door, join } = await openDoor();
    const stranger = await join();
    const text = frame(`[\n1,\n"${'ü'.repeat(size / 2)}"]`);
    for (const written of [text, Buffer.from(text)]) {
      door.send(written);
      expect(await stranger.next()).toBe(text.replaceAll('\n', ' '));
    }
  });

  test('frames come in the order in which they were sent, however large they are', async () => {
    const { door, join } = await openDoor();
    const stranger = await join();
    const frames = [1, 20_000, 2, 3, 30_000].map((size) => frame(`["${'x'.repeat(size)}"]`));
    for (const one of frames) door.send(one);
    for (const one of frames) expect(await stranger.next()).toBe(one);
  });

  test('a link is not taken for dead as long as beats come', async () => {
    const { path } = await openDoor({ heartbeat: 300, mostWaiting: 16 * 1024 * 1024 });
    const stranger = await openStranger(path);
    const link = (await joinLines(path, () => {}, new AbortController().signal)) as LinesLink;
    onTestFinished(() => link.close());
    let ended = false;
    void link.ended.then(() => (ended = true));
    for (let beats = 0; beats < 8;) if ((await stranger.next()) === 'beat') beats += 1;
    expect(ended).toBe(false);
  });

  test.each([
    ['a word that is not known', 'shout "x"'],
    ['a subscription to nothing that is text', 'subscribe [1]'],
    ['a subscription that is no JSON', 'subscribe x'],
    ['a subscription to more than 2 Ki characters', `subscribe ["${'x'.repeat(2_049)}"]`],
    [
      'a subscription of more than 128 lengths',
      `subscribe ${JSON.stringify(Array.from({ length: 129 }, (_, i) => 'x'.repeat(i)))}`,
    ],
    ['nonsense that goes on', 'nonsense\n'.repeat(5_000)],
  ])('%s: cut off and counted, and others go on', async (_, said) => {
    const broker = await startBroker('ipc');
    const { publisher, received } = await startPair(broker.endpoints);
    const stranger = await openStranger(linesOf(broker.endpoints));
    stranger.say(said);
    await closed(stranger.socket);
    expect(broker.counters.refused).toBe(1);
    await publisher.publish.x(1);
    await publisher.flush({ timeout: 5_000 });
    expect(received).toEqual([1]);
  });

  test('a peer that subscribes to names that are too long: its start says why', async () => {
    const { endpoints } = await startBroker('ipc');
    const peer = new Peer(endpoints.in, endpoints.out, ['x'.repeat(2_100)], []);
    const start = peer.start({ timeout: 5_000 });
    await expect(start).rejects.toThrow(RefusedError);
    await expect(start).rejects.toThrow(/refused this peer: subscribes to names/);
  });

  test('a peer whose next broker takes less: it is told why, and comes back no sooner than others who were refused', async () => {
    const endpoints = freeEndpoints('ipc');
    const names = Array.from({ length: 200 }, (_, i) => 'x'.repeat(i + 1));
    // ZeroMQ takes names of any length.
    const before = await startZeromqOnly(endpoints);
    const peer = new Peer(endpoints.in, endpoints.out, names, []);
    onTestFinished(() => peer.stop({ timeout: 0 }));
    await peer.start();
    const refused = peer.status.refused.next({ timeout: 10_000 });
    await before[Symbol.asyncDispose]();
    const broker = new Broker(endpoints.in, endpoints.out);
    onTestFinished(() => broker.stop());
    const times: number[] = [];
    connect(broker.status, 'refused', () => times.push(performance.now()));
    await broker.start();
    expect((await refused)[0]).toBeInstanceOf(RefusedError);
    while (times.length < 3) await broker.status.refused.next({ timeout: 10_000 });
    expect((times[2] as number) - (times[1] as number)).toBeGreaterThan(900);
  });

  test('what a stranger says behind what it was refused for is passed on to nobody', async () => {
    const broker = await startBroker('ipc');
    const { publisher, received } = await startPair(broker.endpoints);
    const stranger = await openStranger(linesOf(broker.endpoints));
    await stranger.next();
    // Much, so that some is on its way when it is refused.
    stranger.say(`nonsense\n${`${frame('[7]')}\n`.repeat(50_000)}`);
    expect(await stranger.next()).toBe('refused "a message that makes no sense here"');
    stranger.say(frame('[8]'));
    await closed(stranger.socket);
    await publisher.publish.x(1);
    await publisher.flush({ timeout: 5_000 });
    expect(received).toEqual([1]);
    expect(broker.counters).toMatchObject({ refused: 1, invalid: 0 });
  });

  test('bytes that are no text, and text that is no request: dropped and counted', async () => {
    const broker = await startBroker('ipc');
    const stranger = await openStranger(linesOf(broker.endpoints));
    await stranger.next();
    stranger.say(SUBSCRIBE_X);
    stranger.say(Uint8Array.of(0xff, 0xfe, 10));
    stranger.say('[1, 2]');
    // With a byte order mark, it is no JSON.
    stranger.say(`\uFEFF${frame('[0]')}`);
    stranger.say(frame('[1]'));
    expect(await stranger.next()).toBe(frame('[1]'));
    expect(broker.counters).toMatchObject({ invalid: 3, refused: 0, frames: 1 });
  });

  test('a text is sent as its bytes in UTF-8, wherever there are characters of several bytes', () => {
    const text = fc.array(fc.constantFrom('a', '\n', 'é', '€', '😀', '\ud83d'), { maxLength: 20 });
    fc.assert(
      fc.property(text, fc.nat(10), text, (before, ascii, after) => {
        const all = [...before, 'x'.repeat(ascii), ...after].join('');
        expect(toBytes(all).equals(Buffer.from(all))).toBe(true);
      }),
    );
  });

  test('a line that never ends is too long one day', () => {
    const reader = new LineReader();
    const chunk = Buffer.alloc(64 * 1024 * 1024, 'x');
    for (let i = 0; i < 8; i += 1) {
      expect(reader.isTooLong).toBe(false);
      expect([...reader.read(chunk)]).toEqual([]);
    }
    expect(reader.isTooLong).toBe(true);
  });

  test('a line that ends beyond what fits into a string is too long as well', () => {
    const longest = constants.MAX_STRING_LENGTH - 1;
    const chunk = Buffer.alloc(64 * 1024 * 1024, 'x');
    const reader = new LineReader();
    for (let i = 0; i < 7; i += 1) expect([...reader.read(chunk)]).toEqual([]);
    expect([...reader.read(chunk.subarray(0, longest - 7 * chunk.length))]).toEqual([]);
    expect(reader.isTooLong).toBe(false);
    expect([...reader.read(Buffer.from('x\nbeat\n'))]).toEqual([]);
    expect(reader.isTooLong).toBe(true);
  });

  test.each([1, 2, 3, 7, 100_000])('lines that come in pieces of %i bytes are put together', (size) => {
    const text = ['a', '', 'ü\u{1f375}', 'x'.repeat(50)];
    const all = Buffer.from(`${text.join('\n')}\n`);
    const reader = new LineReader();
    const lines: Buffer[] = [];
    for (let i = 0; i < all.length; i += size) lines.push(...reader.read(all.subarray(i, i + size)));
    expect(lines.map(String)).toEqual(text);
  });

  test.each([
    '{"version":2,"heartbeat":6000}',
    ...[0, null, 2 ** 31].map((heartbeat) => JSON.stringify({ version: 1, heartbeat })),
  ])('who welcomes with %s does not speak this version', async (welcome) => {
    const path = await sayAt(`welcome ${welcome}\n`);
    expect(await joinLines(path, () => {}, new AbortController().signal)).toBeUndefined();
  });

  test('who is welcomed twice keeps no timer', async () => {
    const welcome = 'welcome {"version":1,"heartbeat":6000}\n';
    const path = await sayAt(`${welcome}${welcome}`);
    const before = timers();
    const link = (await joinLines(path, () => {}, new AbortController().signal)) as LinesLink;
    await link.close();
    expect(timers()).toBeLessThanOrEqual(before);
  });

  test('a link is not taken for dead while its peer takes its time over what has come', async () => {
    const { door, path } = await openDoor({ heartbeat: 300, mostWaiting: 16 * 1024 * 1024 });
    let received = 0;
    const take = (): void => {
      const end = performance.now() + 20;
      while (performance.now() < end);
      received += 1;
    };
    const link = (await joinLines(path, take, new AbortController().signal)) as LinesLink;
    onTestFinished(() => link.close());
    let ended = false;
    void link.ended.then(() => (ended = true));
    link.subscribe({ name: 'x', prefixes: [frame('').slice(0, -'}'.length)] });
    while (!door.hears(frame('').slice(0, -'}'.length))) await new Promise(setImmediate);
    for (let i = 0; i < 50; i += 1) door.send(frame(`[${i}]`));
    while (received < 50 && !ended) await new Promise(setImmediate);
    expect(ended).toBe(false);
  });

  test('who does not read misses what is beyond the limit, gets what comes once there is room, or is cut off', async () => {
    const reasons: string[] = [];
    const rules = { heartbeat: 300, mostWaiting: 16 * 1024 * 1024 };
    const { door, join } = await openDoor(rules, ({ reason }) => reasons.push(reason));
    const [slow, stuck] = [await join(), await join()];
    slow.socket.pause();
    stuck.socket.pause();
    const large = frame(`["${'x'.repeat(1_000_000)}"]`);
    for (let i = 0; i < 40; i += 1) door.send(large);
    slow.socket.resume();
    let received = 0;
    for (;;) {
      // Beats come while it waits.
      const line = await slow.next();
      if (line === 'beat') {
        door.send(frame('["behind"]'));
      } else if (line === large) {
        received += 1;
      } else {
        expect(line).toBe(frame('["behind"]'));
        break;
      }
    }
    expect(received).toBeGreaterThan(15);
    expect(received).toBeLessThan(20);
    // Who was cut off is told when it says something.
    while (!stuck.socket.destroyed) {
      stuck.say(frame('["still here"]'));
      await new Promise(setImmediate);
    }
    expect(reasons).toEqual([expect.stringContaining('too slow')]);
  });

  test('a broker that hangs is noticed, and nothing is lost when it goes on', { timeout: 30_000 }, async () => {
    const endpoints = freeEndpoints('ipc');
    const broker = cli('broker', endpoints.in, endpoints.out);
    await broker.line();
    const { publisher, received } = await startPair(endpoints);
    broker.kill('SIGSTOP');
    const disconnected = publisher.status.disconnected.next({ timeout: 15_000 });
    for (let i = 0; i < 100; i += 1) void publisher.publish.x(i);
    await disconnected;
    broker.kill('SIGCONT');
    await publisher.flush({ timeout: 10_000 });
    expect(received).toEqual(numbers(100));
  });
});
