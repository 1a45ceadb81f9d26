/** What tracing adds to a request: its trace, one try, and the end of both; and the writing of those that are exported. */
import { systemClock } from '@lb/shared/time/clock';
import type { Backend } from '@lb/worker/internal/balancing/backend';
import { HeadText, headTextOf } from '@lb/worker/internal/http1/head-text';
import type { Exchange } from '@lb/worker/internal/request/exchange';
import { type RequestHead, readRequestHead } from '@lb/worker/internal/request/request-head';
import { type Span, spanJson } from '@lb/worker/internal/tracing/span';
import { TraceIds } from '@lb/worker/internal/tracing/trace-ids';
import { Tracer } from '@lb/worker/internal/tracing/tracer';
import type { Benchmark } from './benchmark.ts';

const FIELDS = ['Host', 'a.example', 'User-Agent', 'bench', 'Accept', '*/*'];
const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00';

/** As far as a try's span looks at a backend, and a request's at an exchange. */
const backend = {
  name: '127.0.0.1:9001',
  pool: 'web',
  authority: '127.0.0.1:9001',
  target: { protocol: 'http:', host: '127.0.0.1', port: 9001 },
} as Backend;

let written = 0;
const tools = {
  ids: new TraceIds(),
  clock: systemClock,
  storeName: 'lbctl',
  take: (span: Span) => {
    written += Buffer.from(spanJson(span, 1.79e12)).length;
  },
};

function headOf(fields: readonly string[]): RequestHead {
  const { text, marks } = headTextOf(fields);
  const start = 'GET /api/v1/users HTTP/1.1\r\n';
  const shifted = marks.map((mark, i) => (i % 4 === 0 ? mark : mark + start.length));
  const head = readRequestHead(new HeadText(start + text, start.length, shifted));
  if (typeof head === 'string') throw new Error(head);
  return head;
}

function traced(name: string, share: number, head: RequestHead): Benchmark {
  const tracer = new Tracer(tools, share);
  const exchange = {
    head,
    method: 'GET',
    path: '/api/v1/users',
    hostname: 'a.example',
    host: 'a.example',
    clientAddress: '192.0.2.7',
    id: '01939c2b-1f6a-7abc-8def-0123456789ab',
    tries: 1,
    startedMs: 1,
    route: { name: 'api' },
    pool: { name: 'web' },
    backend,
    listener: { name: 'web' },
    response: { bodyBytes: 110 },
    connection: { peerAddress: '192.0.2.7', localPort: 8080 },
    services: { runtime: () => ({ trustedProxies: { trusts: () => false } }) },
  } as unknown as Exchange;
  return {
    name,
    run(times) {
      for (let i = 0; i < times; i++) {
        const trace = tracer.begin(head);
        const setup = { backend, method: 'GET', target: exchange.path, resends: 0 };
        const span = trace.beginTry('try', setup);
        if (trace.linesFor(span.spanId).length < 60) throw new Error('no traceparent');
        span.answered(200, 2);
        span.end();
        trace.finish(exchange, { status: 200, totalMs: 3, hasFailed: false });
      }
      if (written < 0) throw new Error('nothing was written');
    },
  };
}

export const tracing: readonly Benchmark[] = [
  traced('trace a request, not sampled', 0, headOf(FIELDS)),
  traced(
    'trace a request of a trace, not sampled',
    0,
    headOf([...FIELDS, 'traceparent', TRACEPARENT]),
  ),
  traced('trace a request, and write its two spans', 1, headOf(FIELDS)),
];
