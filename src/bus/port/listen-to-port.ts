import type { Port } from './port-line.ts';

/**
 * Listens to a port, of the web or of Node, which call things differently.
 * @param node - what Node calls it
 * @returns what ends that
 */
export function listenToPort(port: Port, web: string, node: string, listener: (value: unknown) => void): () => void {
  if ('addEventListener' in port) {
    port.addEventListener(web, listener);
    return () => port.removeEventListener(web, listener);
  }
  port.on(node, listener);
  return () => port.off(node, listener);
}

/** Calls back when the other end is gone for good, where the runtime tells. */
export function whenGone(port: Port, gone: () => void): () => void {
  return listenToPort(port, 'close', 'exit', gone);
}
