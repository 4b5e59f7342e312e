import { contract, event } from 'mreventloop';

/** What a part has heard of another one. */
export interface Heard {
  /** How many different events. */
  readonly received: number;
  /** How many came again. */
  readonly twice: number;
  /** How many came behind one that was said later. */
  readonly late: number;
}

/** What is said between the parts, and between them and the conductor in `main.ts`. */
export const talk = contract({
  present: event<[part: string]>(),
  begin: event<[count: number]>(),
  said: event<[part: string, n: number]>(),
  heard: event<[part: string, of: Readonly<Record<string, Heard>>]>(),
  goodbye: event<[]>(),
});
