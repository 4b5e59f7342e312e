import { type EventMessage, publishDiagnostics } from 'mreventloop/diagnostics';
import { instrument } from 'mreventloop/opentelemetry';

declare const message: EventMessage;

// THROWS Type 'number' is not assignable to type 'TracerProvider'.
instrument({ tracerProvider: 1 });
// THROWS Object literal may only specify known properties, and 'provider' does not exist in type 'InstrumentOptions'.
instrument({ provider: undefined });
// THROWS Expected 0 arguments, but got 1.
publishDiagnostics({});
// THROWS Cannot assign to 'event' because it is a read-only property.
message.event = 'other';
