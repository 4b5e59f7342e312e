/** What the children do for each role. Systems differ only in what is given to these. */
import { Arrivals, makePayload } from './payload.ts';
import { hasOrder, nextOrder, now, settings, tell } from './role.ts';

export interface Publisher {
  /** Publishes the events with these counts, as fast as it is good for the system. */
  readonly publish: (first: number, end: number) => Promise<void>;
  /** Waits until they have left. */
  readonly flush?: () => Promise<unknown>;
}

/**
 * A publisher: publishes as many events as it is told, when it is told. They are made one by one, as in any
 * program: hundreds of thousands of payloads in memory would be a test of the garbage collector.
 */
export async function publishAsTold({ publish, flush }: Publisher): Promise<void> {
  tell({ ready: '' });
  let published = 0;
  for (;;) {
    const order = await nextOrder();
    if ('stop' in order) return;
    if ('publish' in order) {
      const first = published;
      published += order.publish;
      tell({ started: now() });
      await publish(first, published);
      await flush?.();
    } else if ('load' in order) {
      published = await publishSteadily(publish, published, order.load);
    } else {
      await flush?.();
      tell({ published });
    }
  }
}

/** Until the next order; gives how many have been published since the start. */
async function publishSteadily(publish: Publisher['publish'], before: number, perSecond: number): Promise<number> {
  const begin = now();
  let published = before;
  while (!hasOrder()) {
    const due = before + Math.floor(((now() - begin) / 1000) * perSecond);
    if (due > published) await publish(published, due);
    published = Math.max(published, due);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return published;
}

/** The payload of the event with this count. */
export function payloadOf(count: number): string {
  return makePayload(count, settings);
}

/** What the connections of this subscriber want: each a list of events. */
export function wantedEvents(): readonly (readonly string[])[] {
  const { names, divided, index, subscribers } = settings;
  if (!divided) return [names];
  return names.filter((_, number) => number % subscribers === index).map((name) => [name]);
}

/** How many connections want each event. */
export function subscribersOfEach(): number {
  return settings.divided ? 1 : settings.subscribers;
}

export const arrivals = new Arrivals(settings);

/** A subscriber: says when as many have arrived as it was told to expect. */
export async function countAsTold(): Promise<void> {
  tell({ ready: '' });
  for (;;) {
    const order = await nextOrder();
    if ('stop' in order) return;
    if (!('expect' in order)) throw new Error(`a subscriber cannot ${JSON.stringify(order)}`);
    const complete = arrivals.expect(order.expect);
    tell({ expecting: true });
    await complete;
    tell({ arrived: now() });
  }
}

/** Makes a question of an event that goes out and one that comes back; one at a time. */
export class Dialogue {
  #onAnswer: ((payload: string) => void) | undefined;

  readonly take = (payload: string): void => this.#onAnswer?.(payload);

  asking(publish: (question: string) => void): (question: string) => Promise<string> {
    return (question) =>
      new Promise<string>((resolve) => {
        this.#onAnswer = resolve;
        publish(question);
      });
  }
}

/** A requester: asks as many questions as it is told, some of them at once, and says how long each took. */
export async function askAsTold(ask: (question: string) => Promise<string>): Promise<void> {
  tell({ ready: '' });
  let asked = 0;
  for (;;) {
    const order = await nextOrder();
    if ('stop' in order) return;
    if (!('ask' in order)) throw new Error(`a requester cannot ${JSON.stringify(order)}`);
    const end = asked + order.ask;
    const roundTrips: number[] = [];
    const askInTurn = async (): Promise<void> => {
      while (asked < end) {
        const question = payloadOf(asked++);
        const begin = now();
        const answer = await ask(question);
        roundTrips.push(now() - begin);
        if (answer !== question) throw new Error(`the answer to '${question}' was '${answer}'`);
      }
    };
    const begin = now();
    await Promise.all(Array.from({ length: settings.concurrent }, askInTurn));
    tell({ answered: { roundTrips, elapsed: now() - begin } });
  }
}

/** How long it takes from nothing to being able to receive: to load a library, and to connect. */
export async function measureConnecting<T>(
  load: () => Promise<T>,
  open: (loaded: T) => Promise<unknown>,
): Promise<void> {
  tell({ ready: '' });
  for (;;) {
    const order = await nextOrder();
    if ('stop' in order) return;
    const begin = now();
    const loaded = await load();
    const between = now();
    await open(loaded);
    tell({ connected: { loading: between - begin, connecting: now() - between } });
  }
}
