import type { Frame } from '../bus/bus.ts';

/**
 * Whether a frame is a JSON-RPC request or a batch, as far as a relay has to know: what peers write
 * is recognised by its first bytes and not looked at further. The rest is the receiver's to judge.
 */
export function isRequest(frame: Frame): boolean {
  const start = typeof frame === 'string' ? frame.slice(0, LONGEST_START) : readStart(frame);
  if (STARTS.some((canonical) => start.startsWith(canonical))) return true;
  return isForeignRequest(typeof frame === 'string' ? frame : new TextDecoder().decode(frame));
}

const STARTS = ['{"jsonrpc": "2.0", "method": "', '[{"jsonrpc": "2.0", "method": "'];
const LONGEST_START = Math.max(...STARTS.map((start) => start.length));

function readStart(frame: Uint8Array): string {
  return String.fromCharCode(...frame.subarray(0, LONGEST_START));
}

/** JSON-RPC as others write it. Peers of this package filter on the text and do not see it; Python peers do. */
function isForeignRequest(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    const elements: readonly unknown[] = Array.isArray(value) ? value : [value];
    return elements.length > 0 && elements.every((element) => isRequestObject(element));
  } catch {
    return false;
  }
}

function isRequestObject(value: unknown): boolean {
  const { jsonrpc, method } = (value ?? {}) as { jsonrpc?: unknown; method?: unknown };
  return jsonrpc === '2.0' && typeof method === 'string';
}
