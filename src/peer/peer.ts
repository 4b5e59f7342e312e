import type { BusCapabilities } from '../bus/capabilities.ts';
import { StateError } from '../errors.ts';
import type { AnyEvent } from '../events/event.ts';
import type { EventMap, Events, MapOfEvents } from '../events/events.ts';
import { Agreement } from './agreement.ts';
import type { FlushOptions, StartOptions, WaitOptions } from './options.ts';
import { Outlets } from './outlets.ts';
import type { Participant } from './participant.ts';
import type { RemotePeer } from './presence.ts';
import { Run } from './run.ts';
import { type PeerArguments, readArguments, type Setup } from './setup.ts';
import type { PeerStatus } from './status.ts';
import type { Peer as PeerInterface, PeerConstructor, Publish } from './types.ts';
import { within } from './within.ts';

/**
 * The object that users hold. What it is to others, and everything that has to do with a bus, is new with each start.
 */
class SocketPeer implements PeerInterface<EventMap, EventMap> {
  readonly events: Events;
  readonly publish: Publish<EventMap>;
  readonly request: Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;
  readonly serve: Readonly<Record<string, AnyEvent>>;
  readonly status: PeerStatus;
  readonly #setup: Setup;
  readonly #outlets: Outlets;
  #run: Run;
  #stopping: Promise<void> = Promise.resolve();

  constructor(...args: PeerArguments) {
    const setup = readArguments(args);
    this.#setup = setup;
    this.#outlets = new Outlets(setup);
    this.events = this.#outlets.events;
    this.serve = this.#outlets.serve;
    this.status = this.#outlets.status;
    this.publish = Object.fromEntries(
      setup.publish.map((name) => [name, (...values: readonly unknown[]) => this.#self.publish(name, values)] as const),
    );
    this.request = Object.fromEntries(
      Array.from(setup.request, ([name, spec]) => [
        name,
        (...values: readonly unknown[]) => this.#self.ask(spec, values),
      ]),
    );
    this.#run = this.#makeRun();
  }

  get bus(): BusCapabilities {
    return this.#setup.capabilities;
  }

  get ready(): boolean {
    return this.#run.isReady;
  }

  get id(): string {
    return this.#self.session.id;
  }

  get peers(): readonly RemotePeer[] {
    return this.#self.session.peers;
  }

  get pending(): number {
    return this.#self.pending;
  }

  async start(options?: StartOptions): Promise<this> {
    if (this.#run.hasToStop) {
      const stopping = this.#stopping;
      const stopped = stopping.catch(() => {});
      await within(this.#setup.clock, stopped, Infinity, options?.signal, () => '');
      if (stopping !== this.#stopping) throw new StateError('the peer was stopped');
    }
    await this.#run.start(options);
    return this;
  }

  stop(options?: FlushOptions): Promise<void> {
    // A run that was stopped before may not have closed its bus yet.
    this.#stopping = Promise.all([this.#stopping.catch(() => {}), this.#run.stop(options)]).then(() => undefined);
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  flush(options?: FlushOptions): Promise<void> {
    return this.#self.flush(options);
  }

  async waitFor(options: WaitOptions<EventMap, Record<string, unknown>>): Promise<void> {
    const { count = 1, timeout = Infinity, signal } = options;
    const [does, name] =
      options.servers === undefined
        ? (['subscribes', options.subscribers] as const)
        : (['serves', options.servers] as const);
    const there = (): number => this.#self.whoever(does, name).length;
    signal?.throwIfAborted();
    if (there() >= count) return;
    const { ended } = this.#run;
    const { onJoined } = this.#self;
    ended.throwIfAborted();
    let onEnd!: () => void;
    let look!: () => void;
    const enough = new Promise<void>((resolve, reject) => {
      onEnd = () => reject(ended.reason);
      ended.addEventListener('abort', onEnd);
      look = () => {
        if (there() >= count) resolve();
      };
      onJoined.add(look);
    });
    try {
      await within(this.#setup.clock, enough, timeout, signal, () => {
        const what = does === 'subscribes' ? `subscribers of event '${name}'` : `servers of request '${name}'`;
        return `${what} that were there within ${timeout} ms: ${there()} of ${count}`;
      });
    } finally {
      onJoined.delete(look);
      ended.removeEventListener('abort', onEnd);
    }
  }

  /** What this peer is to others at the moment. */
  get #self(): Participant {
    return this.#run.participant;
  }

  #makeRun(): Run {
    return new Run(this.#setup, new Agreement(this.#setup), this.#outlets, () => (this.#run = this.#makeRun()));
  }
}

/**
 * The type of peers. Without type arguments, it fits any peer. For a peer with a contract, see `PeerOf`.
 * @typeParam S - the events it subscribes to, with their arguments
 * @typeParam P - the events it publishes
 * @typeParam Q - the requests it sends
 * @typeParam V - the requests it serves
 * @typeParam B - the capabilities of its bus
 */
export type Peer<
  S extends MapOfEvents<S> = {},
  P extends MapOfEvents<P> = {},
  Q = {},
  V = {},
  B extends BusCapabilities = BusCapabilities,
> = PeerInterface<S, P, Q, V, B>;
/** Exchanges events with other peers on a bus. Its members say what it can do. Python: `mreventloop.Peer`. */
export const Peer: PeerConstructor = SocketPeer as unknown as PeerConstructor;
