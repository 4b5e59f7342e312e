// Kept apart from the calls: what is handed over may be any answer, and nobody may change that.
const handedOver = /* @__PURE__ */ new WeakSet<object>();

/**
 * Marks a call as one whose failure somebody else handles. If it is the call of a slot, its failure does not end the
 * program. In a file of its own, because code that hands over failures need not have event loops.
 */
export function handOver(call: unknown): void {
  if (typeof call === 'object' && call !== null) handedOver.add(call);
}

/** Whether somebody else handles a failure of this call. */
export function isHandedOver(call: object): boolean {
  return handedOver.has(call);
}
