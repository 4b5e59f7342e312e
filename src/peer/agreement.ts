import type { compareFingerprints, ContractDifference, Fingerprint } from '../contract/fingerprint.ts';
import type { ContractNote } from '../wire/control.ts';
import type { RemotePeer } from './presence.ts';
import type { Setup } from './setup.ts';
import type { ContractMismatch } from './status.ts';

/** Finds out whether this peer and the others mean the same by their events. */
export class Agreement {
  readonly #setup: Setup;
  // The refused events, by peer.
  readonly #refused = new Map<string, ReadonlySet<string>>();
  #events: readonly Fingerprint[] = [];
  #compare: typeof compareFingerprints = () => [];

  constructor(setup: Setup) {
    this.#setup = setup;
  }

  /** Loads the code that compares contracts, if this peer has one. To be called before other peers are met. */
  async load(): Promise<void> {
    const { contract, names } = this.#setup;
    if (contract === undefined) return;
    const { compareFingerprints: compare, fingerprintsOf } = await import('../contract/fingerprint.ts');
    this.#compare = compare;
    this.#events = fingerprintsOf(contract, names);
  }

  /** What to tell other peers about the contract. */
  get note(): ContractNote | undefined {
    const { contract, refuses, codec } = this.#setup;
    if (contract === undefined) return undefined;
    return { refuses, events: this.#events, ...(codec !== undefined && { codec: codec.name }) };
  }

  /** Another peer is there. @returns how its contract differs in what the two are to exchange */
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
        // A peer that knows a request and does not serve it sends it.
        (serve.has(event) && !serves.includes(event)),
    );
    if (differences.length === 0) return undefined;
    // Both peers come to the same result, whichever of them asked for refusal.
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

  /** A difference of codecs concerns every event and request, also those without schemas. */
  #compareCodecs(here: string | undefined, there: string | undefined): ContractDifference[] {
    return here === there ? [] : this.#setup.names.map((event) => ({ event, reason: 'codec', here, there }));
  }
}
