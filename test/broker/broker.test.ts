import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { connect as connectSocket, createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { Publisher, Subscriber } from 'zeromq';
import { describe, expect, onTestFinished, test } from 'vitest';
import { AddressError, AddressInUseError, Broker, type Endpoints, Peer, StateError } from 'mreventloop';
import { isServed } from '../../src/bus/served.ts';
import { freeEndpoints, type Scheme, SCHEMES, startBroker, temporaryFolder } from '../support/addresses.ts';
import { cli, Program } from '../support/program.ts';

/** Addresses that nobody serves, with what a broker that was killed has left behind, or ports that are free. */
async function takenEndpoints(scheme: Scheme): Promise<Endpoints> {
  if (scheme === 'tcp' || scheme === 'ws') {
    await using broker = await startBroker(scheme);
    return broker.endpoints;
  }
  const endpoints = freeEndpoints(scheme);
  if (scheme === 'inproc') return endpoints;
  const paths = new Set(Object.values(endpoints).map((address) => new URL(address).pathname));
  if (scheme === 'ipc') paths.add(`${new URL(endpoints.in).pathname}.lines`);
  for (const path of paths) await leaveSocket(path);
  return endpoints;
}

/** How many brokers may start at one path at once: of more than two, only Linux has what lets one in after the other. */
const MOST_AT_ONCE = process.platform === 'linux' ? 5 : 2;

/** Leaves the socket of a server that is gone. */
async function leaveSocket(path: string): Promise<void> {
  const server = createServer().listen(path);
  await once(server, 'listening');
  renameSync(path, `${path}.left`);
  server.close();
  await once(server, 'close');
  renameSync(`${path}.left`, path);
}

describe.each(SCHEMES)('broker over %s', (scheme) => {
  test('start and stop: any number of times', async () => {
    const { in: inAddress, out } = freeEndpoints(scheme);
    const broker = new Broker(inAddress, out);
    for (let i = 0; i < 3; i += 1) {
      expect(broker.running).toBe(false);
      await broker.start();
      expect(broker.running).toBe(true);
      const peer = await new Peer(broker.endpoints.in, broker.endpoints.out, [], []).start();
      await peer.stop();
      await broker.stop();
    }
    await broker.stop();
  });

  test('start: a second broker on served addresses is refused, and the first goes on', async () => {
    const { endpoints } = await startBroker(scheme);
    const second = new Broker(endpoints.in, endpoints.out);
    const start = second.start();
    await expect(start).rejects.toThrow(AddressInUseError);
    await expect(start).rejects.toThrow(endpoints.in);
    const peer = new Peer(endpoints.in, endpoints.out, [], []);
    await using _peer = await peer.start();
  });

  test('start: of several at once, one serves, and the others are refused', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { in: inAddress, out } = await takenEndpoints(scheme);
      const brokers = Array.from({ length: 2 + (round % (MOST_AT_ONCE - 1)) }, () => new Broker(inAddress, out));
      const starts = await Promise.allSettled(brokers.map((broker) => broker.start()));
      for (const broker of brokers) onTestFinished(() => broker.stop());
      expect(starts.filter(({ status }) => status === 'fulfilled').length).toBe(1);
      for (const start of starts) {
        if (start.status === 'rejected') expect(start.reason).toBeInstanceOf(AddressInUseError);
      }
      if (scheme === 'ipc') expect(await Promise.all([isServed(inAddress), isServed(out)])).toEqual([true, true]);
      await using _peer = await new Peer(inAddress, out, [], []).start();
    }
  });

  test('start: refused while it runs', async () => {
    const broker = await startBroker(scheme);
    await expect(broker.start()).rejects.toThrow(StateError);
  });

  test('start during the stop: it waits for that, and serves', async () => {
    const broker = await startBroker(scheme);
    for (let i = 0; i < 3; i += 1) {
      const stop = broker.stop();
      const start = broker.start();
      await expect(broker.start()).rejects.toThrow(StateError);
      expect(broker.running).toBe(false);
      await stop;
      await start;
      expect(broker.running).toBe(true);
      const peer = await new Peer(broker.endpoints.in, broker.endpoints.out, [], []).start({ timeout: 5_000 });
      await peer.stop();
    }
  });

  test('stop, start, stop and so on in one turn: what comes last counts', async () => {
    const broker = await startBroker(scheme);
    await Promise.all([broker.stop(), broker.start(), broker.stop(), broker.start(), broker.stop()]);
    expect(broker.running).toBe(false);
    await using _next = await new Broker(broker.endpoints.in, broker.endpoints.out).start();
    await expect(broker.start()).rejects.toThrow(AddressInUseError);
  });

  test('stop during the second start, when the first is done: it does not serve', async () => {
    const { in: inAddress, out } = freeEndpoints(scheme);
    const broker = new Broker(inAddress, out);
    const first = broker.start();
    const stop = broker.stop();
    const second = broker.start();
    await first;
    await broker.stop();
    await Promise.all([stop, second]);
    expect(broker.running).toBe(false);
  });

  test('stop, start and stop again: the end of what came first changes nothing', async () => {
    const broker = await startBroker(scheme);
    const first = broker.stop();
    const start = broker.start();
    const second = broker.stop();
    await first;
    expect(broker.stop()).toBe(second);
    await Promise.all([start, second]);
    const early = broker.start();
    void broker.stop();
    const late = broker.start();
    await early;
    await broker.stop();
    await late;
    expect(broker.running).toBe(false);
  });

  test('stop during the start: it does not serve', async () => {
    const { in: inAddress, out } = freeEndpoints(scheme);
    const broker = new Broker(inAddress, out);
    const start = broker.start();
    await broker.stop();
    await start;
    expect(broker.running).toBe(false);
  });
});

