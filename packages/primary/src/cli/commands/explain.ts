/** `lbctl explain`: what would become of a request, step by step, or what became of one. */
import type { ErrorReply } from '@lb/shared/admin-api/contract';
import { AdminRefused } from '@lb/shared/admin-api/client';
import type {
  ExplainedPool,
  ExplainReply,
  ExplainRequest,
  PastRequestReply,
} from '@lb/shared/admin-api/explain';
import { EXIT } from '../exit-codes.ts';
import { milliseconds } from '../numbers.ts';
import type { Output } from '../output.ts';
import { formatTable } from '../table.ts';
import { withInstance, type ClientCall } from './client.ts';

/** Explains a request that might come; exit code 2 when it makes no sense. */
export function explain(call: ClientCall, request: ExplainRequest): Promise<number> {
  const { output, options } = call;
  return withInstance(call, async (client) => {
    try {
      const { body } = await client.post<ExplainReply>('/api/v1/explain', request);
      if (options.json === true) output.json(body);
      else for (const line of explainLines(body, output)) output.data(line);
      return EXIT.ok;
    } catch (error) {
      if (!(error instanceof AdminRefused) || error.status !== 400) throw error;
      output.error((error.body as ErrorReply).error);
      return EXIT.usage;
    }
  });
}

/** Tells what is kept of a request that came. */
export function explainPast(call: ClientCall, id: string): Promise<number> {
  const { output, options } = call;
  return withInstance(call, async (client) => {
    const request = await client.get<PastRequestReply>(
      `/api/v1/requests/${encodeURIComponent(id)}`,
    );
    if (options.json === true) output.json(request);
    else for (const line of pastLines(request)) output.data(line);
    return EXIT.ok;
  });
}

/** The reply for people. */
export function explainLines(reply: ExplainReply, output: Pick<Output, 'paint'>): string[] {
  const { request, client, routes, stages, pool, outcome } = reply;
  const { method, host, path, query } = request;
  const route = routes.map(({ name, isMatch, because }) => [isMatch ? '*' : '-', name, because]);
  return [
    `request  ${method} ${host === '' ? '(no host)' : host}${path}${query}`,
    `client   ${client.address}  ${client.because}`,
    ...section('routes', indented(route)),
    ...section(
      'stages',
      indented(stages.map(({ name, verdict, because }) => [MARKS[verdict], name, because])),
    ),
    ...(pool === null ? [] : poolLines(pool)),
    '',
  ]
    .map(printable)
    .concat(output.paint(printable(`outcome  ${outcome}`), 'bold'));
}

const MARKS = { pass: '*', refuse: '-', answer: '=', unknown: '?' } as const;

function poolLines({ name, because, policy, candidates, pick, retry }: ExplainedPool): string[] {
  const table = formatTable(
    [
      { title: '' },
      { title: 'BACKEND' },
      { title: 'STATE' },
      { title: 'WEIGHT', align: 'right' },
      { title: 'IN FLIGHT', align: 'right' },
      { title: 'LATENCY', align: 'right' },
      { title: 'SCORE', align: 'right' },
      { title: 'WHY NOT' },
    ],
    candidates.map((each) => [
      each.name === pick.backend ? '*' : each.mayTakeIt ? ' ' : '-',
      each.name,
      each.breaker === null || each.breaker === 'closed'
        ? each.state
        : `${each.state} (${each.breaker})`,
      `${each.weight}`,
      `${each.inFlight}`,
      milliseconds(each.latencyMs),
      each.score === null ? '-' : each.score.toFixed(2),
      each.because,
    ]),
  );
  return [
    '',
    `pool     ${name}  ${because}, policy ${policy}`,
    ...table.map((line) => `  ${line}`.trimEnd()),
    `pick     ${pick.backend ?? 'none'}  ${pick.because}`,
    ...retry.map((line, index) => `${index === 0 ? 'retry    ' : '         '}${line}`),
  ];
}

/** The same of a request that came. */
export function pastLines(request: PastRequestReply): string[] {
  const { id, at, method, host, path, client, listener, route, pool } = request;
  const { backend, tried, tries, status, reason, kept, worker, traceId } = request;
  const target = pool === null ? 'none' : `${pool}/${backend ?? 'none'}`;
  const before = tried.length === 0 ? '' : `, after ${tried.join(', ')}`;
  return [
    `request  ${id}  ${at}  kept as ${kept === 'error' ? 'an error' : 'a slow one'} by worker ${worker}`,
    `         ${method} ${host}${path}  from ${client} on ${listener}`,
    `route    ${route ?? 'none'}`,
    `backend  ${target}  ${tries} ${tries === 1 ? 'try' : 'tries'}${before}`,
    `answer   ${status}${reason === null ? '' : `  ${reason}`}`,
    `time     ${milliseconds(request.totalMs)} in all, ${milliseconds(request.ttfbMs)} to the head of the answer, ${milliseconds(request.upstreamMs)} waiting for backends, ${milliseconds(request.connectMs)} to connect`,
    ...(traceId === null ? [] : [`trace    ${traceId}`]),
  ].map(printable);
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', title, ...lines];
}

function indented(rows: readonly (readonly string[])[]): string[] {
  const columns = [{ title: '' }, { title: '' }, { title: '' }];
  return formatTable(columns, rows)
    .slice(1)
    .map((line) => `  ${line}`);
}

/** A request may hold anything: only text reaches the terminal (CWE-150). */
function printable(line: string): string {
  return line.replaceAll(/\p{C}/gu, '');
}
