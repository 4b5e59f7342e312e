/** The longest time, in milliseconds, that the timers of runtimes take: 25 days. With more, they fire at once. */
export const LONGEST_TIMER = 0x7fff_ffff;

/** How long, in milliseconds, work that is always ready may keep timers and I/O waiting. */
export const SLICE = 10;

/** Calls a function when timers and I/O have had their turn: `await new Promise<void>(nextTurn)` waits for that. */
export const nextTurn: (fn: () => void) => void = /* @__PURE__ */ findNextTurn();

/** Takes what the runtime has when this module is loaded: tests later replace its timers by ones that stand still. */
function findNextTurn(): (fn: () => void) => void {
  const { setImmediate: immediate, MessageChannel: Channel, setTimeout: timer } = globalThis as Partial<Runtime>;
  if (immediate !== undefined) return (fn) => void immediate(fn);
  if (Channel === undefined) return (fn) => void timer?.(fn, 0);
  // Browsers delay timers, in hidden pages by a second and more. They do not delay messages.
  return (fn) => {
    const { port1, port2 } = new Channel();
    port1.addEventListener('message', () => {
      // An open port is never garbage-collected.
      port1.close();
      fn();
    });
    port1.start();
    port2.postMessage(0);
  };
}

/** Node has all of them, pages have the last two, and imitations of pages have only the last. */
type Runtime = Pick<typeof globalThis, 'setImmediate' | 'MessageChannel' | 'setTimeout'>;
