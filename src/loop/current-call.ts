import type { AsyncLocalStorage } from 'node:async_hooks';
import type { SlotCall } from './slot-call.ts';

// The running slot is a fact about the whole thread, whatever loops the thread has. It is kept in two
// places. `running` holds it during the synchronous part of the slot. After its first await, the slot is
// found through the runtime's asynchronous context, if there is one: Node, Bun and Deno have it,
// browsers do not (yet).
let running: SlotCall<unknown> | undefined;

type Storage = AsyncLocalStorage<SlotCall<unknown> | undefined>;
const storage: Storage | undefined = /* @__PURE__ */ makeStorage();

function makeStorage(): Storage | undefined {
  const runtime = (globalThis as { process?: { getBuiltinModule?: NodeJS.Process['getBuiltinModule'] } }).process;
  const hooks = runtime?.getBuiltinModule?.('node:async_hooks');
  return hooks && new hooks.AsyncLocalStorage();
}

/** Returns the call of the slot that the calling code is part of, if it is part of any. */
export function currentCall(): SlotCall<unknown> | undefined {
  if (running !== undefined) return running;
  // Code that an ended slot left behind is not part of the slot any more.
  const call = storage?.getStore();
  return call?.isRunning ? call : undefined;
}

/** Calls a function as the code of a slot. For the loop only: code that follows would be in the slot's context, too. */
export function runAs(
  call: SlotCall<unknown>,
  target: (...args: never[]) => unknown,
  receiver: unknown,
  args: readonly unknown[],
): unknown {
  const before = running;
  running = call;
  try {
    // Entering the asynchronous context costs more than many slots do, so only functions that can await enter it.
    // Leaving it would cost as much and is left out: the next slot enters its own context, and a call that has ended
    // counts as none.
    if (isTracked(target)) storage?.enterWith(call);
    return target.apply(receiver, args as never[]);
  } finally {
    running = before;
  }
}

/** Calls a function as code that is part of no slot, whoever the caller is. */
export function runAsNone<R>(fn: () => R): R {
  return storage === undefined ? fn() : storage.run(undefined, fn);
}

/** Whether the context follows a function across its awaits. */
export function isTracked(target: (...args: never[]) => unknown): boolean {
  return storage !== undefined && (target as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] === 'AsyncFunction';
}
