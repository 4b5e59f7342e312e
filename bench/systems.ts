import { writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { findProgram } from '../test/setup/on-path.ts';
import { REQUIREMENTS, type Requirement } from '../test/setup/requirements.ts';
import { Program } from './program.ts';
import type { Settings } from './role.ts';

/** A broker that runs, and where peers receive from and send to. */
export interface RunningBroker {
  /** Nothing where there is no broker. */
  readonly program?: Program;
  readonly addresses: readonly [string, string];
  /** Where pages connect to. */
  readonly page?: string;
}

/** Something that is measured. Its folder has a program for each role. */
export interface System {
  readonly folder: string;
  /** What its programs are written in. */
  readonly language?: 'Python';
  /** What has to be installed. */
  readonly requires?: Requirement<string>;
  /** @param folder - for sockets and files; it is removed afterwards */
  startBroker(folder: string, settings: Settings): Promise<RunningBroker>;
}

/** This package with everything on: numbered, acknowledged, repaired. */
export const mreventloop: System = {
  folder: 'mreventloop',
  async startBroker(folder) {
    const cli = new URL('../dist/cli/main.js', import.meta.url).pathname;
    const addresses = ipc(folder);
    const [program] = await Program.command(process.execPath, [cli, 'broker', ...addresses], /serving/);
    return { program, addresses };
  },
};

/** The same where ZeroMQ carries the frames, as it does with peers in Python, too. */
export const mreventloopTcp: System = {
  folder: 'mreventloop',
  async startBroker() {
    const cli = new URL('../dist/cli/main.js', import.meta.url).pathname;
    const serving = /from (\S+) and send to (\S+)/;
    const any = 'tcp://127.0.0.1:0';
    const [program, line] = await Program.command(process.execPath, [cli, 'broker', any, any], serving);
    const [, inAddress = '', outAddress = ''] = serving.exec(line) ?? [];
    return { program, addresses: [inAddress, outAddress] };
  },
};

/** The same with a door for pages. */
export const mreventloopToPage: System = {
  folder: 'mreventloop',
  requires: REQUIREMENTS.chromium,
  async startBroker(folder, settings) {
    const addresses = ipc(folder);
    const program = await Program.role('mreventloop/doors.ts', { ...settings, addresses });
    return { program, addresses, page: program.address };
  },
};

/** The floor: ZeroMQ with a relay in JavaScript and JSON, and nothing else. */
export const zeromq: System = {
  folder: 'zeromq',
  async startBroker(folder, settings) {
    const addresses = ipc(folder);
    return { program: await Program.role('zeromq/relay.ts', { ...settings, addresses }), addresses };
  },
};

/** What two processes can do at all with a third between them: lines over Unix sockets. */
export const unixSocket: System = {
  folder: 'unix-socket',
  async startBroker(folder, settings) {
    const addresses = [join(folder, 'relay'), join(folder, 'relay')] as const;
    return { program: await Program.role('unix-socket/relay.ts', { ...settings, addresses }), addresses };
  },
};

/** At most once, and a broker in native code. */
export const nats: System = {
  folder: 'nats',
  requires: REQUIREMENTS.nats,
  async startBroker(folder, { tool }) {
    // Whoever falls behind by 64 MiB would be cut off.
    const configuration = join(folder, 'nats.conf');
    writeFileSync(configuration, 'max_pending: 4GB\n');
    const listening = /Listening for client connections on (\S+)/;
    const args = ['-a', '127.0.0.1', '-p', '-1', '-c', configuration];
    const [program, line] = await Program.command(tool, args, listening);
    const [, host = ''] = listening.exec(line) ?? [];
    const address = `nats://${host}`;
    return { program, addresses: [address, address] };
  },
};

/** At most once. Its client and its server meet at a Unix socket, which is faster than TCP. */
export const redis: System = {
  folder: 'redis',
  requires: REQUIREMENTS.redis,
  async startBroker(folder, { tool }) {
    const path = join(folder, 'redis.sock');
    // It keeps nothing on the disk, and cuts nobody off who falls behind.
    const options = ['--save', '', '--appendonly', 'no', '--client-output-buffer-limit', 'pubsub 0 0 0'];
    const args = ['--port', '0', '--unixsocket', path, ...options];
    const [program] = await Program.command(tool, args, /eady to accept connections/);
    return { program, addresses: [path, path] };
  },
};

/** At most once, with QoS 0. */
export const mqtt: System = {
  folder: 'mqtt',
  requires: {
    what: 'mosquitto',
    hint: 'Debian: apt-get install mosquitto; elsewhere: from mosquitto.org, on the PATH',
    prepare: () => findProgram('mosquitto'),
  },
  async startBroker(folder, { tool }) {
    const port = await freePort();
    const configuration = join(folder, 'mosquitto.conf');
    // It drops nothing for those who fall behind, and waits for no company for a small packet.
    const limits = ['max_queued_messages 0', 'max_queued_bytes 0', 'set_tcp_nodelay true'];
    writeFileSync(configuration, [`listener ${port} 127.0.0.1`, 'allow_anonymous true', ...limits, ''].join('\n'));
    const [program] = await Program.command(tool, ['-c', configuration], /mosquitto version \S+ running/);
    const address = `mqtt://127.0.0.1:${port}`;
    return { program, addresses: [address, address] };
  },
};

/** At most once; the broker is a server in JavaScript. */
export const socketIo: System = {
  folder: 'socket-io',
  async startBroker(_folder, settings) {
    const program = await Program.role('socket-io/hub.ts', settings);
    const { address } = program;
    return { program, addresses: [address, address], page: address };
  },
};

export const socketIoToPage: System = { ...socketIo, requires: REQUIREMENTS.chromium };

/** Requests, in its usual form: over NATS. */
export const moleculer: System = { ...nats, folder: 'moleculer' };

/** The same without a broker, from one program to the other. */
export const moleculerDirect: System = {
  folder: 'moleculer',
  async startBroker() {
    return { addresses: [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`] };
  },
};

/** The original, which loses what it cannot keep up with. */
export const python: System = {
  folder: 'python',
  language: 'Python',
  requires: { ...REQUIREMENTS.python, prepare: async () => (await REQUIREMENTS.python.prepare())['0.7.1'] },
  async startBroker(folder, settings) {
    const addresses = ipc(folder);
    return { program: await Program.python(settings.tool, 'python/broker.py', { ...settings, addresses }), addresses };
  },
};

export const systems: readonly System[] = [
  mreventloop,
  mreventloopTcp,
  zeromq,
  unixSocket,
  nats,
  redis,
  mqtt,
  socketIo,
  mreventloopToPage,
  socketIoToPage,
  moleculer,
  moleculerDirect,
  python,
];

/** For a server that does not find one by itself. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function ipc(folder: string): [string, string] {
  return [`ipc://${folder}/bench.in`, `ipc://${folder}/bench.out`];
}
