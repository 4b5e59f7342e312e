/** A call of a slot, as a probe sees it. */
export interface ProbedCall {
  /** Class and slot, for people. */
  readonly name: string;
}

/** A request that was asked. */
export interface ProbedRequest {
  /** As in {@link Probe.publish}. */
  readonly trace: string | undefined;
  /** It was answered, or failed. */
  end(error?: unknown): void;
}

/**
 * Looks on while slots are called and events cross boundaries, and passes on in what context that happens. What it
 * is given to call, it calls once and at once, and gives what that gave.
 */
export interface Probe {
  /** A call waits for its turn. */
  queued(call: ProbedCall): void;
  /** It is the call's turn. */
  run<R>(call: ProbedCall, body: () => R): R;
  /**
   * A call ended; it was dropped if it failed before it was its turn.
   * @param outcome - what the slot returned or, where it failed, threw
   */
  ended(call: ProbedCall, hasFailed: boolean, outcome: unknown): void;
  /** An event is published. `trace` tells those who receive it where it comes from, as a W3C `traceparent`. */
  publish<R>(event: string, body: (trace?: string) => R): R;
  /** An event of another peer goes to the listeners. */
  receive<R>(event: string, trace: string | undefined, body: () => R): R;
  /** A request is asked. */
  request(name: string): ProbedRequest;
  /** A request of another peer is answered. */
  serve<R>(request: string, trace: string | undefined, body: () => Promise<R>): Promise<R>;
}

/** The one that looks on. Mostly there is none, and that costs the look at this variable. */
export let probe: Probe | undefined;

export function setProbe(next: Probe | undefined): void {
  probe = next;
}
