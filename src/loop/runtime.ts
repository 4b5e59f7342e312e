import type { Listener } from '../events/link.ts';
import { nextTurn, SLICE } from '../timers.ts';

/**
 * Hands an error to the runtime as uncaught: Node prints it and ends the program with exit code 1, a
 * browser reports it to `window.onerror`. A handler for uncaught errors can decide otherwise.
 */
export function throwUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

/** Emits where no caller is concerned by the error of a listener: it becomes uncaught, and everything else goes on. */
export function tell<A extends readonly unknown[]>(emit: Listener<A>, ...args: A): void {
  try {
    emit(...args);
  } catch (error) {
    throwUncaught(error);
  }
}

// Reading the clock costs about as much as calling a slot, so quick steps share one reading.
const STEPS_BETWEEN_LOOKS = 16;
const QUICK = 1;

// The time since the runtime last had its turn is a fact about the whole thread: two loops that keep
// each other busy must not starve timers either. Idle time counts as well, at the cost of one
// turn that was not needed.
let sliceEnd = 0;
let lastLook = 0;
let stepsToLook = STEPS_BETWEEN_LOOKS;

/** Counts a step of work, and returns whether it is time to let timers and I/O have their turn. */
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