describe('broker: addresses', () => {
  test.each([
    ['ipc:///tmp/shop', { in: 'ipc:///tmp/shop.in', out: 'ipc:///tmp/shop.out' }],
    ['inproc://shop', { in: 'inproc://shop.in', out: 'inproc://shop.out' }],
    ['tcp://127.0.0.1:5000', { in: 'tcp://127.0.0.1:5000', out: 'tcp://127.0.0.1:5001' }],
    ['tcp://[::1]:5000', { in: 'tcp://[::1]:5000', out: 'tcp://[::1]:5001' }],
  ])('%s stands for two', (address, endpoints) => {
    expect(new Broker(address).endpoints).toEqual(endpoints);
  });

  test.each([
    ['', /is no address/],
    ['/tmp/shop', /is no address/],
    ['shop://x', /'shop' is not known/],
    ['ipc://tmp/shop', /absolute path/],
    ['ipc://', /is no address/],
    ['tcp://127.0.0.1', /a host and a port/],
    ['tcp://127.0.0.1:http', /a host and a port/],
    ['tcp://127.0.0.1:65536', /a host and a port/],
    ['tcp://127.0.0.1:65535', /needs its port and the next/],
    ['tcp://127.0.0.1:0', /needs its port and the next/],
    ['inproc://a\0b', /NUL/],
    ['nats://127.0.0.1:4222', /is where a server of nats serves/],
  ])('%j makes no sense', (address, message) => {
    expect(() => new Broker(address)).toThrow(AddressError);
    expect(() => new Broker(address)).toThrow(message);
  });

  test.each([[undefined], [null], [5]])('%j is no address', (address) => {
    const none = address as unknown as string;
    expect(() => new Broker(none)).toThrow(AddressError);
    expect(() => new Broker(none)).toThrow(`'${address}' is no address`);
    expect(() => new Broker(none, none)).toThrow(AddressError);
    expect(() => new Broker(none, 'ipc:///tmp/x.out')).toThrow(AddressError);
  });

  test('what is no port is not attached', () => {
    for (const none of ['ipc:///tmp/x', undefined, {}]) {
      expect(() => new Broker({}).attach(none as never)).toThrow(AddressError);
    }
  });

  test('two addresses must be of one kind, and not the same', () => {
    expect(() => new Broker('ipc:///tmp/a', 'tcp://127.0.0.1:5000')).toThrow(/same kind/);
    expect(() => new Broker('ipc:///tmp/a', 'ipc:///tmp/a')).toThrow(/given twice/);
    expect(() => new Broker('tcp://127.0.0.1:5000', 'tcp://127.0.0.1:5000')).toThrow(/given twice/);
  });

  test('tcp port 0: the broker tells which ports it got', async () => {
    const { endpoints } = await startBroker('tcp');
    expect(endpoints.in).toMatch(/^tcp:\/\/127\.0\.0\.1:[1-9]\d+$/);
    expect(endpoints.out).not.toBe(endpoints.in);
  });

  test('tcp port in use by another program: its own error', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const address = `tcp://127.0.0.1:${portOf(server)}`;
    await expect(new Broker(address, 'tcp://127.0.0.1:0').start()).rejects.toThrow(AddressInUseError);
    // The second address is in use: what was bound for the first is given back.
    const broker = new Broker('tcp://127.0.0.1:0', address);
    await expect(broker.start()).rejects.toThrow(`'${address}' is in use`);
    server.close();
    await once(server, 'close');
    await broker.start();
    await broker.stop();
  });

  test('tcp address of another machine: its own error', async () => {
    // 192.0.2.0/24 is set aside for documentation.
    const start = new Broker('tcp://192.0.2.1:5000').start();
    await expect(start).rejects.toThrow(AddressError);
    await expect(start).rejects.toThrow(/no such network address/);
  });
});

