import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  type MeterProvider,
  metrics,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type TracerProvider,
} from '@opentelemetry/api';
import { StateError } from '../errors.ts';
import type { Probe, ProbedCall } from '../trace/probe.ts';
import { addProbe } from '../trace/probes.ts';

/** Where spans and metrics go. */
export interface InstrumentOptions {
  /** @default the one that is registered with `@opentelemetry/api` */
  readonly tracerProvider?: TracerProvider | undefined;
  /** @default the one that is registered with `@opentelemetry/api` */
  readonly meterProvider?: MeterProvider | undefined;
}

/** A call of a slot that is traced. */
interface Traced {
  readonly name: string;
  /** The context in which the call was made. */
  readonly context: Context;
  /** When the call was made, and when its turn came, in milliseconds of `performance.now()`. */
  readonly queued: number;
  began?: number;
  span?: Span;
}

const SYSTEM = 'mreventloop';

/** Ends the instrumentation; undefined while it is off. */
let running: (() => void) | undefined;

/**
 * Traces and counts every slot call, event and request of this thread with OpenTelemetry, from now on. What a slot
 * does belongs to the trace of its caller. What a peer receives belongs to the trace of the publisher, in whichever
 * process that was.
 *
 * ```ts
 * import { instrument } from 'mreventloop/opentelemetry';
 * instrument();
 * ```
 *
 * Call it once, after the SDK of OpenTelemetry was started. Spans: `queue NAME` and `run NAME` for a slot, `publish
 * NAME` and `receive NAME` for an event that crosses a boundary, and the name of a request where it is made and
 * where it is answered. Metrics: `mreventloop.slot.queue.duration` and `mreventloop.slot.duration` (seconds),
 * `mreventloop.slot.queued` (how many wait), `messaging.client.sent.messages`,
 * `messaging.client.consumed.messages`, `rpc.client.call.duration` and `rpc.server.call.duration` (seconds).
 * None of them contains arguments.
 *
 * The Python package has no counterpart.
 *
 * @returns a function that ends the instrumentation
 * @throws StateError when the instrumentation is on already
 */
export function instrument({ tracerProvider, meterProvider }: InstrumentOptions = {}): () => void {
  if (running !== undefined) throw new StateError('mreventloop is instrumented with OpenTelemetry already');
  const [probe, forget] = makeProbe(tracerProvider ?? trace.getTracerProvider(), meterProvider ?? metrics);
  const remove = addProbe(probe);
  const end = (): void => {
    // A second call must not end an instrumentation that was begun since.
    if (running !== end) return;
    running = undefined;
    remove();
    forget();
  };
  running = end;
  return end;
}

