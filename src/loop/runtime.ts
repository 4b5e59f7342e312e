import type { Listener } from '../events/link.ts';
import { nextTurn, SLICE } from '../timers.ts';

/**
 * Hands an error to the runtime as uncaught: Node prints it and ends the program with exit code 1, a
 * browser reports it to `window.onerror`. Whoever installs a handler for uncaught errors decides for himself.
 */
export function throwUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

/** Emits where nobody up the stack is concerned by what a listener throws: that is uncaught, and all else goes on. */
export function tell<A extends readonly unknown[]>(emit: Listener<A>, ...args: A): void {
  try {
    emit(...args);
  } catch (error) {
    throwUncaught(error);
  }
}

// Reading the clock costs about as much as calling a slot: quick steps share one look at it.
const STEPS_BETWEEN_LOOKS = 16;
const QUICK = 1;

// How long it was since the runtime had its turn is a fact about the whole thread: two loops that keep
// each other busy must not starve timers either. Time spent idle counts as well, at the cost of one
// turn that nobody would have needed.
let sliceEnd = 0;
let lastLook = 0;
let stepsToLook = STEPS_BETWEEN_LOOKS;

/** Counts a step of work; says whether it is time to let timers and I/O have their turn. */
export function isSliceOver(): boolean {
  stepsToLook -= 1;
  if (stepsToLook > 0) return false;
  const now = performance.now();
  stepsToLook = now - lastLook > QUICK ? 1 : STEPS_BETWEEN_LOOKS;
  lastLook = now;
  return now >= sliceEnd;
}

/** Lets timers and I/O have their turn. */
export async function yieldToRuntime(): Promise<void> {
  await new Promise<void>(nextTurn);
  sliceEnd = performance.now() + SLICE;
}
