/** The longest time, in milliseconds, for which runtimes have timers: 25 days. With more, theirs fire at once. */
export const LONGEST_TIMER = 0x7fff_ffff;
