/** Names that start so belong to JSON-RPC and to this protocol; no event may have one. */
export const RESERVED_PREFIX = 'rpc.';

/** How the methods of control messages start. */
export const CONTROL_PREFIX = 'rpc.mr.';

/** The method of control messages to every peer. */
export const TO_ALL = 'rpc.mr.all';

/** The method of control messages to one peer. */
export function methodTo(peerId: string): string {
  return `${CONTROL_PREFIX}@${peerId}`;
}
