import type { Log } from './log.ts';

/** A receiver for which events are kept until it acknowledges them. */
export interface Subscriber {
  readonly id: string;
  logs: readonly Log[];
  /** It has everything it wants up to this number over all events. */
  acked: number;
  /**
   * Until it acknowledges something, a time before it became ready. It may not have heard yet where to start. What a
   * broken link lost since that time is then to be repaired.
   */
  unsureSince: number | undefined;
  /** Whether its link is known to have broken before it had heard where to start, and this was allowed for. */
  hasBroken: boolean;
  /** How long, in milliseconds, it may lag before it is reminded, and since when that counts. */
  patience: number;
  since: number;
  /** When it was last sent again what it lacked. */
  repeatedAt: number;
}

/** The subscribers that want the same events. */
export interface Group {
  readonly logs: readonly Log[];
  readonly members: Map<string, Subscriber>;
  /**
   * The logs whose last events have to come before the next event: that of the last event that was sent to the group,
   * and those of events that were dropped since.
   */
  readonly frontier: Log[];
}

/**
 * Which subscribers want the same events. This decides what an event says in `after`: for each group that wants it, the
 * event that was sent to the group before. By induction, a subscriber that has that event has all before it.
 */
export class Audience {
  readonly #groups = new Map<string, Group>();
  readonly #groupOf = new Map<string, Group>();

  get(id: string): Subscriber | undefined {
    return this.#groupOf.get(id)?.members.get(id);
  }

  /** A subscriber wants the events of its logs, and of no others any more. */
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

/**
 * Adds what has to be delivered before the next event of a log, as far as its own number does not say so.
 * @param after - what has to be delivered before earlier events of the same batch; undefined if that is nothing
 */
export function addPredecessors(log: Log, after: Map<string, number> | undefined): Map<string, number> | undefined {
  for (const { frontier } of log.groups) {
    for (const other of frontier) if (other !== log) (after ??= new Map()).set(other.event, other.sent);
  }
  return after;
}

/** The next event of a log was sent to those who want it, or would have been, had it not been dropped. */
export function passFrontiers(log: Log, wasDropped: boolean): void {
  for (const group of log.groups) {
    // Only an event that is sent can tell what comes before it.
    if (wasDropped) {
      if (!group.frontier.includes(log)) group.frontier.push(log);
    } else {
      group.frontier[0] = log;
      // Setting the length costs a tenth of a publish even if it does not change.
      if (group.frontier.length > 1) group.frontier.length = 1;
    }
  }
}
