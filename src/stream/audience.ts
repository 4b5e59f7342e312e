import type { After } from '../wire/pack.ts';
import type { Log } from './log.ts';

/** A receiver for which events are kept until it acknowledges them. */
export interface Subscriber {
  readonly id: string;
  logs: readonly Log[];
  /** It has everything it wants up to this number over all events. */
  acked: number;
  /**
   * A time before it became ready; undefined once it has acknowledged something. Until then it may not know where to
   * start, and must get again what a broken link has lost since that time.
   */
  unsureSince: number | undefined;
  /** Whether it has reported that its link broke before it had heard where to start, and this was allowed for. */
  hasBroken: boolean;
  /** How long it may lag before it is reminded, in milliseconds, and since when that counts. */
  patience: number;
  since: number;
}

/** The subscribers that want the same events. */
export interface Group {
  readonly logs: readonly Log[];
  readonly members: Map<string, Subscriber>;
  /**
   * What the next event has to come after: the log of the last event that was sent to the group, and the logs of events
   * that were dropped since. The events are the last ones of these logs.
   */
  readonly frontier: Log[];
}

/**
 * The groups of subscribers that want the same events. They determine what an event says in `after`: for each group
 * that wants it, the previous event that was sent to the group. A subscriber that has that one has all before it, by
 * induction.
 */
export class Audience {
  readonly #groups = new Map<string, Group>();
  readonly #groupOf = new Map<string, Group>();

  get(id: string): Subscriber | undefined {
    return this.#groupOf.get(id)?.members.get(id);
  }

  /** Adds a subscriber, which wants the events of its logs, and of no others any more. */
  add(subscriber: Subscriber): void {
    this.delete(subscriber.id);
    const { logs } = subscriber;
    const key = keyOf(logs);
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = { logs, members: new Map(), frontier: logs.filter(({ sent }) => sent > 0) };
      this.#groups.set(key, group);
      for (const log of logs) log.groups.push(group);
    }
    group.members.set(subscriber.id, subscriber);
    this.#groupOf.set(subscriber.id, group);
  }

  delete(id: string): void {
    const group = this.#groupOf.get(id);
    if (group === undefined) return;
    this.#groupOf.delete(id);
    group.members.delete(id);
    if (group.members.size > 0) return;
    this.#groups.delete(keyOf(group.logs));
    for (const log of group.logs) log.groups.splice(log.groups.indexOf(group), 1);
  }
}

function keyOf(logs: readonly Log[]): string {
  return JSON.stringify(logs.map(({ event }) => event).toSorted());
}

/** Returns what has to be delivered before the next event of a log, apart from what its own number says. */
export function predecessorsOf(log: Log): After | undefined {
  let after: After | undefined;
  for (const { frontier } of log.groups) {
    for (const other of frontier) {
      if (other !== log && !names(after, other.event)) after = { event: other.event, n: other.sent, more: after };
    }
  }
  return after;
}

function names(first: After | undefined, event: string): boolean {
  for (let after = first; after !== undefined; after = after.more) if (after.event === event) return true;
  return false;
}

/** Updates the frontiers of the groups that want the next event of a log. It was sent, or skipped if it was dropped. */
export function passFrontiers(log: Log, wasDropped: boolean): void {
  for (const group of log.groups) {
    // Only an event that is sent can say what comes before it.
    if (wasDropped) {
      if (!group.frontier.includes(log)) group.frontier.push(log);
    } else {
      group.frontier[0] = log;
      // Setting it costs a tenth of a publish even where it does not change.
      if (group.frontier.length > 1) group.frontier.length = 1;
    }
  }
}
