/** What runtimes offer to announce their end: pages, and Node, Bun and Deno. */
interface Runtime {
  addEventListener(type: 'pagehide', listener: (event: { persisted: boolean }) => void): void;
  process: { on?(event: 'exit', listener: () => void): void };
}

const runtime = globalThis as Partial<Runtime>;
const waiting = /* @__PURE__ */ new Set<() => unknown>();
let isListening = false;

/**
 * Calls a function when the page is closed or left, or when the process ends. Only what it does synchronously happens,
 * as there is no time for more. A process that is killed by a signal ends without a word.
 */
export function sayLast(say: () => unknown): void {
  if (!isListening) {
    isListening = true;
    // A page that persists is frozen, and may come back.
    runtime.addEventListener?.('pagehide', ({ persisted }) => persisted || sayAll());
    runtime.process?.on?.('exit', sayAll);
  }
  waiting.add(say);
}

/** Takes back a function, so that it is not called. */
export function sayNothing(say: () => unknown): void {
  waiting.delete(say);
}

function sayAll(): void {
  for (const say of waiting) say();
}
