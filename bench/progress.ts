import type { Measurement } from './measurement.ts';

/** Says what is being measured, and how long the rest may take. */
export class Progress {
  readonly #rounds: number;
  readonly #measurements: readonly Measurement[];
  /** How many milliseconds each took when it was measured last. */
  readonly #took = new Map<string, number>();
  #done = 0;

  constructor(rounds: number, measurements: readonly Measurement[]) {
    this.#rounds = rounds;
    this.#measurements = measurements;
  }

  async show<T>({ name }: Measurement, measure: () => Promise<T>): Promise<T> {
    const { length } = this.#measurements;
    const round = Math.floor(this.#done / length) + 1;
    const where = `round ${round} of ${this.#rounds}, ${(this.#done % length) + 1} of ${length}`;
    process.stderr.write(`${where}${this.#estimate()}: ${name}\n`);
    const begin = performance.now();
    const measured = await measure();
    this.#took.set(name, performance.now() - begin);
    this.#done += 1;
    return measured;
  }

  /** What has not been measured yet takes as much longer than expected as what has been. */
  #estimate(): string {
    if (this.#took.size === 0) return '';
    const { length } = this.#measurements;
    const known = this.#measurements.filter(({ name }) => this.#took.has(name));
    const pace = sum(known.map(({ name }) => this.#took.get(name) ?? 0)) / sum(known.map(({ seconds }) => seconds));
    const left = Array.from({ length: length * this.#rounds - this.#done }, (_, index) => {
      const { name, seconds } = this.#measurements[(this.#done + index) % length] as Measurement;
      return this.#took.get(name) ?? seconds * pace;
    });
    const minutes = sum(left) / 60_000;
    return `, some ${minutes < 1 ? 'seconds' : `${Math.round(minutes)} min`} left`;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
