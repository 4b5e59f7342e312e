import { channel, tracingChannel } from 'node:diagnostics_channel';
import { StateError } from '../errors.ts';
import type { Probe, ProbedCall } from '../trace/probe.ts';
import { addProbe } from '../trace/probes.ts';

/** The message about a call of a slot. It is the same object from when the call is made to its end. */
export interface SlotMessage {
  /** The names of the class and the slot. */
  readonly slot: string;
  /** When the call was made, and when its turn came, in milliseconds of `performance.now()`. */
  readonly queued: number;
  started?: number;
  error?: unknown;
}

/** The message about an event that leaves, or that came from another peer. */
export interface EventMessage {
  readonly event: string;
  /** The W3C `traceparent` that came with the event. If the event leaves, what is set here at `start` goes along. */
  traceparent?: string | undefined;
  error?: unknown;
}

/** The message about a request that is made or answered. */
export interface RequestMessage {
  readonly request: string;
  /** As in {@link EventMessage}. */
  traceparent?: string | undefined;
  error?: unknown;
}

/** Ends the publishing; undefined while it is off. */
let running: (() => void) | undefined;

/**
 * Publishes what happens in this thread on channels of `node:diagnostics_channel`, from now on:
 * - `mreventloop:slot:queued` when a slot was called, with a {@link SlotMessage};
 * - the tracing channels `mreventloop:slot` (the same), `mreventloop:publish` and `mreventloop:receive` (an
 *   {@link EventMessage}), `mreventloop:request` and `mreventloop:serve` (a {@link RequestMessage}), which are
 *   channels for `start`, `end`, `asyncEnd` and `error`. A slot runs as part of its `start`. Its `asyncEnd` comes
 *   when it has ended, whether it was async or not, and an `error` comes before `asyncEnd`. A call that was dropped
 *   has no `start`. A request has no `end`.
 *
 * ```ts
 * import { publishDiagnostics } from 'mreventloop/diagnostics';
 * publishDiagnostics();
 * ```
 *
 * For Node, Bun and Deno. None of the messages contains arguments. The Python package has no counterpart.
 *
 * @returns a function that ends the publishing
 * @throws StateError when diagnostics are published already
 */
export function publishDiagnostics(): () => void {
  if (running !== undefined) throw new StateError('mreventloop publishes diagnostics already');
  const end = addProbe(makeProbe());
  running = end;
  return () => {
    // A second call must not end what another `publishDiagnostics()` has begun since.
    if (running === end) running = undefined;
    end();
  };
}

function makeProbe(): Probe {
  const queued = channel('mreventloop:slot:queued');
  const slots = tracingChannel<SlotMessage, SlotMessage>('mreventloop:slot');
  const publishing = tracingChannel<EventMessage, EventMessage>('mreventloop:publish');
  const receiving = tracingChannel<EventMessage, EventMessage>('mreventloop:receive');
  const requests = tracingChannel<RequestMessage, RequestMessage>('mreventloop:request');
  const serving = tracingChannel<RequestMessage, RequestMessage>('mreventloop:serve');
  const calls = new WeakMap<ProbedCall, SlotMessage>();
  return {
    queued(call) {
      const message: SlotMessage = { slot: call.name, queued: performance.now() };
      calls.set(call, message);
      queued.publish(message);
    },
    run(call, body) {
      const message = calls.get(call);
      // The call was queued before there was a probe.
      if (message === undefined) return body();
      message.started = performance.now();
      return slots.start.runStores(message, () => {
        try {
          return body();
        } finally {
          slots.end.publish(message);
        }
      });
    },
    ended(call, hasFailed, outcome) {
      const message = calls.get(call);
      if (message === undefined) return;
      calls.delete(call);
      if (hasFailed) {
        message.error = outcome;
        slots.error.publish(message);
      }
      slots.asyncEnd.publish(message);
    },
    publish(event, body) {
      const message: EventMessage = { event };
      return publishing.traceSync(() => body(message.traceparent), message);
    },
    receive: (event, traceparent, body) => receiving.traceSync(body, { event, traceparent }),
    request(request) {
      const message: RequestMessage = { request };
      requests.start.publish(message);
      return {
        trace: message.traceparent,
        end(error) {
          if (error !== undefined) {
            message.error = error;
            requests.error.publish(message);
          }
          requests.asyncEnd.publish(message);
        },
      };
    },
    serve: (request, traceparent, body) => serving.tracePromise(body, { request, traceparent }),
  };
}
