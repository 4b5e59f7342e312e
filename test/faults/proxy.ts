import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

type Mode = 'pass' | 'stall' | 'split';

/** A TCP proxy that can break connections, hold them up and cut what passes into single bytes. */
export class Proxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #clients = new Set<Socket>();
  readonly #scheme: string;
  readonly #target: { host: string; port: number };
  #mode: Mode = 'pass';

  readonly #delay: number;

  private constructor(target: string, delay: number) {
    this.#delay = delay;
    const { protocol, hostname, port } = new URL(target);
    this.#scheme = protocol;
    this.#target = { host: hostname, port: Number(port) };
    this.#server = createServer((client) => this.#accept(client));
  }

  /** @param delay - how many milliseconds away the other side is */
  static async start(target: string, delay = 0): Promise<Proxy> {
    const proxy = new Proxy(target, delay);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get address(): string {
    return `${this.#scheme}//127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  /** Breaks every connection. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Breaks every connection for those who connected; the other side is not told. */
  halve(): void {
    for (const client of this.#clients) client.removeAllListeners('close').resetAndDestroy();
  }

  /** Lets nothing pass, or single bytes only, while something else is done. */
  async during(mode: Exclude<Mode, 'pass'>, work: () => Promise<void>): Promise<void> {
    this.#mode = mode;
    if (mode === 'stall') for (const socket of this.#sockets) socket.pause();
    await work();
    this.#mode = 'pass';
    for (const socket of this.#sockets) socket.resume();
  }

  stop(): void {
    this.#server.close();
    this.reset();
  }

  #accept(client: Socket): void {
    const server = connect(this.#target);
    this.#clients.add(client);
    this.#join(client, server);
    this.#join(server, client);
  }

  #join(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.setNoDelay(true);
    from.on('data', (data) => {
      if (this.#mode === 'split') for (const byte of data) to.write(Uint8Array.of(byte));
      else if (this.#delay > 0) setTimeout(() => to.write(data), this.#delay);
      else to.write(data);
    });
    from.on('error', () => {});
    from.on('close', () => {
      this.#sockets.delete(from);
      this.#clients.delete(from);
      to.destroy();
    });
    if (this.#mode === 'stall') from.pause();
  }
}
