import { SpanKind } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

/** What a test looks at of a span; of a request, its name says at which side. */
export interface Recorded {
  readonly name: string;
  readonly id: string;
  readonly trace: string;
  readonly parent: string | undefined;
  readonly span: ReadableSpan;
}

const SIDES: Partial<Record<SpanKind, string>> = { [SpanKind.CLIENT]: ' (client)', [SpanKind.SERVER]: ' (server)' };

export function recorded(span: ReadableSpan): Recorded {
  const { spanId: id, traceId } = span.spanContext();
  return {
    name: `${span.name}${SIDES[span.kind] ?? ''}`,
    id,
    trace: traceId,
    parent: span.parentSpanContext?.spanId,
    span,
  };
}

/** A span without what is only in its own process. */
export type RemoteSpan = Omit<Recorded, 'span'>;

/** The names from the root to the only span of that name. */
export function pathTo(name: string, spans: readonly RemoteSpan[]): string[] {
  const [found, ...more] = spans.filter((span) => span.name === name);
  if (found === undefined || more.length > 0) throw new Error(`not exactly one span is called '${name}'`);
  return pathFrom(found, spans);
}

function pathFrom({ name, parent }: RemoteSpan, spans: readonly RemoteSpan[]): string[] {
  const above = spans.find(({ id }) => id === parent);
  return above === undefined ? [name] : [...pathFrom(above, spans), name];
}
