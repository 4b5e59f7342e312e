import type { After } from '../wire/pack.ts';
import type { Log } from './log.ts';

/** Somebody that events are kept for until it acknowledges them. */
export interface Subscriber {
  readonly id: string;
  logs: readonly Log[];
  /** It has everything it wants up to this number over all events. */
  acked: number;
  /**
   * Until it acknowledges something: a time before it became ready. It may not have heard yet where to start, and then
   * what a broken link lost since that time is to be repaired.
   */
  unsureSince: number | undefined;
  /** Whether it has told, and this was allowed for, that its link broke before it had heard where to start. */
  hasBroken: boolean;
  /** How long it may lag before it is told, in milliseconds, and since when that counts. */
  patience: number;
  since: number;
}

/** Those who want the same events. */
export interface Group {
  readonly logs: readonly Log[];
  readonly members: Map<string, Subscriber>;
  /**
   * What the next event has to come after: the log of the last event that was sent to the group, and those
   * of events that were dropped since. The events are the last ones of these logs.
   */
  readonly frontier: Log[];
}

/**
 * Who wants which events together. From this follows what an event says in `after`: for each group that
 * wants it, the event that was sent to the group before. Who has that one has all before, by induction.
 */
export class Audience {
  readonly #groups = new Map<string, Group>();
  readonly #groupOf = new Map<string, Group>();

  get(id: string): Subscriber | undefined {
    return this.#groupOf.get(id)?.members.get(id);
  }

  /** Somebody wants the events of its logs, and of no others any more. */
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

/** What has to be delivered before the next event of a log, as far as its own number does not say it. */
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

/** The next event of a log was sent to those who want it, or would have been, had it not been dropped. */
export function passFrontiers(log: Log, wasDropped: boolean): void {
  for (const group of log.groups) {
    // Only an event that is sent can tell what comes before it.
    if (wasDropped) {
      if (!group.frontier.includes(log)) group.frontier.push(log);
    } else {
      group.frontier[0] = log;
      // Setting it costs a tenth of a publish even where it does not change.
      if (group.frontier.length > 1) group.frontier.length = 1;
    }
  }
}
