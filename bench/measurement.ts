import type { Figures } from './measure.ts';

/** Something that is measured in each round, by name: the work, a colon, the contender. */
export interface Measurement {
  readonly name: string;
  /** How many seconds it takes, roughly, beside others. */
  readonly seconds: number;
  /** Why it cannot be measured here. */
  readonly missing?: string | undefined;
  measure(): Promise<Figures>;
}