/** @returns a probe, and a function that ends the spans of running slots and takes waiting calls out of the metrics */
function makeProbe(tracers: TracerProvider, meters: Pick<MeterProvider, 'getMeter'>): [Probe, forget: () => void] {
  const tracer = tracers.getTracer(SYSTEM);
  const meter = meters.getMeter(SYSTEM);
  const waited = meter.createHistogram('mreventloop.slot.queue.duration', {
    unit: 's',
    description: 'How long calls of slots waited for their turn',
  });
  const ran = meter.createHistogram('mreventloop.slot.duration', {
    unit: 's',
    description: 'How long slots took, from their turn on',
  });
  const waiting = meter.createUpDownCounter('mreventloop.slot.queued', {
    unit: '{call}',
    description: 'How many calls of slots wait for their turn',
  });
  const sent = meter.createCounter('messaging.client.sent.messages', { unit: '{message}' });
  const consumed = meter.createCounter('messaging.client.consumed.messages', { unit: '{message}' });
  const asked = meter.createHistogram('rpc.client.call.duration', { unit: 's' });
  const answered = meter.createHistogram('rpc.server.call.duration', { unit: 's' });
  const calls = new WeakMap<ProbedCall, Traced>();
  const waitingByName = new Map<string, number>();
  const runs = new Set<Span>();

  function countWaiting(name: string, change: number): void {
    waiting.add(change, slotAttributes(name));
    waitingByName.set(name, (waitingByName.get(name) ?? 0) + change);
  }

  function endWaiting(call: Traced): void {
    const attributes = slotAttributes(call.name);
    countWaiting(call.name, -1);
    waited.record((performance.now() - call.queued) / 1_000, attributes);
    tracer.startSpan(`queue ${call.name}`, { startTime: call.queued, attributes }, call.context).end();
  }

  const probe: Probe = {
    queued(call) {
      const { name } = call;
      calls.set(call, { name, context: context.active(), queued: performance.now() });
      countWaiting(name, 1);
    },
    run(call, body) {
      const traced = calls.get(call);
      // The call was queued before there was a probe.
      if (traced === undefined) return body();
      endWaiting(traced);
      traced.began = performance.now();
      const attributes = slotAttributes(traced.name);
      traced.span = tracer.startSpan(`run ${traced.name}`, { attributes }, traced.context);
      runs.add(traced.span);
      return context.with(trace.setSpan(traced.context, traced.span), body);
    },
    ended(call, hasFailed, outcome) {
      const traced = calls.get(call);
      if (traced === undefined) return;
      calls.delete(call);
      const { name, began, span } = traced;
      if (span === undefined || began === undefined) {
        // The call was dropped.
        countWaiting(name, -1);
        return;
      }
      ran.record((performance.now() - began) / 1_000, slotAttributes(name));
      if (hasFailed) fail(span, outcome);
      span.end();
      runs.delete(span);
    },
    publish(event, body) {
      const attributes = eventAttributes(event, 'send');
      const span = tracer.startSpan(`publish ${event}`, { kind: SpanKind.PRODUCER, attributes });
      try {
        const published = during(span, context.active(), () => body(traceparentOf(span)));
        sent.add(1, attributes);
        return published;
      } catch (error) {
        sent.add(1, { ...attributes, ...errorAttributes(error) });
        throw error;
      }
    },
    receive(event, from, body) {
      const attributes = eventAttributes(event, 'process');
      consumed.add(1, attributes);
      const parent = contextOf(from);
      const span = tracer.startSpan(`receive ${event}`, { kind: SpanKind.CONSUMER, attributes }, parent);
      return during(span, parent, body);
    },
    request(name) {
      const began = performance.now();
      const attributes = requestAttributes(name);
      const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes });
      return {
        trace: traceparentOf(span),
        end(error) {
          if (error !== undefined) fail(span, error);
          span.end();
          asked.record((performance.now() - began) / 1_000, { ...attributes, ...errorAttributes(error) });
        },
      };
    },
    async serve(request, from, body) {
      const began = performance.now();
      const attributes = requestAttributes(request);
      const parent = contextOf(from);
      const span = tracer.startSpan(request, { kind: SpanKind.SERVER, attributes }, parent);
      let failure: unknown;
      try {
        return await context.with(trace.setSpan(parent, span), body);
      } catch (error) {
        failure = error;
        fail(span, error);
        throw error;
      } finally {
        span.end();
        answered.record((performance.now() - began) / 1_000, { ...attributes, ...errorAttributes(failure) });
      }
    },
  };
  const forget = (): void => {
    for (const [name, count] of waitingByName) waiting.add(-count, slotAttributes(name));
    // Otherwise these spans would never be exported.
    for (const span of runs) span.end();
  };
  return [probe, forget];
}

/** Calls a function in the context of a span, and ends the span with the function. */
function during<R>(span: Span, parent: Context, body: () => R): R {
  try {
    return context.with(trace.setSpan(parent, span), body);
  } catch (error) {
    fail(span, error);
    throw error;
  } finally {
    span.end();
  }
}

function fail(span: Span, error: unknown): void {
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.recordException(error instanceof Error ? error : typeof error);
}

function slotAttributes(name: string): Attributes {
  return { 'code.function.name': name };
}

function eventAttributes(event: string, operation: 'send' | 'process'): Attributes {
  return {
    'messaging.system': SYSTEM,
    'messaging.operation.name': operation === 'send' ? 'publish' : 'receive',
    'messaging.operation.type': operation,
    'messaging.destination.name': event,
  };
}

function requestAttributes(request: string): Attributes {
  return { 'rpc.system': SYSTEM, 'rpc.method': request };
}

function errorAttributes(error: unknown): Attributes {
  if (error === undefined) return {};
  return { 'error.type': error instanceof Error ? error.name : typeof error };
}

/** Returns the W3C `traceparent` that names a span to other processes; undefined if nobody traces. */
function traceparentOf(span: Span): string | undefined {
  const spanContext = span.spanContext();
  if (!isSpanContextValid(spanContext)) return undefined;
  const { traceId, spanId, traceFlags } = spanContext;
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** Returns the context that another process named. */
function contextOf(traceparent: string | undefined): Context {
  if (traceparent === undefined) return ROOT_CONTEXT;
  const [, traceId = '', spanId = '', flags = ''] = traceparent.split('-');
  return trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16),
    isRemote: true,
  });
}
