/** What the children share: how they talk to the benchmark. */

/** What crosses: which events, how large, between how many programs. */
export interface Traffic {
  /** The events, published in turn. */
  readonly names: readonly string[];
  /** The characters of a payload. */
  readonly size: number;
  /** How many programs publish. */
  readonly publishers: number;
  /** How many programs subscribe. */
  readonly subscribers: number;
  /** Whether a subscriber has a connection for each of its events, and shares the events with the other subscribers. */
  readonly divided: boolean;
  /** How many go into a frame, where the program decides that itself. */
  readonly batch: number;
  /** How many requests are under way at once. */
  readonly concurrent: number;
}

/** What a child is told when it starts, as its only argument. */
export interface Settings extends Traffic {
  /** Where to receive from and where to send to. */
  readonly addresses: readonly [string, string];
  /** Where pages connect to. */
  readonly page: string;
  /** The path of what the system requires. */
  readonly tool: string;
  /** Which of the programs with this role it is, from 0. */
  readonly index: number;
}

/** What the benchmark says to a child. */
export type Order =
  /** So many events, as fast as possible. */
  | { readonly publish: number }
  /** So many events a second, until the next order. */
  | { readonly load: number }
  | { readonly rest: true }
  /** Say when so many have arrived, counted from the start. */
  | { readonly expect: number }
  | { readonly ask: number }
  | { readonly stop: true };

/** What a child says to the benchmark; times in milliseconds of a clock that all processes share. */
export type Message =
  /** Where it can be reached, of a broker that chose that itself. */
  | { readonly ready: string }
  | { readonly started: number }
  | { readonly published: number }
  | { readonly expecting: true }
  | { readonly arrived: number }
  | { readonly ended: Ended }
  | { readonly answered: Answered }
  | { readonly connected: Connected };

/** Times in milliseconds. */
export interface Answered {
  readonly roundTrips: readonly number[];
  /** How long all of them took. */
  readonly elapsed: number;
}

/** What has arrived where events get lost. */
export interface Ended {
  readonly arrived: number;
  /** When the last one did. */
  readonly last: number;
}

/** Times in milliseconds. */
export interface Connected {
  /** To load the library. */
  readonly loading: number;
  /** Then, to be ready. */
  readonly connecting: number;
}

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
export function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export function tell(message: Message): void {
  process.send?.(message);
}

export async function nextOrder(): Promise<Order> {
  if (orders.length === 0) await new Promise<void>((resolve) => (onOrder = resolve));
  return orders.shift() as Order;
}

/** Whether there is an order that has not been taken. */
export function hasOrder(): boolean {
  return orders.length > 0;
}

/** Says that everything is open, and fulfils when it may be closed. */
export async function readyUntilStopped(address = ''): Promise<void> {
  tell({ ready: address });
  for (;;) if ('stop' in (await nextOrder())) return;
}

/** Lets the process end. What the libraries leave open does not keep it. */
export function leave(): void {
  process.disconnect();
}
