/**
 * The text messages between peers and a door over a WebSocket. A message that begins with a small letter is a word and
 * its JSON. All others are frames, one a line.
 */

/** The first message from the peer: `join {"version": 1, "token": "…", "instead": "…"}`. */
export const JOIN = 'join ';
/** From the door, which lets the peer in: `joined {"maxPayload": 4194304, "heartbeat": 10000, "key": "…"}`. */
export const JOINED = 'joined ';
/** From the peer: `subscribe ["…", …]`, with the beginnings of the frames that it wants. */
export const SUBSCRIBE = 'subscribe ';
/** From the door, now and then: the link is alive. */
export const BEAT = 'beat';

export const VERSION = 1;

/** Why a door closes a connection. */
export const CLOSE = {
  /** A message that makes no sense. */
  MALFORMED: 4400,
  /** Was not let in. */
  REFUSED: 4401,
  /** Did what it may not do. */
  FORBIDDEN: 4403,
  /** Did not say in time who it is. */
  LATE: 4408,
  /** Uses the id of a peer that is here already, on another connection. */
  TAKEN: 4409,
  /** Does not take what is sent to it. */
  SLOW: 4413,
} as const;

/** Whether a close code means that the door refused the peer. With numbers, so that pages do without the list above. */
export function isRefusal(code: number): boolean {
  return code >= 4400 && code <= 4409;
}

/** Frames are joined to messages of about this many characters or bytes. */
export const MESSAGE_SIZE: number = 65_536;

/** Whether a message consists of frames: it does not begin with a word. */
export function isFrames(message: string): boolean {
  const first = message.charCodeAt(0);
  return !(first >= 97 && first <= 122);
}
