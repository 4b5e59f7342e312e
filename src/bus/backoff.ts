/** How long, in milliseconds, to wait before the first attempt to connect again, and before later ones, at most. */
const FIRST_DELAY = 50;
const LAST_DELAY = 5_000;

/** Who was refused comes back less often: after so many milliseconds at least. */
export const REFUSED_DELAY = 1_000;

/**
 * How long, in milliseconds, to wait before an attempt to connect: longer each time, and never as long as others
 * who lost their links in the same moment.
 * @param attempts - that failed since there was a link
 */
export function delayBefore(attempts: number): number {
  return Math.min(FIRST_DELAY * 2 ** attempts, LAST_DELAY) * (0.5 + Math.random() / 2);
}
