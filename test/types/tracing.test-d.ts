import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import { type EventMessage, publishDiagnostics, type RequestMessage, type SlotMessage } from 'mreventloop/diagnostics';
import { instrument, type InstrumentOptions } from 'mreventloop/opentelemetry';
import { expectTypeOf } from 'vitest';

declare const tracerProvider: TracerProvider;
declare const meterProvider: MeterProvider;

// instrument
expectTypeOf(instrument()).toEqualTypeOf<() => void>();
expectTypeOf(instrument({ tracerProvider, meterProvider })).toEqualTypeOf<() => void>();
expectTypeOf<InstrumentOptions['tracerProvider']>().toEqualTypeOf<TracerProvider | undefined>();

// publishDiagnostics
expectTypeOf(publishDiagnostics()).toEqualTypeOf<() => void>();
expectTypeOf<SlotMessage>().toExtend<{ slot: string; queued: number }>();
expectTypeOf<EventMessage['traceparent']>().toEqualTypeOf<string | undefined>();
expectTypeOf<RequestMessage['request']>().toEqualTypeOf<string>();
