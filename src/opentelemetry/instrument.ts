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

/** Where spans and figures go. */
export interface InstrumentOptions {
  /** @default the one that is registered with `@opentelemetry/api` */
  readonly tracerProvider?: TracerProvider | undefined;
  /** @default the one that is registered with `@opentelemetry/api` */
  readonly meterProvider?: MeterProvider | undefined;
}

/** A call of a slot, from when it was made. */
interface Traced {
  readonly name: string;
  /** In what context it was made. */
  readonly context: Context;
  /** When, in milliseconds of `performance.now()`: that it was made, and that its turn came. */
  readonly queued: number;
  began?: number;
  span?: Span;
}

const SYSTEM = 'mreventloop';

/** What ends it, while it is on. */
let running: (() => void) | undefined;

/**
 * Has every slot call, event and request of this thread traced and counted with OpenTelemetry, from now on. What a
 * slot does belongs to the trace of whoever called it, and what a peer receives to that of whoever published it, in
 * whichever process that was.
 *
 * ```ts
 * import { instrument } from 'mreventloop/opentelemetry';
 * instrument();
 * ```
 *
 * Call it once, after the SDK of OpenTelemetry was started. Spans: `queue NAME` and `run NAME` for a slot, `publish
 * NAME` and `receive NAME` for an event that crosses a boundary, and the name of a request where it is asked and
 * where it is answered. Figures: `mreventloop.slot.queue.duration` and `mreventloop.slot.duration` (seconds),
 * `mreventloop.slot.queued` (how many wait), `messaging.client.sent.messages`,
 * `messaging.client.consumed.messages`, `rpc.client.call.duration` and `rpc.server.call.duration` (seconds).
 * Arguments are in none of them.
 *
 * There is no such thing in the Python package.
 *
 * @returns what ends it
 * @throws StateError when it is on already
 */
export function instrument({ tracerProvider, meterProvider }: InstrumentOptions = {}): () => void {
  if (running !== undefined) throw new StateError('mreventloop is instrumented with OpenTelemetry already');
  const [probe, forget] = makeProbe(tracerProvider ?? trace.getTracerProvider(), meterProvider ?? metrics);
  const remove = addProbe(probe);
  const end = (): void => {
    // Called again, it ends no other that was begun since.
    if (running !== end) return;
    running = undefined;
    remove();
    forget();
  };
  running = end;
  return end;
}

/** @returns with what ends the spans of the slots that run, and makes its figures forget the calls that wait */
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
      // It was queued before there was a probe.
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
        // It was dropped.
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
    // Else they would never be exported.
    for (const span of runs) span.end();
  };
  return [probe, forget];
}

/** Calls a function in the context of a span, which ends with it. */
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

/** What names a span to other processes, as W3C has it; undefined where nobody traces. */
function traceparentOf(span: Span): string | undefined {
  const spanContext = span.spanContext();
  if (!isSpanContextValid(spanContext)) return undefined;
  const { traceId, spanId, traceFlags } = spanContext;
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** The context that another process named. */
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
