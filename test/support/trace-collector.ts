/** A collector of traces: takes OTLP over HTTP, keeps what came, and answers as it is told. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly traceState?: string;
  readonly name: string;
  /** 2: of a request; 3: of what was done on its behalf. */
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code?: number };
  /** By their names. */
  readonly attributes: Readonly<Record<string, string | boolean>>;
}

interface Post {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly resource: Readonly<Record<string, string | boolean>>;
  readonly spans: readonly CollectedSpan[];
}

export interface Collector extends AsyncDisposable {
  readonly url: string;
  readonly posts: readonly Post[];
  /** Of all posts. */
  readonly spans: readonly CollectedSpan[];
  /** Of the requests. */
  readonly requests: readonly CollectedSpan[];
  /** Below a span, in the order in which they began. */
  below(span: CollectedSpan | undefined): readonly CollectedSpan[];
}

interface Written {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] };
    readonly scopeSpans: readonly {
      readonly spans: readonly (Omit<CollectedSpan, 'attributes'> & {
        readonly attributes: readonly KeyValue[];
      })[];
    }[];
  }[];
}

interface KeyValue {
  readonly key: string;
  readonly value: Readonly<Record<string, string | boolean>>;
}

/** @param answer what it does with the post of this number, from 0; by default it takes all */
export async function startCollector(
  answer: (response: ServerResponse, post: number) => void = (response) => response.end('{}'),
): Promise<Collector> {
  const posts: Post[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const written = JSON.parse(Buffer.concat(chunks).toString()) as Written;
      posts.push(...postsOf(request.url ?? '', request.headers, written));
      answer(response, posts.length - 1);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const spans = (): CollectedSpan[] => posts.flatMap((post) => post.spans);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posts,
    get spans() {
      return spans();
    },
    get requests() {
      return spans().filter(({ kind }) => kind === 2);
    },
    below: (span) =>
      spans()
        .filter(({ parentSpanId }) => span !== undefined && parentSpanId === span.spanId)
        .toSorted((a, b) => (a.startTimeUnixNano < b.startTimeUnixNano ? -1 : 1)),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

function postsOf(path: string, headers: IncomingHttpHeaders, { resourceSpans }: Written): Post[] {
  return resourceSpans.map(({ resource, scopeSpans }) => ({
    path,
    headers,
    resource: byName(resource.attributes),
    spans: scopeSpans.flatMap((scope) =>
      scope.spans.map((span) => ({ ...span, attributes: byName(span.attributes) })),
    ),
  }));
}

function byName(list: readonly KeyValue[]): Readonly<Record<string, string | boolean>> {
  return Object.fromEntries(list.map(({ key, value }) => [key, Object.values(value)[0] ?? '']));
}
