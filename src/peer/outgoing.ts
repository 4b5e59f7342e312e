import type { Codec } from '../contract/codec.ts';
import { isViolation, type Parse, type Violation } from '../contract/validate.ts';
import { OverflowError } from '../errors.ts';
import { counted } from './counted.ts';
import { explain } from './explain.ts';
import { InOrder } from './in-order.ts';
import { copyOf, payloadOf, withoutLastUndefined } from './payload.ts';

/** Sends an event. @returns a promise that fulfils when there is room for more */
export type Send = (event: string, args: readonly unknown[], trace: string | undefined) => Promise<void>;

/**
 * Checks what is published, from one start to the next stop, and passes it on in the order in which it was published.
 * The values stay as they are: the receiver applies the schemas.
 */
export class Outgoing {
  readonly #parsers: ReadonlyMap<string, Parse>;
  readonly #limit: number;
  readonly #send: Send;
  readonly #codec: Codec | undefined;
  readonly #order = new InOrder();
  readonly #onClose = new Set<() => void>();

  /**
   * @param parsers - for the events that are to be checked
   * @param limit - how many events may wait for schemas
   * @param codec - how values that JSON does not have are sent; undefined if they are refused
   */
  constructor(parsers: ReadonlyMap<string, Parse>, limit: number, send: Send, codec?: Codec) {
    this.#parsers = parsers;
    this.#limit = limit;
    this.#send = send;
    this.#codec = codec;
  }

  /** How many events wait for schemas. */
  get pending(): number {
    return this.#onClose.size;
  }

  /**
   * Publishes an event. Throws if something is wrong; if a schema has to be awaited, the promise rejects instead.
   * @param trace - the trace that the event is part of
   * @throws PayloadError, ValidationError, OverflowError
   */
  publish(event: string, args: readonly unknown[], trace?: string): Promise<void> {
    const parse = this.#parsers.get(event);
    // Only a schema says whether an argument may be left out; a codec may have something that stands for undefined.
    const carried = parse === undefined || this.#codec !== undefined ? args : withoutLastUndefined(args);
    const sent = payloadOf('event', event, carried, this.#codec);
    // The schemas see the given values, not what stands for them.
    const parsed = parse?.(args);
    if (parsed instanceof Promise) {
      return this.#sendLater(
        event,
        sent,
        parsed.then((late) => (isViolation(late) ? late : undefined)),
        trace,
      );
    }
    if (parsed !== undefined && isViolation(parsed)) throw explain('event', event, parsed);
    return this.#order.busy ? this.#sendLater(event, sent, undefined, trace) : this.#send(event, sent, trace);
  }

  /** Fulfils when everything that was published so far was passed on or refused. */
  settled(): Promise<void> {
    return this.#order.settled();
  }

  /** Events that wait are not sent any more. As with checked events that have not left, nobody has to wait for room. */
  close(): void {
    this.#order.close();
    for (const resolve of this.#onClose) resolve();
  }

  #sendLater(
    event: string,
    args: readonly unknown[],
    pending: Promise<Violation | undefined> | undefined,
    trace: string | undefined,
  ): Promise<void> {
    if (this.#onClose.size >= this.#limit) {
      return Promise.reject(
        new OverflowError(
          `event '${event}' was not published behind ${counted(this.#limit, 'event')} still to be checked`,
        ),
      );
    }
    // What is sent is what was published, whatever happens to the objects until then.
    const copy = copyOf(args);
    return new Promise((resolve, reject) => {
      this.#onClose.add(resolve);
      const go = (violation: Violation | undefined): void => {
        if (this.#order.closed) return;
        this.#onClose.delete(resolve);
        if (violation !== undefined) {
          reject(explain('event', event, violation));
          return;
        }
        try {
          resolve(this.#send(event, copy, trace));
        } catch (error) {
          reject(error);
        }
      };
      this.#order.do(() => (pending === undefined ? go(undefined) : pending.then(go)));
    });
  }
}
