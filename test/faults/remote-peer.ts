import { join } from 'node:path';
import type { Endpoints, PeerOptions } from 'mreventloop';
import { temporaryFolder } from '../support/addresses.ts';
import { Program } from '../support/program.ts';
import { type History, readHistory } from './history.ts';

interface Wishes {
  readonly subscribe?: readonly string[];
  readonly publish?: readonly string[];
  readonly options?: Pick<PeerOptions<{}, {}>, 'silence' | 'window' | 'limit' | 'history'>;
  /** For Node. */
  readonly flags?: readonly string[];
}

interface Resources {
  /** All its memory, in bytes. */
  readonly rss: number;
  /** What lives in V8's heap. */
  readonly heap: number;
  /** How many files and sockets are open. */
  readonly descriptors: number;
  /** How many events wait to be delivered. */
  readonly pending: number;
}

const CHILD = new URL('children/peer.ts', import.meta.url).pathname;

/** A peer in a process of its own, which does what it is told and keeps a history. */
export class RemotePeer {
  readonly program: Program;
  readonly #path: string;
  #id = '';

  private constructor(endpoints: Endpoints, flags: readonly string[]) {
    this.#path = join(temporaryFolder(), 'history.jsonl');
    this.program = new Program(process.execPath, [
      '--expose-gc',
      ...flags,
      CHILD,
      endpoints.in,
      endpoints.out,
      this.#path,
    ]);
  }

  static async start(
    endpoints: Endpoints,
    { subscribe = [], publish = [], options = {}, flags = [] }: Wishes,
  ): Promise<RemotePeer> {
    const remote = new RemotePeer(endpoints, flags);
    const { id } = await remote.order({ do: 'start', subscribe, publish, options });
    remote.#id = id as string;
    return remote;
  }

  get id(): string {
    return this.#id;
  }

  /** Has it do something and waits until it is done. */
  async order(order: { do: string } & Record<string, unknown>): Promise<Record<string, unknown>> {
    this.program.child.stdin?.write(`${JSON.stringify(order)}\n`);
    return (await this.program.json()) as Record<string, unknown>;
  }

  /** What it takes of the machine, after a collection of garbage. */
  async resources(): Promise<Resources> {
    return (await this.order({ do: 'memory' })) as unknown as Resources;
  }

  /** Ends it and gives its history. */
  async stop(): Promise<History> {
    await this.order({ do: 'stop' });
    await this.program.exit;
    return readHistory(this.#id, this.#path);
  }
}
