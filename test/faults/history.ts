import { readFileSync } from 'node:fs';

/** What one process has written down of itself. */
export interface History {
  readonly id: string;
  readonly lines: readonly Line[];
}

interface Line {
  readonly published?: string;
  readonly received?: string;
  readonly gap?: string;
  readonly from?: string;
  readonly n?: number;
  readonly count?: number;
  readonly left?: string;
  readonly invalid?: string;
}

/** What became of one publisher's events at one subscriber. */
export interface Verdict {
  readonly published: number;
  readonly received: number;
  /** Neither received nor reported as lost, from the first one on that was received. */
  readonly lost: number;
  readonly reported: number;
  readonly twice: number;
  readonly disordered: number;
  /** The number of the first event received, of the first name. */
  readonly first: number | undefined;
}

export function readHistory(id: string, path: string): History {
  const text = readFileSync(path, 'utf8');
  // A process that was killed may have left half a line.
  const lines = text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1);
  return { id, lines: lines.map((line) => JSON.parse(line) as Line) };
}

/**
 * Judges what a subscriber received of a publisher, for the events it wants.
 * @param joinedBefore - whether the subscriber was there before the first event: then the first one counts, too
 */
export function judge(
  publisher: History,
  subscriber: History,
  events: readonly string[],
  joinedBefore = true,
): Verdict {
  const order = new Map<string, number>();
  for (const { published, n } of publisher.lines) {
    if (published !== undefined && events.includes(published)) order.set(`${published}:${n}`, order.size);
  }
  const mine = subscriber.lines.filter(({ from }) => from === publisher.id);
  const seen = new Set<number>();
  let twice = 0;
  let disordered = 0;
  let last = -1;
  for (const { received, n } of mine) {
    if (received === undefined || !events.includes(received)) continue;
    const index = order.get(`${received}:${n}`);
    if (index === undefined) throw new Error(`${received} ${n} was never published`);
    if (seen.has(index)) twice += 1;
    else if (index < last) disordered += 1;
    seen.add(index);
    last = Math.max(last, index);
  }
  const first = seen.size === 0 ? undefined : Math.min(...[...seen].slice(0, 1));
  const reported = mine.reduce((sum, { gap, count }) => sum + (gap === undefined ? 0 : (count ?? 0)), 0);
  const start = joinedBefore ? 0 : (first ?? order.size);
  return {
    published: order.size,
    received: seen.size,
    lost: order.size - start - seen.size - reported,
    reported,
    twice,
    disordered,
    first: mine.find(({ received }) => received === events[0])?.n,
  };
}
