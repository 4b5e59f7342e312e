/** What the children share: how they talk to the benchmark, and what they measure. */

/** What a child is told when it starts, as its only argument. */
export interface Settings {
  /** Where to receive from and where to send to. */
  readonly addresses: readonly [string, string];
  /** The events that take part. */
  readonly names: readonly string[];
  /** How many come before the measurement, for the compiler's sake. */
  readonly warmUp: number;
  /** How many are measured. */
  readonly count: number;
  /** How many go into a frame, where the program decides that itself. */
  readonly batch: number;
}

/** What the benchmark says to a child. */
export type Order = { readonly publish: number } | { readonly stop: true };

/** What a child says to the benchmark; times in milliseconds of a clock that all processes share. */
export type Message =
  | { readonly ready: true }
  | { readonly started: number }
  | { readonly arrived: number }
  | { readonly roundTrips: readonly number[] };

export const settings = JSON.parse(process.argv[2] ?? '{}') as Settings;

const orders: Order[] = [];
let onOrder: (() => void) | undefined;
process.on('message', (order: Order) => {
  orders.push(order);
  onOrder?.();
});
// Without the benchmark there is nothing to do.
process.on('disconnect', () => process.exit());

/** `process.hrtime` counts from the same moment in all processes of a machine. */
function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function tell(message: Message): void {
  process.send?.(message);
}

async function nextOrder(): Promise<Order> {
  if (orders.length === 0) await new Promise<void>((resolve) => (onOrder = resolve));
  return orders.shift() as Order;
}

/** Says that everything is open, and fulfils when it may be closed. */
export async function readyUntilStopped(): Promise<void> {
  tell({ ready: true });
  for (;;) if ('stop' in (await nextOrder())) return;
}

/** Lets the process end. What the libraries leave open does not keep it. */
export function leave(): void {
  process.disconnect();
}

/** 64 characters that begin with their number. */
export function makePayload(number: number): string {
  return `${number} `.padEnd(64, '.');
}

/**
 * A publisher: publishes as many events as it is told, when it is told. They are made one by one, as in any
 * program: hundreds of thousands of payloads in memory would be a test of the garbage collector.
 */
export async function publishAsTold(publish: (first: number, end: number) => Promise<void>): Promise<void> {
  tell({ ready: true });
  let published = 0;
  for (;;) {
    const order = await nextOrder();
    if ('stop' in order) return;
    const first = published;
    published += order.publish;
    tell({ started: now() });
    await publish(first, published);
  }
}

/** A subscriber: gives what to call with each event; tells when the last one of each part arrived. */
export function countArrivals({ warmUp, count }: Settings): (payload: string) => void {
  let arrived = 0;
  return (payload) => {
    // All of them are at most as fast as they are correct.
    if (payload.length !== 64 || Number.parseInt(payload, 10) !== arrived) {
      throw new Error(`event ${arrived} should have arrived, not '${payload}'`);
    }
    arrived += 1;
    if (arrived === warmUp || arrived === warmUp + count) tell({ arrived: now() });
  };
}

/** A requester: what to call with each answer, and how to measure with a way to ask. */
export class RoundTrips {
  #onAnswer: ((payload: string) => void) | undefined;

  readonly take = (payload: string): void => this.#onAnswer?.(payload);

  async measure(ask: (payload: string) => void, { warmUp, count }: Settings): Promise<void> {
    tell({ ready: true });
    if ('stop' in (await nextOrder())) return;
    const roundTrips: number[] = [];
    for (let number = 0; number < warmUp + count; number += 1) {
      const question = makePayload(number);
      const begin = now();
      const answer = await new Promise<string>((resolve) => {
        this.#onAnswer = resolve;
        ask(question);
      });
      const end = now();
      if (answer !== question) throw new Error(`the answer to '${question}' was '${answer}'`);
      if (number >= warmUp) roundTrips.push(end - begin);
    }
    tell({ roundTrips });
    await nextOrder();
  }
}
