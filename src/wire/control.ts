import { encodeRequest, requestHead, requestPrefixes } from './json-rpc.ts';

/**
 * Control messages: notifications whose method starts with `rpc.mr.`, which JSON-RPC reserves and
 * Python peers pass over in silence.
 */

/** Names that start so belong to JSON-RPC and to this protocol; no event may have one. */
export const RESERVED_PREFIX = 'rpc.';

/** The method of control messages to one peer. */
export function methodTo(peerId: string): string {
  return `rpc.mr.@${peerId}`;
}

/** How control messages to one peer begin. */
export function controlPrefixes(peerId: string): readonly string[] {
  return requestPrefixes(methodTo(peerId));
}

/** A message that a peer sends to itself, to see whether both ways through the broker are open. */
export function encodeProbe(peerId: string, count: number): string {
  return encodeRequest(requestHead(methodTo(peerId)), ['probe', count]);
}

/** The count of a probe, from its arguments, or undefined when they are another control message's. */
export function readProbe(args: readonly unknown[]): number | undefined {
  const [kind, count] = args;
  return kind === 'probe' && typeof count === 'number' ? count : undefined;
}
