/** The prefix of names that belong to JSON-RPC and to this protocol; no event may have one. */
export const RESERVED_PREFIX = 'rpc.';

/** The prefix of the methods of control messages. */
export const CONTROL_PREFIX = 'rpc.mr.';

/** The method of control messages to every peer. */
export const TO_ALL = 'rpc.mr.all';

/** The method of control messages to one peer. */
export function methodTo(peerId: string): string {
  return `${CONTROL_PREFIX}@${peerId}`;
}

/** The method of control messages to the broker itself. */
export const TO_BROKER = 'rpc.mr.broker';

/** The prefix of the methods of packs. */
export const PACK_PREFIX = 'rpc.mr.pack.';

/** The method of packs of an event. */
export function packMethod(event: string): string {
  return `${PACK_PREFIX}${event}`;
}

/** The name of a stream that goes from one peer to one other alone: the sender, and a count. */
export function channelName(peerId: string, count: number): string {
  return `${peerId}~${count}`;
}

/** Reads the name of such a stream. Returns undefined for any other name, such as the id of a peer. */
export function readChannelName(name: string): { readonly peer: string; readonly count: number } | undefined {
  const [, peer, count] = /^([^~]+)~([1-9]\d{0,14})$/.exec(name) ?? [];
  return peer === undefined ? undefined : { peer, count: Number(count) };
}

/** What stands for a store in place of a subscriber's id. */
export const STORE = 'store';
