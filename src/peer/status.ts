import type { ContractDifference } from '../contract/fingerprint.ts';
import type { Violation } from '../contract/validate.ts';
import type { Events } from '../events/events.ts';
import type { PublishPolicy } from '../stream/log.ts';
import type { InvalidReason } from '../wire/json-rpc.ts';
import type { LeaveReason, RemotePeer } from './presence.ts';

/** Something that arrived and was dropped. The report holds nothing of its content. */
export type InvalidFrame = {
  /** How many such reports there have been on this peer, including this one. */
  readonly count: number;
} & (
  | {
      /** Why the frame was not understood. */
      readonly reason: InvalidReason;
      /** The event it was meant for, if that much could be read. */
      readonly event?: string;
    }
  /** Its arguments do not fit the contract. */
  | ({ readonly event: string } & Violation)
  /** It comes from a peer whose contract is different, and such events are refused. */
  | { readonly reason: 'contract'; readonly event: string; readonly peer: string }
);

/** Another peer has a different contract for events that the two are to exchange. */
export interface ContractMismatch {
  /** The id of the other peer. */
  readonly peer: string;
  readonly differences: readonly ContractDifference[];
  /** Whether these events are not exchanged with that peer. Otherwise this report is all that happens. */
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

/**
 * Events that this peer dropped, under their policy or because they are too large for the bus to which it reconnected.
 */
export interface PublishOverflow {
  readonly event: string;
  readonly policy: PublishPolicy;
  /** How many of this event the peer has dropped in all since it was started last. */
  readonly dropped: number;
}

/** What a peer could not deliver before it stopped. */
export interface Undelivered {
  /** The peers that lack events, and how many; `store` stands for what is kept for durable subscriptions. */
  readonly peers: readonly { readonly peer: string; readonly count: number }[];
  /** How many events have never left. */
  readonly unsent: number;
  /**
   * How many events had arrived and waited for an asynchronous schema, or for listeners that take their time. Left out
   * if there were none.
   */
  readonly unchecked?: number;
}

/**
 * A request that this peer served and that failed: the handler threw, or returned something that cannot be sent, while
 * the answer was still wanted.
 */
export interface FailedRequest {
  readonly request: string;
  /** The id of the calling peer, which gets the error's name and message. */
  readonly peer: string;
  readonly error: unknown;
}

/** The events that a peer emits about its own state. */
export type PeerStatus = Events<{
  /** Both ways through the broker are open, for the first time or again. */
  connected: [];
  /**
   * The link to the broker broke. The peer reconnects by itself and then emits `connected`. The reason is what the
   * broker said, if it said anything.
   */
  disconnected: [reason: string | undefined];
  /**
   * The broker does not accept this peer any more, or does not allow what it does, or does not keep what it should
   * keep. The peer goes on trying, except for a durable subscription that another peer has taken over. During the
   * start, `start` rejects with this error instead.
   */
  refused: [error: Error];
  /** Another peer came, or came back. */
  peerJoined: [peer: RemotePeer];
  /** Another peer left, or was silent for too long. */
  peerLeft: [peer: RemotePeer, reason: LeaveReason];
  /** Events of another peer were lost for good. */
  gap: [gap: Gap];
  /** A peer with a different contract came. */
  contractMismatch: [mismatch: ContractMismatch];
  /** Events of this peer were dropped. */
  overflow: [overflow: PublishOverflow];
  /** This peer stopped before it could deliver everything. */
  undelivered: [undelivered: Undelivered];
  /**
   * This peer stopped, or its start failed: nothing more arrives until it is started again. Comes after `undelivered`.
   */
  stopped: [];
  /** A request that this peer served failed. */
  requestFailed: [failure: FailedRequest];
  /** Something arrived that was not understood, or that does not fit the contract. */
  invalid: [frame: InvalidFrame];
}>;