describe('broker: ipc paths', () => {
  test('a regular file is left as it is', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'precious');
    writeFileSync(file, 'data');
    const start = new Broker(`ipc://${file}`, `ipc://${folder}/out`).start();
    await expect(start).rejects.toThrow(AddressError);
    await expect(start).rejects.toThrow(/a file that is no socket/);
    expect(readFileSync(file, 'utf8')).toBe('data');
  });

  test('when the second path cannot be bound, the socket of the first is removed', async () => {
    const folder = temporaryFolder();
    await mkdir(join(folder, 'out'));
    const start = new Broker(`ipc://${folder}/in`, `ipc://${folder}/out`).start();
    await expect(start).rejects.toThrow(/there is a folder/);
    expect(existsSync(join(folder, 'in'))).toBe(false);
  });

  test.each([
    ['too long', (folder: string) => `${folder}/${'x'.repeat(120)}`, /too long/],
    ['in no folder', (folder: string) => `${folder}/missing/in`, /folder does not exist/],
  ])('%s: its own error', async (_, path, message) => {
    const folder = temporaryFolder();
    const start = new Broker(`ipc://${path(folder)}`, `ipc://${folder}/out`).start();
    await expect(start).rejects.toThrow(AddressError);
    await expect(start).rejects.toThrow(message);
  });

  test('the socket of another program is not stolen', async () => {
    const folder = temporaryFolder();
    const server = createServer().listen(join(folder, 'in'));
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    await expect(new Broker(`ipc://${folder}/in`, `ipc://${folder}/out`).start()).rejects.toThrow(AddressInUseError);
    expect(statSync(join(folder, 'in')).isSocket()).toBe(true);
  });

  test('the socket of another program that stands still, and is asked by many, is not stolen', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'in');
    const listen = `require('net').createServer().listen({ path: '${path}', backlog: 1 }, () => console.log('listening'))`;
    const program = new Program(process.execPath, ['-e', listen]);
    expect(await program.line()).toBe('listening');
    program.kill('SIGSTOP');
    const waiting = Array.from({ length: 10 }, () => connectSocket(path));
    onTestFinished(() => waiting.forEach((socket) => void socket.destroy()));
    const outcomes = waiting.map(
      (socket) =>
        new Promise((resolve) => {
          socket.once('connect', () => resolve('connected'));
          socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code));
        }),
    );
    expect(await Promise.all(outcomes)).toContain('EAGAIN');
    await expect(new Broker(`ipc://${path}`, `ipc://${folder}/out`).start()).rejects.toThrow(AddressInUseError);
    expect(statSync(path).isSocket()).toBe(true);
  });

  test('the stale sockets of a broker that was killed are replaced', async () => {
    const { in: inAddress, out } = freeEndpoints('ipc');
    const killed = cli('broker', inAddress, out);
    await killed.line();
    killed.kill('SIGKILL');
    await killed.exit;
    expect(existsSync(inAddress.slice('ipc://'.length))).toBe(true);
    await using _broker = await new Broker(inAddress, out).start();
    await using _peer = await new Peer(inAddress, out, [], []).start();
  });

  test('stop removes what start made', async () => {
    const folder = temporaryFolder();
    const broker = await new Broker(`ipc://${folder}/shop`).start();
    expect(existsSync(join(folder, 'shop.in'))).toBe(true);
    await broker.stop();
    expect(existsSync(join(folder, 'shop.in'))).toBe(false);
    expect(existsSync(join(folder, 'shop.out'))).toBe(false);
  });

  test('stop leaves a socket that somebody else has made in its place', async () => {
    const folder = temporaryFolder();
    const broker = await new Broker(`ipc://${folder}/shop`).start();
    // As ZeroMQ does it: a bind removes the path that another one serves.
    const thief = new Publisher({ linger: 0 });
    onTestFinished(() => thief.close());
    await thief.bind(`ipc://${folder}/shop.in`);
    await broker.stop();
    expect(existsSync(join(folder, 'shop.in'))).toBe(true);
  });

  test.each(['ipc', 'ws+unix'] as const)(
    '%s: a broker whose sockets were removed stops: those of the next one stay',
    async (scheme) => {
      const folder = temporaryFolder();
      const first = await new Broker(`${scheme}://${folder}/shop`).start();
      for (const file of readdirSync(folder)) rmSync(join(folder, file));
      await using second = await new Broker(`${scheme}://${folder}/shop`).start();
      const files = readdirSync(folder);
      await first.stop();
      expect(readdirSync(folder)).toEqual(files);
      await using _peer = await new Peer(second.endpoints.in, second.endpoints.out, [], []).start();
    },
  );
});

