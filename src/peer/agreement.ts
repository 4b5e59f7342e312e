import type { compareFingerprints, ContractDifference, Fingerprint } from '../contract/fingerprint.ts';
import type { ContractNote } from '../wire/control.ts';
import type { RemotePeer } from './presence.ts';
import type { Setup } from './setup.ts';
import type { ContractMismatch } from './status.ts';

/** Whether this peer and the others mean the same by their events. */
export class Agreement {
  readonly #setup: Setup;
  // The events that are refused, by peer.
  readonly #refused = new Map<string, ReadonlySet<string>>();
  #events: readonly Fingerprint[] = [];
  #compare: typeof compareFingerprints = () => [];

  constructor(setup: Setup) {
    this.#setup = setup;
  }

  /** Loads what compares contracts, if there is one. To be called before others are met. */
  async load(): Promise<void> {
    const { contract, names } = this.#setup;
    if (contract === undefined) return;
    const { compareFingerprints: compare, fingerprintsOf } = await import('../contract/fingerprint.ts');
    this.#compare = compare;
    this.#events = fingerprintsOf(contract, names);
  }

  /** What to tell others of the contract. */
  get note(): ContractNote | undefined {
    const { contract, refuses, codec } = this.#setup;
    if (contract === undefined) return undefined;
    return { refuses, events: this.#events, ...(codec !== undefined && { codec: codec.name }) };
  }

  /** Another peer is there. @returns how it differs, in what it is to exchange with this one */
  met(
    { id, subscribes, publishes, serves }: RemotePeer,
    theirs: ContractNote | undefined,
  ): ContractMismatch | undefined {
    const ours = this.note;
    if (ours === undefined || theirs === undefined) return undefined;
    const { subscribe, publish, request, serve } = this.#setup;
    const differences = [
      ...this.#compare(ours.events, theirs.events),
      ...this.#compareCodecs(ours.codec, theirs.codec),
    ].filter(
      ({ event }) =>
        (subscribe.includes(event) && publishes.includes(event)) ||
        (publish.includes(event) && subscribes.includes(event)) ||
        (request.has(event) && serves.includes(event)) ||
        // Who knows a request and does not serve it, asks.
        (serve.has(event) && !serves.includes(event)),
    );
    if (differences.length === 0) return undefined;
    // Both come to the same, whoever of them asked for it.
    const refused = ours.refuses || theirs.refuses;
    if (refused) this.#refused.set(id, new Set(differences.map(({ event }) => event)));
    return { peer: id, differences, refused };
  }

  /** Whether an event is not exchanged with a peer. */
  isRefused(peer: string, event: string): boolean {
    return this.#refused.get(peer)?.has(event) === true;
  }

  left(peer: string): void {
    this.#refused.delete(peer);
  }

  /** Codecs differ for everything that there is, also for what has no schemas. */
  #compareCodecs(here: string | undefined, there: string | undefined): ContractDifference[] {
    return here === there ? [] : this.#setup.names.map((event) => ({ event, reason: 'codec', here, there }));
  }
}
