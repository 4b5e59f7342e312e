import type { Port } from './port-line.ts';

/**
 * Listens to an event of a port. The web and Node have different names for it.
 * @param node - its name in Node
 * @returns a function that stops listening
 */
export function listenToPort(port: Port, web: string, node: string, listener: (value: unknown) => void): () => void {
  if ('addEventListener' in port) {
    port.addEventListener(web, listener);
    return () => port.removeEventListener(web, listener);
  }
  port.on(node, listener);
  return () => port.off(node, listener);
}

/** Calls back when the other end is gone for good, where the runtime reports that. */
export function whenGone(port: Port, gone: () => void): () => void {
  return listenToPort(port, 'close', 'exit', gone);
}
