import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { instrument } from 'mreventloop/opentelemetry';
import { onTestFinished } from 'vitest';
import { type Recorded, recorded } from './recorded.ts';

/** Instruments this thread, with the real SDK, until the test has ended. */
export function record() {
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 3_600_000 });
  const meterProvider = new MeterProvider({ readers: [reader] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const end = instrument({ tracerProvider, meterProvider });
  onTestFinished(async () => {
    end();
    context.disable();
    await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()]);
  });
  return {
    end,
    /** Does something as part of a span. */
    within<R>(name: string, body: () => R): R {
      const span = tracerProvider.getTracer('test').startSpan(name);
      try {
        return context.with(trace.setSpan(context.active(), span), body);
      } finally {
        span.end();
      }
    },
    /** The spans that have ended. */
    spans: (): Recorded[] => exporter.getFinishedSpans().map((span) => recorded(span)),
    /** The sums, or counts of what was measured, by figure and name. */
    async figures(): Promise<Record<string, number>> {
      await reader.forceFlush();
      const figures: Record<string, number> = {};
      for (const { scopeMetrics } of metrics.getMetrics().slice(-1)) {
        for (const { descriptor, dataPoints } of scopeMetrics.flatMap((scope) => scope.metrics)) {
          for (const { attributes, value } of dataPoints) {
            const what =
              attributes['code.function.name'] ?? attributes['messaging.destination.name'] ?? attributes['rpc.method'];
            const name = `${descriptor.name} ${String(what)}`;
            if (typeof value !== 'number') figures[name] = value.count;
            else figures[[name, attributes['error.type'] ?? []].flat().join(' ')] = value;
          }
        }
      }
      return figures;
    },
  };
}
