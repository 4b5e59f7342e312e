import { isViolation, type Parse, type Parsed, type Violation } from '../contract/validate.ts';
import type { Clock } from '../stream/clock.ts';
import { type Probe, probe } from '../trace/probe.ts';
import { InOrder } from './in-order.ts';

/** Where events go once they were checked. */
export interface IncomingPort {
  emit(event: string, args: readonly unknown[]): void;
  invalid(event: string, violation: Violation): void;
}

/**
 * Checks events that arrived, from one start to the next stop. They go on in the order in which they came: while a
 * schema has to be awaited, all later events wait behind it. Without such a schema, everything is synchronous, unless
 * listeners take their time and the runtime is given its turn.
 */
export class Incoming {
  readonly #parsers: ReadonlyMap<string, Parse>;
  readonly #port: IncomingPort;
  readonly #order: InOrder;
  #pending = 0;

  /**
   * @param clock - given if the runtime is to have its turn while listeners take their time. What arrives then waits
   * here. This needs publishers that wait for acknowledgements: otherwise any number of events could wait
   */
  constructor(parsers: ReadonlyMap<string, Parse>, port: IncomingPort, clock?: Clock) {
    this.#parsers = parsers;
    this.#port = port;
    this.#order = new InOrder(clock);
  }

  /** How many events wait: for a schema, for the runtime, or behind others. */
  get pending(): number {
    return this.#pending;
  }

  /** @param trace - the trace that the event is part of, if it was given */
  receive(event: string, args: readonly unknown[], trace?: string): void {
    this.#pending += 1;
    // An event is checked only at its turn: an asynchronous schema is not asked for a thousand events at a time.
    if (this.#order.busy) {
      this.#order.do(() => this.#take(event, args, trace));
      return;
    }
    const pending = this.#take(event, args, trace) ?? this.#order.turn();
    if (pending !== undefined) this.#order.do(() => pending);
  }

  /**
   * Calls back when everything that was received so far has gone on, or was dropped. After the end, calls back only
   * if nothing is left.
   */
  afterwards(then: () => void): void {
    if (this.#order.closed) {
      if (this.#pending === 0) then();
    } else if (this.#order.busy) this.#order.do(then);
    else then();
  }

  /** Fulfils when everything that was received so far has gone on. */
  settled(): Promise<void> {
    return this.#order.settled();
  }

  /** Events that wait do not go on any more. */
  close(): void {
    this.#order.close();
  }

  #take(event: string, args: readonly unknown[], trace: string | undefined): void | Promise<void> {
    const parsed = this.#parsers.get(event)?.(args) ?? args;
    if (!(parsed instanceof Promise)) return this.#pass(event, parsed, trace);
    return this.#passLater(event, parsed, trace);
  }

  async #passLater(event: string, pending: Promise<Parsed>, trace: string | undefined): Promise<void> {
    const parsed = await pending;
    if (!this.#order.closed) this.#pass(event, parsed, trace);
  }

  #pass(event: string, parsed: Parsed, trace: string | undefined): void {
    this.#pending -= 1;
    if (isViolation(parsed)) this.#port.invalid(event, parsed);
    else if (probe === undefined) this.#port.emit(event, parsed);
    else this.#passProbed(probe, event, parsed, trace);
  }

  // A method of its own: one that contains a function allocates memory for what the two share at each call.
  #passProbed(by: Probe, event: string, args: readonly unknown[], trace: string | undefined): void {
    by.receive(event, trace, () => this.#port.emit(event, args));
  }
}
