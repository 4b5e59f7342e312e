import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Peer } from 'mreventloop';
import { WebSocket } from 'ws';
import { describeWith } from '../setup/describe-with.ts';
import { startBroker, temporaryFolder } from '../support/addresses.ts';
import { NatsServer } from '../support/nats-server.ts';
import { cli, cliWith, type Program } from '../support/program.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

describe('cli: help and usage', () => {
  test.each([[['--help']], [['-h']], [['broker', '--help']], [['broker', '-h']], [['help']], [['help', 'broker']]])(
    '%j: shows help',
    async (args) => {
      const program = cli(...args);
      const lines = await program.rest();
      expect(lines.join('\n')).toContain('Usage:');
      expect(lines.join('\n')).toContain('mreventloop broker IN OUT');
      expect(await program.exit).toEqual({ code: 0, signal: null, stderr: '' });
    },
  );

  test.each([[['--help']], [['broker', '--help']], [['--version']]])('%j: nobody reads it', async (args) => {
    const program = cli(...args);
    program.child.stdout?.destroy();
    expect(await program.exit).toEqual({ code: 0, signal: null, stderr: '' });
  });

  test.each(['--version', '-v'])('%s: shows the version', async (option) => {
    const program = cli(option);
    expect(await program.rest()).toEqual([version]);
  });

  test.each([
    [[], 'a command is missing', 'mreventloop --help'],
    [['serve'], "there is no command 'serve'", 'mreventloop --help'],
    [['help', 'serve'], "there is no command 'serve'", 'mreventloop --help'],
    [['broker'], 'broker needs an address', 'mreventloop broker --help'],
    [['broker', '--loud', 'ipc:///tmp/x'], "unknown option '--loud'", 'mreventloop broker --help'],
    [['broker', '--quiet=yes'], "option '-q, --quiet' does not take an argument", 'mreventloop broker --help'],
    [['broker', '-u', '-q'], "option '-u' argument is ambiguous", 'mreventloop broker --help'],
    [['broker', 'a', 'b', 'c'], 'broker takes one or two addresses', 'mreventloop broker --help'],
    [['broker', 'inproc://x'], 'inproc:// exists within a process only', 'mreventloop broker --help'],
    [
      ['broker', 'ws://127.0.0.1:0', '-u', 'nats://secret@a'],
      'an uplink has no user and no password: its token belongs into MREVENTLOOP_UPLINK_TOKEN',
      'mreventloop broker --help',
    ],
  ])('%j: a usage error, with exit code 2', async (args, words, help) => {
    const { code, stderr } = await cli(...args).exit;
    expect(code).toBe(2);
    expect(stderr).toBe(`mreventloop: ${words}\nTry '${help}'.\n`);
  });
});

