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
  /** @param folder - for sockets; it is removed afterwards */
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

/** The floor: ZeroMQ with a relay in JavaScript and JSON, and nothing else. */
export const zeromq: System = {
  folder: 'zeromq',
  async startBroker(folder, settings) {
    const addresses = ipc(folder);
    return { program: await Program.role('zeromq/relay.ts', { ...settings, addresses }), addresses };
  },
};

/** The rival: at most once, and a broker in native code. */
export const nats: System = {
  folder: 'nats',
  async startBroker() {
    const listening = /Listening for client connections on (\S+)/;
    const [program, line] = await Program.command('nats-server', ['-a', '127.0.0.1', '-p', '-1'], listening);
    const [, address = ''] = listening.exec(line) ?? [];
    return { program, addresses: [address, address] };
  },
};

function ipc(folder: string): [string, string] {
  return [`ipc://${folder}/bench.in`, `ipc://${folder}/bench.out`];
}
