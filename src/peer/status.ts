import type { ContractDifference } from '../contract/fingerprint.ts';
import type { Violation } from '../contract/validate.ts';
import type { Events } from '../events/events.ts';
import type { PublishPolicy } from '../stream/log.ts';
import type { InvalidReason } from '../wire/json-rpc.ts';
import type { LeaveReason, RemotePeer } from './presence.ts';

/** Something that arrived and was dropped. The report holds nothing of its content. */
export type InvalidFrame = {
  /** How many there have been on this peer, this one included. */
  readonly count: number;
} & (
  | {
      /** Why it was not understood. */
      readonly reason: InvalidReason;
      /** The event it was meant for, where that much could be read. */
      readonly event?: string;
    }
  /** Its arguments do not fit the contract. */
  | ({ readonly event: string } & Violation)
  /** It comes from a peer whose contract is another one, and such events are refused. */
  | { readonly reason: 'contract'; readonly event: string; readonly peer: string }
);

/** Another peer has another idea of events that both are to exchange. */
export interface ContractMismatch {
  /** The id of the other peer. */
  readonly peer: string;
  readonly differences: readonly ContractDifference[];
  /** Whether these events are not exchanged with it; otherwise this is all that happens. */
  readonly refused: boolean;
}

/** Events that were lost on their way to this peer, for good. */
export interface Gap {
  /** The id of the publisher. */
  readonly peer: string;
  readonly event: string;
  /** How many. */
  readonly count: number;
}

/** Events that this peer dropped: under the policy of theirs, or as they are larger than the bus that it came back to takes. */
export interface PublishOverflow {
  readonly event: string;
  readonly policy: PublishPolicy;
  /** How many of this event it has dropped in all. */
  readonly dropped: number;
}

/** What a peer could not deliver before it stopped. */
export interface Undelivered {
  /** The peers that lack events, and how many; `store` for what is kept for durable subscriptions. */
  readonly peers: readonly { readonly peer: string; readonly count: number }[];
  /** How many events have never left. */
  readonly unsent: number;
  /** How many events had arrived and waited for an asynchronous schema, or for listeners that take their time; left out where there were none. */
  readonly unchecked?: number;
}

/** A request that this peer served and that failed: its handler threw, or gave what cannot be sent, while that was wanted. */
export interface FailedRequest {
  readonly request: string;
  /** The id of the peer that asked, and that is told the error's name and message. */
  readonly peer: string;
  readonly error: unknown;
}

/** What a peer tells of its own state. */
export type PeerStatus = Events<{
  /** Both ways through the broker are open, for the first time or again. */
  connected: [];
  /**
   * The link to the broker broke. The peer connects again by itself and then emits `connected`. The reason is
   * what the broker said, if it said anything.
   */
  disconnected: [reason: string | undefined];
  /**
   * The broker does not want this peer any more, or not let it do what it does, or does not keep what it should. The
   * peer goes on trying, but for a durable subscription that another peer has taken over. At the start, `start` rejects
   * with this error instead.
   */
  refused: [error: Error];
  /** Another peer came, or came back. */
  peerJoined: [peer: RemotePeer];
  /** Another peer left, or was silent for too long. */
  peerLeft: [peer: RemotePeer, reason: LeaveReason];
  /** Events of another peer were lost for good. */
  gap: [gap: Gap];
  /** A peer came whose contract is another one. */
  contractMismatch: [mismatch: ContractMismatch];
  /** Events of this peer were dropped. */
  overflow: [overflow: PublishOverflow];
  /** This peer stopped, and could not deliver everything before. */
  undelivered: [undelivered: Undelivered];
  /** This peer stopped, or its start failed: nothing more arrives, until it is started again. After `undelivered`. */
  stopped: [];
  /** A request that this peer served failed. */
  requestFailed: [failure: FailedRequest];
  /** Something arrived that was not understood, or that does not fit the contract. */
  invalid: [frame: InvalidFrame];
}>;
