/** The codes of all errors of this package. */
export type ErrorCode =
  | 'ADDRESS'
  | 'ADDRESS_IN_USE'
  | 'CONNECT'
  | 'MISSING_LIBRARY'
  | 'NO_BROKER'
  | 'NO_HANDLER'
  | 'OVERFLOW'
  | 'PAYLOAD'
  | 'PEER_GONE'
  | 'REFUSED'
  | 'REMOTE'
  | 'SELF_AWAIT'
  | 'SLOT_FAILED'
  | 'STATE'
  | 'TIMEOUT'
  | 'VALIDATION';

/** The details of an error of this package, besides its message. */
export interface ErrorDetails {
  /** The error that led to this one. */
  cause?: unknown;
}

/**
 * The base of every error of this package. Messages say where to look and never contain payloads;
 * programs branch on {@link MrEventLoopError.code | code}, which is stable, not on the message.
 */
export abstract class MrEventLoopError extends Error {
  /** A stable name for the kind of error, for programs to branch on. */
  abstract readonly code: ErrorCode;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details);
    this.name = new.target.name;
  }
}

/** Something did not happen within the time that was allowed for it. */
export class TimeoutError extends MrEventLoopError {
  readonly code = 'TIMEOUT';
}

/** A bounded queue is full and its policy is `'error'`, or what was queued had to be dropped. */
export class OverflowError extends MrEventLoopError {
  readonly code = 'OVERFLOW';
}

/** A slot waits for a call that cannot run before that slot has ended. */
export class SelfAwaitError extends MrEventLoopError {
  readonly code = 'SELF_AWAIT';
}

/** A slot threw or rejected on an event loop that exits on exceptions; `cause` is what it threw. */
export class SlotError extends MrEventLoopError {
  readonly code = 'SLOT_FAILED';
}

/** Something was started twice, has ended, or was stopped while somebody waited for it. */
export class StateError extends MrEventLoopError {
  readonly code = 'STATE';
}

/**
 * `connect`, `disconnect` or `forwards` was given an event, a slot or an emitter that does not exist; a peer was given
 * a name that is not in its contract or lists; or events, or a contract, were made of things that cannot be in them.
 */
export class ConnectError extends MrEventLoopError {
  readonly code = 'CONNECT';
}

/** An address makes no sense, or cannot be used. The message says which address and why. */
export class AddressError extends MrEventLoopError {
  readonly code = 'ADDRESS';
}

/** A live broker, or another program, serves the address already. */
export class AddressInUseError extends MrEventLoopError {
  readonly code = 'ADDRESS_IN_USE';
}

/** No broker answered within the time that was allowed for it. */
export class NoBrokerError extends MrEventLoopError {
  readonly code = 'NO_BROKER';
}

/** The broker is there, but does not let this peer in or does not do what the peer wants. The message says what. */
export class RefusedError extends MrEventLoopError {
  readonly code = 'REFUSED';
}

/** No peer on the bus serves a request, or the peer that serves it has no handler for it. */
export class NoHandlerError extends MrEventLoopError {
  readonly code = 'NO_HANDLER';
}

/** The peer that was asked left, fell silent or lost the request before it answered. It may have acted on it. */
export class PeerGoneError extends MrEventLoopError {
  readonly code = 'PEER_GONE';
}

/** The peer that served a request threw an error. The stack of that error stays with that peer. */
export class RemoteError extends MrEventLoopError {
  readonly code = 'REMOTE';
  /** The name of the other peer's error. */
  readonly remoteName: string;
  /** The `code` of the other peer's error, if it is a string: to branch on, like the `code` of errors here. */
  readonly remoteCode: string | undefined;

  constructor(message: string, { name, code }: { name: string; code?: string | undefined }) {
    super(message);
    this.remoteName = name;
    this.remoteCode = code;
  }
}

/** An optional library for an address is not installed, or cannot be loaded. The message says what to do, or why. */
export class MissingLibraryError extends MrEventLoopError {
  readonly code = 'MISSING_LIBRARY';
}

/** A value that was to be published cannot cross a socket, or a codec was given something that it cannot read. */
export class PayloadError extends MrEventLoopError {
  readonly code = 'PAYLOAD';
}

/** Arguments that were to be published, the arguments of a request, or its answer do not fit the contract. */
export class ValidationError extends MrEventLoopError {
  readonly code = 'VALIDATION';
  /** The name of the event, or of the request. */
  readonly event: string;
  /** The first argument that does not fit, counted from 1; undefined if there are too many or too few. */
  readonly argument: number | undefined;
  /** What the argument's schema reports about it. Some libraries quote the value. */
  readonly issues: readonly { readonly message: string; readonly path: readonly PropertyKey[] }[];

  constructor(
    message: string,
    {
      event,
      argument,
      issues = [],
    }: Pick<ValidationError, 'event'> & Partial<Pick<ValidationError, 'argument' | 'issues'>>,
  ) {
    super(message);
    this.event = event;
    this.argument = argument;
    this.issues = issues;
  }
}
