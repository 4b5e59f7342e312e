import type { Bus } from '../bus/bus.ts';
import { StateError } from '../errors.ts';
import type { AnyEvent } from '../events/event.ts';
import { tell, yieldToRuntime } from '../loop/runtime.ts';
import { type Probe, probe } from '../trace/probe.ts';
import type { Agreement } from './agreement.ts';
import type { Direct } from '../wire/direct.ts';
import { STORE } from '../wire/names.ts';
import { counted } from './counted.ts';
import { Dialogue } from './dialogue.ts';
import { Incoming } from './incoming.ts';
import type { FlushOptions } from './options.ts';
import { Outgoing } from './outgoing.ts';
import type { Outlets } from './outlets.ts';
import type { RequestSpec } from './requests.ts';
import { Session, type SessionPort } from './session.ts';
import type { Setup } from './setup.ts';
import type { Undelivered } from './status.ts';
import { within } from './within.ts';
import { Work } from './work.ts';

/** What a participant uses of the bus. */
export type Line = Pick<SessionPort, 'send' | 'probed'>;

/** Where to pass what arrived over the bus or from a store. */
export type Arrivals = Pick<SessionPort, 'deliver' | 'afterDelivery' | 'gap' | 'invalid'>;

/** How many peers an error names. */
const MOST_NAMED = 5;

const ROOM = /* @__PURE__ */ Promise.resolve();

/**
 * How many events may be published, each awaited, before the runtime has a turn. An event counts once more for each 128
 * characters. Thus no more is produced at once than a socket takes at once.
 */
const MOST_IN_A_TURN = 2_000;
const COUNT_SHIFT = 7;

/**
 * What a peer is to others until it stops. Events that it publishes are checked and go to its session. Events that its
 * session receives are checked and go to the listeners. It also sends and answers requests. These four are made, and
 * end, together.
 */
export class Participant {
  readonly session: Session;
  readonly arrivals: Arrivals;
  readonly #setup: Setup;
  readonly #agreement: Agreement;
  readonly #incoming: Incoming;
  /** Checks what peers in Python publish. */
  readonly #unnumbered: Incoming;
  readonly #work: Work;
  readonly #outgoing: Outgoing;
  readonly #dialogue: Dialogue;
  /** Called when a peer has come. */
  readonly onJoined: Set<() => void> = new Set();
  // How many events and messages were left for others at the end; undefined before the end.
  #left: number | undefined;
  #publishedInTurn = 0;
  #turn: Promise<void> | undefined;

