import { findUnsafeInJson } from './payload.ts';
import { isCount } from './stream-id.ts';

/**
 * Messages from one peer to another that are numbered like events: requests and their answers. Their method is that of
 * control messages to the peer. Their parameters are the kind, the number of the request (each peer counts its own),
 * and what belongs to the kind.
 */
export type Direct = Question | Reply;

/** A message from the caller. */
export type Question =
  /** A request to a peer that serves it. */
  | { readonly kind: 'call'; readonly id: number; readonly request: string; readonly args: readonly unknown[] }
  /** The same, for a stream of answers: `room` of them may be sent before `more` comes. */
  | {
      readonly kind: 'stream';
      readonly id: number;
      readonly request: string;
      readonly room: number;
      readonly args: readonly unknown[];
    }
  /** The answer is no longer wanted. */
  | { readonly kind: 'cancel'; readonly id: number }
  /** `room` more answers of the stream may be sent. */
  | { readonly kind: 'more'; readonly id: number; readonly room: number }
  /** Is this request still being answered? */
  | { readonly kind: 'check'; readonly id: number };

/** A message from the callee. */
export type Reply =
  /** The answer. */
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  /** One of a stream of answers. */
  | { readonly kind: 'item'; readonly id: number; readonly value: unknown }
  /** The stream has no more answers. */
  | { readonly kind: 'end'; readonly id: number }
  /** The callee failed; there is no answer. */
  | { readonly kind: 'error'; readonly id: number; readonly error: RemoteFailure }
  /** The callee does not answer such requests. */
  | { readonly kind: 'nobody'; readonly id: number }
  /**
   * The callee is not answering this request: it does not know it, or gave it up because it took the caller for gone.
   */
  | { readonly kind: 'lost'; readonly id: number };

/** What is reported about an error at another peer. */
export interface RemoteFailure {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
}

const QUESTIONS: ReadonlySet<string> = new Set<Question['kind']>(['call', 'stream', 'cancel', 'more', 'check']);

export function isQuestion(message: Direct): message is Question {
  return QUESTIONS.has(message.kind);
}

/** Returns the parameters of a message. */
export function encodeDirect(message: Direct): readonly unknown[] {
  const { kind, id } = message;
  switch (kind) {
    case 'call':
      return [kind, id, message.request, ...message.args];
    case 'stream':
      return [kind, id, message.request, message.room, ...message.args];
    case 'result':
    case 'item':
      return message.value === undefined ? [kind, id] : [kind, id, message.value];
    case 'error': {
      const { name, message: text, code } = message.error;
      return code === undefined ? [kind, id, name, text] : [kind, id, name, text, code];
    }
    case 'more':
      return [kind, id, message.room];
    case 'cancel':
    case 'check':
    case 'end':
    case 'lost':
    case 'nobody':
      return [kind, id];
  }
}

/** Reads the parameters of a message. Returns undefined for what is not such a message. */
export function readDirect([kind, id, first, ...rest]: readonly unknown[]): Direct | undefined {
  if (!isCount(id)) return undefined;
  const [second, third] = rest;
  switch (kind) {
    case 'call':
      return typeof first === 'string' ? { kind, id, request: first, args: rest } : undefined;
    case 'stream':
      return typeof first === 'string' && isCount(second)
        ? { kind, id, request: first, room: second, args: rest.slice(1) }
        : undefined;
    case 'result':
    case 'item':
      return { kind, id, value: first };
    case 'error':
      if (typeof first !== 'string' || typeof second !== 'string') return undefined;
      return { kind, id, error: { name: first, message: second, ...(typeof third === 'string' && { code: third }) } };
    case 'more':
      return isCount(first) ? { kind, id, room: first } : undefined;
    case 'end':
    case 'nobody':
    case 'lost':
    case 'cancel':
    case 'check':
      return { kind, id };
    default:
      return undefined;
  }
}

/** Whether parameters contain something that no receiver should have to deal with. */
export function areUnsafe(args: readonly unknown[]): boolean {
  return args.some((arg) => findUnsafeInJson(arg) !== undefined);
}
