import type { Violation } from '../contract/validate.ts';
import { type AnyEvent, event, handlerPoint, listenersOf } from '../events/event.ts';
import { type EventMap, Events, events } from '../events/events.ts';
import type { Listener } from '../events/link.ts';
import { tell, throwUncaught } from '../loop/runtime.ts';
import type { InvalidCall } from '../wire/json-rpc.ts';
import type { LeaveReason, RemotePeer } from './presence.ts';
import type { Setup } from './setup.ts';
import type {
  ContractMismatch,
  FailedRequest,
  Gap,
  InvalidFrame,
  PeerStatus,
  PublishOverflow,
  Undelivered,
} from './status.ts';
import { Work } from './work.ts';

/** A report without its count. */
type InvalidReport = InvalidFrame extends infer Report
  ? Report extends unknown
    ? Omit<Report, 'count'>
    : never
  : never;

/** Where users listen: emits the events and requests of other peers, and what happens to the peer itself. */
export class Outlets {
  readonly events: Events;
  readonly serve: Readonly<Record<string, AnyEvent>>;
  readonly status: PeerStatus = events({
    connected: event(),
    disconnected: event<[reason: string | undefined]>(),
    refused: event<[error: Error]>(),
    peerJoined: event<[peer: RemotePeer]>(),
    peerLeft: event<[peer: RemotePeer, reason: LeaveReason]>(),
    gap: event<[gap: Gap]>(),
    contractMismatch: event<[mismatch: ContractMismatch]>(),
    overflow: event<[overflow: PublishOverflow]>(),
    undelivered: event<[undelivered: Undelivered]>(),
    stopped: event(),
    requestFailed: event<[failure: FailedRequest]>(),
    invalid: event<[frame: InvalidFrame]>(),
  });
  // A Map, because an event may be called `constructor`.
  readonly #emits = new Map<string, Listener<readonly unknown[]>>();
  /** The work that listeners of awaited events have not finished. */
  work: Work = new Work();
  #invalid = 0;

  constructor({ subscribe, awaited, serve }: Setup) {
    this.events = new Events<EventMap>(subscribe);
    for (const [name, emit] of Object.entries(this.events)) {
      this.#emits.set(name, awaited.has(name) ? (...args) => this.#emitAwaited(emit, args) : emit);
    }
    this.serve = events(Object.fromEntries(Array.from(serve.keys(), (name) => [name, handlerPoint()])));
  }

  /** An event of another peer. */
  emit(name: string, args: readonly unknown[]): void {
    const emit = this.#emits.get(name);
    if (emit !== undefined) tell(emit, ...args);
  }

  /** Something was dropped that does not fit the contract. */
  invalid(name: string, violation: Violation): void {
    this.#report({ event: name, ...violation });
  }

  /** Something was dropped that was not understood. */
  unread({ reason, method }: InvalidCall): void {
    this.#report({ reason, ...(method !== undefined && { event: method }) });
  }

  /** Something was dropped that comes from a peer with another contract. */
  refused(name: string, peer: string): void {
    this.#report({ reason: 'contract', event: name, peer });
  }

  #emitAwaited(awaited: AnyEvent, args: readonly unknown[]): void {
    for (const listener of listenersOf(awaited)) {
      try {
        this.work.add(listener(...args));
      } catch (error) {
        throwUncaught(error);
      }
    }
  }

  #report(report: InvalidReport): void {
    this.#invalid += 1;
    tell(this.status.invalid, { ...report, count: this.#invalid });
  }
}