  constructor(setup: Setup, agreement: Agreement, outlets: Outlets, line: Line) {
    const { clock, codec } = setup;
    const { status } = outlets;
    this.#setup = setup;
    this.#agreement = agreement;
    this.#incoming = new Incoming(setup.incoming, outlets, clock);
    this.#unnumbered = new Incoming(setup.incoming, outlets);
    // Work from before the last stop holds up nothing any more.
    const work = (outlets.work = new Work());
    this.#work = work;
    this.arrivals = {
      deliver: (event, args, publisher, trace) => {
        if (publisher === undefined) this.#unnumbered.receive(event, args, trace);
        else if (agreement.isRefused(publisher, event)) outlets.refused(event, publisher);
        else this.#incoming.receive(event, args, trace);
      },
      afterDelivery: (then) => this.#incoming.afterwards(() => work.afterwards(then)),
      gap: (peer, event, count) => this.#incoming.afterwards(() => tell(status.gap, { peer, event, count })),
      invalid: (part) => outlets.unread(part),
    };
    this.session = new Session({ id: randomId(), ...setup.session, contract: () => agreement.note }, clock, {
      ...line,
      ...this.arrivals,
      direct: (peer, message, trace) => this.#dialogue.received(peer, message, trace),
      doubtful: (peer) => this.#dialogue.calls.check(peer),
      forgotten: (peer) => this.#dialogue.forgotten(peer),
      lost: (peer) => this.#dialogue.lost(peer),
      overflow: (event, policy, dropped) => tell(status.overflow, { event, policy, dropped }),
      joined: (peer, contract) => {
        const mismatch = agreement.met(peer, contract);
        this.#dialogue.calls.met();
        for (const look of this.onJoined) look();
        tell(status.peerJoined, peer);
        if (mismatch !== undefined) tell(status.contractMismatch, mismatch);
      },
      left: (peer, reason) => {
        agreement.left(peer.id);
        this.#dialogue.left(peer.id, reason);
        tell(status.peerLeft, peer, reason);
      },
    });
    const send = (name: string, args: readonly unknown[], trace?: string): Promise<void> =>
      this.#send(name, args, trace);
    this.#outgoing = new Outgoing(setup.outgoing, setup.session.outbox.limit, send, codec);
    this.#dialogue = new Dialogue(setup, {
      servers: (request) => this.whoever('serves', request),
      served: (request) => outlets.serve[request] as AnyEvent,
      send: (peer: string, message: Direct, trace?: string) => this.session.sendDirect(peer, message, trace),
      tell: async (peer: string | undefined, message: Direct) => {
        if (peer === undefined) return;
        // Checked again, because others may have waited for the same room.
        for (let room = this.session.room(peer); room !== undefined; room = this.session.room(peer)) await room;
        this.session.sendDirect(peer, message);
      },
      room: (peer) => this.session.room(peer),
      invalid: (request, violation) => outlets.invalid(request, violation),
      failed: (request, peer, error) => tell(status.requestFailed, { request, peer, error }),
      isRefused: (peer, request) => agreement.isRefused(peer, request),
    });
  }

  /** How many events and messages are kept for others. */
  get pending(): number {
    return this.#outgoing.pending + this.session.pending;
  }

  /** Loads the code that not every peer needs. To be called before anything may be received. */
  async load(): Promise<void> {
    await Promise.all([this.#agreement.load(), this.#dialogue.load()]);
  }

  /** How many requests of other peers are being answered. */
  get serving(): number {
    return this.#dialogue.serving;
  }

  /** How many events have arrived but not gone to the listeners. */
  get unchecked(): number {
    return this.#incoming.pending + this.#unnumbered.pending;
  }

  /** The ids of the peers that subscribe to an event or serve a request, and mean the same by it. */
  whoever(does: 'subscribes' | 'serves', name: string): readonly string[] {
    return this.session.peers
      .filter((peer) => peer[does].includes(name) && !this.#agreement.isRefused(peer.id, name))
      .map(({ id }) => id);
  }

  publish(event: string, args: readonly unknown[]): Promise<void> {
    return probe === undefined ? this.#outgoing.publish(event, args) : this.#publishProbed(probe, event, args);
  }

  /** Sends a request to one of the peers that serve it. */
  ask(spec: RequestSpec, args: readonly unknown[]): unknown {
    const { calls } = this.#dialogue;
    return spec.isStream ? calls.stream(spec, args) : calls.call(spec, args);
  }

  async flush({ timeout = Infinity, signal }: FlushOptions = {}): Promise<void> {
    const ended = new AbortController();
    const delivered = async (): Promise<void> => {
      await this.#outgoing.settled();
      if (this.#left === undefined) await this.session.delivered(ended.signal);
      // A stop ends all waiting.
      if (this.#left !== undefined && this.#left > 0)
        throw new StateError('the peer was stopped before everything was delivered');
    };
    const describe = (): string => {
      const all = this.session.undelivered();
      const lacking = all
        .slice(0, MOST_NAMED)
        .map(({ peer, count }) => `${peer === STORE ? 'the' : 'peer'} ${peer} lacks ${count}`);
      if (all.length > lacking.length) lacking.push(`${all.length - lacking.length} more lack something`);
      if (this.#outgoing.pending > 0) lacking.push(`${counted(this.#outgoing.pending, 'event')} still to be checked`);
      const what =
        lacking.length === 0 ? `no broker for ${counted(this.session.pending, 'event')}` : lacking.join(', ');
      return `not everything was delivered within ${timeout} ms: ${what}`;
    };
    try {
      await within(this.#setup.clock, delivered(), timeout, signal, describe);
    } finally {
      ended.abort();
    }
  }

  /** Both ways through the broker are open, for the first time or again. */
  open({ largest, takesPacks, isSpread }: Bus): void {
    this.session.open(largest, takesPacks, isSpread);
    this.#dialogue.calls.ready();
  }

  /** The link broke. */
  pause(): void {
    this.session.pause();
    this.#dialogue.calls.notReady();
  }

  /** Takes no more requests, and fulfils when none is being answered any more. */
  drain(): Promise<void> {
    return this.#dialogue.drain();
  }

  /** Fulfils when the listeners have everything that arrived so far, and have dealt with awaited events. */
  async settled(): Promise<void> {
    await Promise.all([this.#incoming.settled(), this.#unnumbered.settled()]);
    await new Promise<void>((resolve) => this.#work.afterwards(resolve));
  }

  /**
   * Ends everything.
   * @param canSend - whether the last acknowledgements and the good-bye can get out
   * @returns what could not be delivered, if there is anything
   */
  close(canSend: boolean): Undelivered | undefined {
    // Before the last messages, which nobody waits for.
    this.#left = this.pending;
    const peers = this.session.undelivered();
    this.#outgoing.close();
    this.#incoming.close();
    this.#unnumbered.close();
    this.#dialogue.close();
    this.session.close(canSend);
    const { unchecked } = this;
    if (this.#left + unchecked === 0) return undefined;
    return {
      peers,
      unsent: this.session.outbox.unsent + this.#outgoing.pending,
      ...(unchecked > 0 && { unchecked }),
    };
  }

  // A method of its own: one that contains a function allocates memory for what the two share at each call.
  #publishProbed(by: Probe, event: string, args: readonly unknown[]): Promise<void> {
    return by.publish(event, (trace) => this.#outgoing.publish(event, args, trace));
  }

  #send(event: string, args: readonly unknown[], trace: string | undefined): Promise<void> {
    const { outbox } = this.session;
    const size = outbox.publish(event, args, trace);
    // A caller that publishes without a pause has to let published events leave and acknowledgements come in.
    this.#publishedInTurn += 1 + (size >> COUNT_SHIFT);
    return outbox.room() ?? (this.#publishedInTurn < MOST_IN_A_TURN ? ROOM : (this.#turn ??= this.#waitForTurn()));
  }

  async #waitForTurn(): Promise<void> {
    await yieldToRuntime();
    this.#publishedInTurn = 0;
    this.#turn = undefined;
  }
}

/** 64 random bits, in base64url: 11 characters. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  const padded = btoa(String.fromCharCode(...bytes));
  return padded.slice(0, -1).replaceAll('+', '-').replaceAll('/', '_');
}
