/** How many ticks a heartbeat has, and how many may pass in silence before a link counts as dead. */
export const TICKS_A_HEARTBEAT = 3;
export const MOST_SILENT_TICKS = 2;
