/**
 * What peers and a door say to each other over a WebSocket, in text messages: one that begins with a small
 * letter is a word and its JSON; all others are frames, one a line.
 */

/** From the peer, first of all: `join {"version": 1, "token": "…", "instead": "…"}`. */
export const JOIN = 'join ';
/** From the door, which lets it in: `joined {"maxPayload": 4194304, "heartbeat": 10000, "key": "…"}`. */
export const JOINED = 'joined ';
/** From the peer: `subscribe ["…", …]`, how the frames begin that it wants. */
export const SUBSCRIBE = 'subscribe ';
/** From the door, now and then: the link is alive. */
export const BEAT = 'beat';

export const VERSION = 1;

/** Why a door closes a connection. */
export const CLOSE = {
  /** A message that makes no sense. */
  MALFORMED: 4400,
  /** Not let in. */
  REFUSED: 4401,
  /** Did what it may not do. */
  FORBIDDEN: 4403,
  /** Did not say in time who it is. */
  LATE: 4408,
  /** Is a peer that is here already, by another connection. */
  TAKEN: 4409,
  /** Does not take what is sent to it. */
  SLOW: 4413,
} as const;

/** Whether a peer that a door closed with this code was not wanted. With numbers, so that pages do without the list above. */
export function isRefusal(code: number): boolean {
  return code >= 4400 && code <= 4409;
}

/** Joins frames to messages of about so many characters or bytes. */
export const MESSAGE_SIZE: number = 65_536;

/** The word at the beginning of a message, or undefined: then it is frames. */
export function isFrames(message: string): boolean {
  const first = message.charCodeAt(0);
  return !(first >= 97 && first <= 122);
}

/** In how many ticks of silence, each a third of the heartbeat, a link counts as dead. */
export const TICKS_A_HEARTBEAT = 3;
export const MOST_SILENT_TICKS = 2;
