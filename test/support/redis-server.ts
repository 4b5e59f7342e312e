import { freePort } from './free-port.ts';
import { Program } from './program.ts';

/** A `redis-server` that a test runs, on a port of its own, which it keeps when it is started again. */
export class RedisServer {
  readonly #program: string;
  readonly #args: readonly string[];
  readonly port: number;
  #process: Program | undefined;

  private constructor(program: string, port: number, args: readonly string[]) {
    this.#program = program;
    this.port = port;
    this.#args = args;
  }

  static async start(program: string, ...args: readonly string[]): Promise<RedisServer> {
    return RedisServer.startAt(program, await freePort(), ...args);
  }

  static async startAt(program: string, port: number, ...args: readonly string[]): Promise<RedisServer> {
    const server = new RedisServer(program, port, args);
    await server.start();
    return server;
  }

  get address(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    // It keeps nothing on the disk.
    const args = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', ...this.#args];
    const process = new Program(this.#program, args);
    this.#process = process;
    for (;;) if ((await process.line()).includes('eady to accept connections')) break;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#process?.exit;
  }
}
