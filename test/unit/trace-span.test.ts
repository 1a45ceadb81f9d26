/** How spans are written: as OpenTelemetry's own serializer writes the same ones. */
import { expect, test } from '@jest/globals';
import {
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  ROOT_CONTEXT,
} from '@opentelemetry/api';
import { TraceState } from '@opentelemetry/core';
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { type Span, spanJson } from '@lb/worker/internal/tracing/span';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const STARTED_MS = 1_790_000_000_000.125;

const ATTRIBUTES = {
  'http.request.method': 'GET',
  'url.path': '/\u00e4"\\\u0001',
  'http.response.status_code': 503,
  'lbctl.cancelled': true,
  'error.type': undefined,
};

interface WrittenSpan {
  readonly attributes: readonly { readonly key: string; readonly value: object }[];
  readonly [key: string]: unknown;
}

interface WrittenRequest {
  readonly resourceSpans: readonly [{ readonly scopeSpans: readonly [{ spans: WrittenSpan[] }] }];
}

/** The same span, made and written by the packages of OpenTelemetry, and the id that it got. */
function oracle(traceState: string): { readonly spanId: string; readonly written: WrittenSpan } {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const parent: SpanContext = {
    traceId: TRACE,
    spanId: PARENT,
    traceFlags: 1,
    isRemote: true,
    traceState: new TraceState(traceState),
  };
  const span = provider
    .getTracer('oracle')
    .startSpan(
      'GET api',
      { kind: SpanKind.SERVER, startTime: STARTED_MS, attributes: ATTRIBUTES },
      trace.setSpanContext(ROOT_CONTEXT, parent),
    );
  span.addEvent('first byte', STARTED_MS + 1);
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.end(STARTED_MS + 2.5);
  const bytes = JsonTraceSerializer.serializeRequest(exporter.getFinishedSpans());
  const request = JSON.parse(Buffer.from(bytes ?? []).toString()) as WrittenRequest;
  const [written] = request.resourceSpans[0].scopeSpans[0].spans;
  if (written === undefined) throw new Error('the oracle wrote no span');
  return { spanId: span.spanContext().spanId, written };
}

/** Counts of what was left out, and whole numbers as numbers, are the oracle's way; both are valid. */
function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, inner]) => {
        const isEmpty = Array.isArray(inner) && inner.length === 0;
        return !/^dropped\w+Count$/.test(key) && !isEmpty && inner !== undefined;
      })
      .map(([key, inner]) => [key, key === 'intValue' ? String(inner) : comparable(inner)]),
  );
}

test('a span is what OpenTelemetry would have written', () => {
  const { spanId, written } = oracle('rojo=1');
  const span: Span = {
    context: { traceId: TRACE, flags: 1, state: 'rojo=1' },
    spanId,
    parentId: PARENT,
    isParentRemote: true,
    kind: 'server',
    startedMs: 100.125,
    endedMs: 102.625,
    content: {
      name: 'GET api',
      firstByteMs: 101.125,
      hasFailed: true,
      attributes: ATTRIBUTES,
    },
  };

  const ours: unknown = JSON.parse(spanJson(span, STARTED_MS - 100.125));

  expect(comparable(ours)).toEqual(comparable(written));
});

test('a long value is cut', () => {
  const span: Span = {
    context: { traceId: TRACE, flags: 0, state: undefined },
    spanId: PARENT,
    parentId: undefined,
    isParentRemote: false,
    kind: 'client',
    startedMs: 0,
    endedMs: 1,
    content: {
      name: 'GET web',
      hasFailed: false,
      attributes: { 'url.path': 'x'.repeat(100_000) },
    },
  };
  expect(spanJson(span, 0).length).toBeLessThan(1_500);
});
