import { freePort } from './free-port.ts';
import { Program } from './program.ts';

/** A `nats-server` that a test runs, on a port of its own, which it keeps when it is started again. */
export class NatsServer {
  readonly #program: string;
  readonly #args: readonly string[];
  #port: number;
  #process: Program | undefined;

  private constructor(program: string, port: number, args: readonly string[]) {
    this.#program = program;
    this.#port = port;
    this.#args = args;
  }

  /** @param args - besides where it listens */
  static start(program: string, ...args: readonly string[]): Promise<NatsServer> {
    return NatsServer.startAt(program, -1, ...args);
  }

  /** @param port - -1 for one that is free */
  static async startAt(program: string, port: number, ...args: readonly string[]): Promise<NatsServer> {
    const server = new NatsServer(program, port, args);
    await server.start();
    return server;
  }

  get port(): number {
    return this.#port;
  }

  get address(): string {
    return `nats://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    const args = ['-a', '127.0.0.1', '-p', `${this.#port}`, ...this.#args];
    const process = new Program(this.#program, args);
    this.#process = process;
    await new Promise<void>((resolve, reject) => {
      process.child.stderr?.on('data', () => {
        const isReady = process.stderr.includes('Server is ready');
        // It says so before it listens to other servers.
        if (isReady && (!args.includes('--cluster') || this.clusterPort > 0)) resolve();
      });
      void process.exit.then(({ stderr }) => reject(new Error(`nats-server ended: ${stderr}`)));
    });
    this.#port = this.#readPort('client');
  }

  /** The cluster's port, of a server that was given one. */
  get clusterPort(): number {
    return this.#readPort('route');
  }

  #readPort(kind: 'client' | 'route'): number {
    const said = this.#process?.stderr ?? '';
    return Number(new RegExp(`${kind} connections on 127\\.0\\.0\\.1:(\\d+)\\n`).exec(said)?.[1]);
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#process?.exit;
  }
}

/** A cluster of servers that know each other. */
export async function startCluster(program: string, size: number): Promise<NatsServer[]> {
  const servers: NatsServer[] = [];
  for (let i = 0; i < size; i += 1) {
    const routes = servers.slice(0, 1).flatMap(({ clusterPort }) => ['--routes', `nats://127.0.0.1:${clusterPort}`]);
    const cluster = ['--cluster_name', 'test', '--cluster', 'nats://127.0.0.1:-1', '-n', `node-${i}`];
    servers.push(await NatsServer.start(program, ...cluster, ...routes));
  }
  return servers;
}

/**
 * A cluster of servers each of which knows beforehand where the others are, as JetStream wants it.
 * @param args - for each of them
 * @param via - where they reach each other
 */
export async function startRoutedCluster(
  program: string,
  size: number,
  args: () => readonly string[],
  via: (address: string) => Promise<string> = (address) => Promise.resolve(address),
): Promise<NatsServer[]> {
  const addresses = await Promise.all(Array.from({ length: size }, async () => `nats://127.0.0.1:${await freePort()}`));
  const routes = ['--cluster_name', 'test', '--routes', (await Promise.all(addresses.map(via))).join()];
  const starting = addresses.map((address, i) =>
    NatsServer.start(program, '--cluster', address, ...routes, '-n', `node-${i}`, ...args()),
  );
  return Promise.all(starting);
}
