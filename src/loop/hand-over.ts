/**
 * Somebody else is told if a call fails, where it is the call of a slot: that does not end the program then. In a
 * file of its own, because who hands over failures need not have event loops.
 */
export function handOver(call: unknown): void {
  if (typeof call === 'object' && call !== null && 'handedOver' in call) call.handedOver = true;
}
