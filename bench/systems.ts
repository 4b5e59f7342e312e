import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { REQUIREMENTS, type Requirement } from '../test/setup/requirements.ts';
import { Program } from './program.ts';
import type { Settings } from './role.ts';

/** A broker that runs, and where peers receive from and send to. */
export interface RunningBroker {
  readonly program: Program;
  readonly addresses: readonly [string, string];
}

/** Something that is measured. Its folder has a program for each role. */
export interface System {
  readonly folder: string;
  /** What has to be installed. */
  readonly requires?: Requirement<string>;
  /**
   * @param folder - for sockets and files; it is removed afterwards
   * @param tool - the path of what is required
   */
  startBroker(folder: string, settings: Settings, tool: string): Promise<RunningBroker>;
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
  async startBroker(folder, _settings, tool) {
    // Whoever falls behind by 64 MiB would be cut off.
    const configuration = join(folder, 'nats.conf');
    writeFileSync(configuration, 'max_pending: 4GB\n');
    const listening = /Listening for client connections on (\S+)/;
    const args = ['-a', '127.0.0.1', '-p', '-1', '-c', configuration];
    const [program, line] = await Program.command(tool, args, listening);
    const [, address = ''] = listening.exec(line) ?? [];
    return { program, addresses: [address, address] };
  },
};

export const systems: readonly System[] = [mreventloop, zeromq, unixSocket, nats];

function ipc(folder: string): [string, string] {
  return [`ipc://${folder}/bench.in`, `ipc://${folder}/bench.out`];
}
