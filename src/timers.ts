/** The longest time, in milliseconds, for which runtimes have timers: 25 days. With more, theirs fire at once. */
export const LONGEST_TIMER = 0x7fff_ffff;

/** How long, in milliseconds, work that is always ready may keep timers and I/O waiting. */
export const SLICE = 10;

/** Calls a function when timers and I/O have had their turn: `await new Promise<void>(nextTurn)` waits for that. */
export const nextTurn: (fn: () => void) => void = /* @__PURE__ */ findNextTurn();

/** What the runtime has when this is loaded: tests put timers in its place that stand still. */
function findNextTurn(): (fn: () => void) => void {
  const { setImmediate: immediate, MessageChannel: Channel, setTimeout: timer } = globalThis as Partial<Runtime>;
  if (immediate !== undefined) return (fn) => void immediate(fn);
  if (Channel === undefined) return (fn) => void timer?.(fn, 0);
  // Browsers hold timers back, those of hidden pages by a second and more; messages they do not.
  return (fn) => {
    const { port1, port2 } = new Channel();
    port1.addEventListener('message', () => {
      // An open port is never collected.
      port1.close();
      fn();
    });
    port1.start();
    port2.postMessage(0);
  };
}

/** Node has the first two, pages the last two, and what imitates pages only the last. */
type Runtime = Pick<typeof globalThis, 'setImmediate' | 'MessageChannel' | 'setTimeout'>;
