/** A call of a slot, as a probe sees it. */
export interface ProbedCall {
  /** The names of the class and the slot, for people. */
  readonly name: string;
}

/** A request that this program made, as a probe sees it. */
export interface ProbedRequest {
  /** As in {@link Probe.publish}. */
  readonly trace: string | undefined;
  /** The request was answered, or failed. */
  end(error?: unknown): void;
}

/**
 * Observes the calls of slots and the events that cross boundaries, and passes on the context in which they happen. A
 * probe calls each function that it is given exactly once, at once, and returns what the function returned.
 */
export interface Probe {
  /** A call waits for its turn. */
  queued(call: ProbedCall): void;
  /** The turn of a call has come. */
  run<R>(call: ProbedCall, body: () => R): R;
  /**
   * A call ended. If it failed before its turn, it was dropped.
   * @param outcome - what the slot returned or, if it failed, threw
   */
  ended(call: ProbedCall, hasFailed: boolean, outcome: unknown): void;
  /** An event is published. `trace` tells the receivers where the event comes from, as a W3C `traceparent`. */
  publish<R>(event: string, body: (trace?: string) => R): R;
  /** An event of another peer goes to the listeners. */
  receive<R>(event: string, trace: string | undefined, body: () => R): R;
  /** A request is made. */
  request(name: string): ProbedRequest;
  /** A request of another peer is answered. */
  serve<R>(request: string, trace: string | undefined, body: () => Promise<R>): Promise<R>;
}

/** The active probe. Mostly there is none, which costs only a check of this variable. */
export let probe: Probe | undefined;

export function setProbe(next: Probe | undefined): void {
  probe = next;
}
