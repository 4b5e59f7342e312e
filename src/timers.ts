/** The longest time, in milliseconds, for which runtimes have timers: 25 days. With more, theirs fire at once. */
export const LONGEST_TIMER = 0x7fff_ffff;

/** How long, in milliseconds, work that is always ready may keep timers and I/O waiting. */
export const SLICE = 10;

/** Calls a function when timers and I/O have had their turn: `await new Promise<void>(nextTurn)` waits for that. */
export function nextTurn(fn: () => void): void {
  if (typeof setImmediate === 'function') {
    setImmediate(fn);
  } else {
    // Browsers hold timers back, those of hidden pages by a second and more; messages they do not.
    const { port1, port2 } = new MessageChannel();
    port1.addEventListener('message', () => {
      // An open port is never collected.
      port1.close();
      fn();
    });
    port1.start();
    port2.postMessage(0);
  }
}
