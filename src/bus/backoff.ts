/** The longest wait, in milliseconds, before the first attempt to reconnect, and before later ones. */
const FIRST_DELAY = 50;
const LAST_DELAY = 5_000;

/** A refused peer tries again less often: after this many milliseconds at least. */
export const REFUSED_DELAY = 1_000;

/**
 * Returns how long, in milliseconds, to wait before an attempt to connect: longer each time, and at random, so that
 * peers that lost their links at the same moment wait for different times.
 * @param attempts - the number of attempts that have failed since there was a link
 */
export function delayBefore(attempts: number): number {
  return Math.min(FIRST_DELAY * 2 ** attempts, LAST_DELAY) * (0.5 + Math.random() / 2);
}
