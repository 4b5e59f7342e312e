import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './addresses.ts';
import { freePort } from './free-port.ts';
import { NatsServer } from './nats-server.ts';

/** A `nats-server` that a test runs, with a door for WebSockets. Both keep their ports when it is started again. */
export class NatsWebSocketServer {
  /** Over TCP. */
  readonly tcp: NatsServer;
  readonly port: number;

  private constructor(tcp: NatsServer, port: number) {
    this.tcp = tcp;
    this.port = port;
  }

  /** @param args - besides where it listens */
  static async start(program: string, ...args: readonly string[]): Promise<NatsWebSocketServer> {
    return NatsWebSocketServer.startAt(program, await freePort(), ...args);
  }

  /** @param port - that of the door for WebSockets */
  static async startAt(program: string, port: number, ...args: readonly string[]): Promise<NatsWebSocketServer> {
    const configuration = join(temporaryFolder(), 'nats.conf');
    writeFileSync(configuration, `websocket { host: 127.0.0.1, port: ${port}, no_tls: true }\n`);
    return new NatsWebSocketServer(await NatsServer.start(program, '-c', configuration, ...args), port);
  }

  get address(): string {
    return `nats+ws://127.0.0.1:${this.port}`;
  }

  start(): Promise<void> {
    return this.tcp.start();
  }

  signal(signal: NodeJS.Signals): void {
    this.tcp.signal(signal);
  }

  kill(): Promise<void> {
    return this.tcp.kill();
  }
}