describe('cli: broker', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('serves until %s, then cleans up and sums up', async (signal) => {
    const address = `ipc://${temporaryFolder()}/shop`;
    const program = cli('broker', address);
    expect(await program.line()).toBe(`broker: serving; peers receive from ${address}.in and send to ${address}.out`);
    {
      const peer = new Peer(`${address}.in`, `${address}.out`, ['produced'], ['produced']);
      await using _peer = await peer.start();
      const arrived = peer.events.produced.next();
      await peer.publish.produced('tea');
      expect(await arrived).toEqual(['tea']);
    }
    program.kill(signal);
    expect(await program.line()).toBe(`broker: ${signal}, stopping`);
    expect(await program.line()).toMatch(/^broker: passed on [1-9]\d* frames, [1-9]\d* bytes; dropped 0 invalid$/);
    expect(await program.exit).toEqual({ code: 0, signal: null, stderr: '' });
    expect(existsSync(`${address}.in`.slice('ipc://'.length))).toBe(false);
  });

  test('nobody reads any more what it says: serves on, and cleans up at the end', async () => {
    const address = `ipc://${temporaryFolder()}/shop`;
    const program = cli('broker', address);
    await program.line();
    program.child.stdout?.destroy();
    program.kill('SIGTERM');
    expect(await program.exit).toEqual({ code: 0, signal: null, stderr: '' });
    expect(existsSync(`${address}.in`.slice('ipc://'.length))).toBe(false);
  });

  test('takes two addresses', async () => {
    const folder = temporaryFolder();
    const program = cli('broker', `ipc://${folder}/a`, `ipc://${folder}/b`);
    expect(await program.line()).toContain(`receive from ipc://${folder}/a and send to ipc://${folder}/b`);
  });

  test('says one address once, if there is one', async () => {
    const program = cli('broker', 'ws://127.0.0.1:0');
    expect(await program.line()).toMatch(/^broker: serving; peers connect to ws:\/\/127\.0\.0\.1:\d+\/?$/);
  });

  test('joins others, or tries to', async () => {
    const program = cli('broker', 'ws://127.0.0.1:0', '--uplink', 'nats://127.0.0.1:1/shop');
    expect(await program.line()).toBe('broker: connecting to nats://127.0.0.1:1/shop');
    expect(await program.line()).toContain('broker: serving; peers connect to ws://127.0.0.1:');
    const said = 'broker: trying to join nats://127.0.0.1:1/shop: connection refused\n';
    await expect.poll(() => program.stderr).toBe(said);
  });

  test('quiet: says what is wrong with the uplink, and nothing else', async () => {
    const program = cli('broker', 'ws://127.0.0.1:0', '--quiet', '--uplink', 'nats://127.0.0.1:1/shop');
    const said = 'broker: trying to join nats://127.0.0.1:1/shop: connection refused\n';
    await expect.poll(() => program.stderr, { timeout: 5_000 }).toBe(said);
    program.kill('SIGTERM');
    expect(await program.rest()).toEqual([]);
    expect(await program.exit).toEqual({ code: 0, signal: null, stderr: said });
  });

  test('an uplink to somebody who says nothing: a signal ends it meanwhile', async () => {
    const mute = createServer(() => {}).listen(0, '127.0.0.1');
    onTestFinished(() => void mute.close());
    await once(mute, 'listening');
    const uplink = `nats://127.0.0.1:${(mute.address() as AddressInfo).port}`;
    const address = `ipc://${temporaryFolder()}/shop`;
    const connection = once(mute, 'connection');
    const program = cli('broker', address, '--uplink', uplink);
    expect(await program.line()).toBe(`broker: connecting to ${uplink}`);
    await connection;
    program.kill('SIGTERM');
    expect(await program.line()).toBe('broker: SIGTERM, stopping');
    expect((await program.rest()).at(-1)).toBe('broker: passed on 0 frames, 0 bytes; dropped 0 invalid');
    expect(await program.exit).toEqual({ code: 0, signal: null, stderr: '' });
  });

  test('a second signal, of whatever kind, ends it at once', async () => {
    const program = cli('broker', 'ws://127.0.0.1:0');
    const [url = ''] = /ws:\S+/.exec(await program.line()) ?? [];
    const socket = new WebSocket(url);
    await once(socket, 'open');
    // It is waited for when the broker stops.
    socket.pause();
    program.kill('SIGTERM');
    expect(await program.line()).toBe('broker: SIGTERM, stopping');
    program.kill('SIGINT');
    expect(await program.exit).toMatchObject({ code: null, signal: 'SIGINT' });
    socket.on('error', () => {}).terminate();
  });

  test('says who was refused, and why', async () => {
    const program = cli('broker', 'ws://127.0.0.1:0');
    const [url = ''] = /ws:\S+/.exec(await program.line()) ?? [];
    const socket = new WebSocket(url);
    await once(socket, 'open');
    socket.send('nonsense');
    expect(await program.line()).toBe('broker: refused 127.0.0.1: a message that makes no sense here');
    await once(socket, 'close');
  });

  test('an address that another broker serves: one line, exit code 1', async () => {
    const { endpoints } = await startBroker();
    const { code, stderr } = await cli('broker', endpoints.in, endpoints.out).exit;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^mreventloop: 'ipc:.*' is in use.*\n$/);
  });

  test('an address that makes no sense: one line, exit code 1', async () => {
    const { code, stderr } = await cli('broker', 'nonsense').exit;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^mreventloop: 'nonsense' is no address.*\n$/);
  });

  test('an uplink that makes no sense: one line, which says what is expected, exit code 1', async () => {
    const { code, stderr } = await cli('broker', 'ws://127.0.0.1:0', '--uplink', 'foo').exit;
    expect(code).toBe(1);
    expect(stderr).toBe("mreventloop: 'foo' is no address; expected nats://…\n");
  });

  test('a second address for WebSockets is one too many, with an uplink, too', async () => {
    const { code, stderr } = await cli('broker', 'ws://127.0.0.1:1', 'ws://127.0.0.1:2', '-u', 'nats://a').exit;
    expect(code).toBe(1);
    expect(stderr).toBe("mreventloop: 'ws://127.0.0.1:1' is for both ways: 'ws://127.0.0.1:2' is one too many\n");
  });
});

function startBrokerAt(uplink: string, token: string, ...options: readonly string[]): Program {
  const env = { MREVENTLOOP_UPLINK_TOKEN: token };
  return cliWith({ env }, 'broker', 'ws://127.0.0.1:0', '-u', uplink, ...options);
}

describeWith('nats', 'cli: an uplink to a server that wants a token', (program) => {
  test('the right one in the environment: joins', async () => {
    const { address } = await NatsServer.start(program, '--auth', 'open sesame');
    const broker = startBrokerAt(address, 'open sesame');
    expect(await broker.line()).toBe(`broker: connecting to ${address}`);
    expect(await broker.line()).toBe(`broker: joined ${address}`);
  });

  test.each(['guessed', ''])("'%s': says where it is from, also when it is to be quiet", async (token) => {
    const { address } = await NatsServer.start(program, '--auth', 'open sesame');
    const broker = startBrokerAt(address, token, '--quiet');
    const reason = `the server at '${address}' does not let this in (see MREVENTLOOP_UPLINK_TOKEN)`;
    await expect.poll(() => broker.stderr, { timeout: 5_000 }).toBe(`broker: trying to join ${address}: ${reason}\n`);
  });
});
