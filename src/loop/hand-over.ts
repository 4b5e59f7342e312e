// Beside the calls: what is handed over may be any answer, which is nobody's to change.
const handedOver = /* @__PURE__ */ new WeakSet<object>();

/**
 * Somebody else is told if a call fails, where it is the call of a slot: that does not end the program then. In a
 * file of its own, because who hands over failures need not have event loops.
 */
export function handOver(call: unknown): void {
  if (typeof call === 'object' && call !== null) handedOver.add(call);
}

/** Whether somebody else deals with a failure of this call. */
export function isHandedOver(call: object): boolean {
  return handedOver.has(call);
}