describe('broker: relay', () => {
  test('passes on what is JSON-RPC, drops and counts the rest', async () => {
    const { broker, send, received } = await startRelay();
    const before = broker.counters;
    const good = [
      '{"jsonrpc": "2.0", "method": "x", "params": [1]}',
      '[{"jsonrpc": "2.0", "method": "x"}]',
      '[ {"jsonrpc": "2.0", "method": "x"}, {"jsonrpc": "2.0", "method": "y"}]',
      '{"method":"x","jsonrpc":"2.0","params":["written by another library"]}',
    ];
    const bad = [
      Buffer.from([0x7b, 0xff, 0xfe]),
      Buffer.concat([
        Buffer.from('{"jsonrpc": "2.0", "method": "x", "params": ["'),
        Buffer.from([0x80]),
        Buffer.from('"]}'),
      ]),
      'no json',
      '{}',
      '[]',
      '7',
      'null',
      '[7]',
      '{"jsonrpc": "2.0", "result": 1}',
      '{"jsonrpc": "1.0", "method": "x"}',
      '[ {"jsonrpc": "2.0", "method": "x"}, 7]',
      // A mark of the byte order, which Python refuses.
      '\ufeff{"method": "x", "jsonrpc": "2.0"}',
      '',
    ];
    for (const frame of [...bad, ...good]) await send(frame);
    for (const frame of good) expect(await received()).toBe(frame);
    expect(broker.counters).toEqual({
      frames: before.frames + good.length,
      bytes: before.bytes + good.join('').length,
      invalid: bad.length,
      refused: 0,
    });
  });

  test('takes a message of several frames as several messages', async () => {
    const { send, received } = await startRelay();
    const frames = ['{"jsonrpc": "2.0", "method": "x"}', '{"jsonrpc": "2.0", "method": "y"}'];
    await send(frames);
    expect([await received(), await received()]).toEqual(frames);
  });
});

/** A broker between two bare sockets that are connected through it. */
async function startRelay() {
  const broker = await startBroker();
  // The greeting below is sent many times: none of it may push out what follows.
  const sender = new Publisher({ linger: 0, sendHighWaterMark: 0 });
  const receiver = new Subscriber({ linger: 0, receiveHighWaterMark: 0 });
  onTestFinished(() => {
    sender.close();
    receiver.close();
  });
  sender.connect(broker.endpoints.out);
  receiver.connect(broker.endpoints.in);
  receiver.subscribe();
  const received = async (): Promise<string> => String((await receiver.receive())[0]);

  const heard = received();
  let waiting = true;
  void heard.then(() => (waiting = false));
  while (waiting) {
    await sender.send(hello('begin'));
    await new Promise(setImmediate);
  }
  await sender.send(hello('end'));
  while ((await received()) !== hello('end'));
  return { broker, received, send: (frame: string | Buffer | string[]) => sender.send(frame) };
}

function hello(word: string): string {
  return `{"jsonrpc": "2.0", "method": "hello", "params": ["${word}"]}`;
}

function portOf(server: Server): number {
  return (server.address() as { port: number }).port;
}
