/** As many requests as a contestant takes, by wrk. */
import { fileURLToPath } from 'node:url';
import { type Command, LOAD_CPU, type Processes } from '../processes.ts';
import type { Load } from './load.ts';

/** What wrk.lua prints. */
export interface WrkReport {
  readonly requests: number;
  readonly microseconds: number;
  readonly bytes: number;
  readonly badStatus: number;
  readonly socketErrors: number;
}

/** How much was answered. */
export interface Answered {
  readonly requests: number;
  readonly requestsPerSecond: number;
}

const SCRIPT = fileURLToPath(new URL('wrk.lua', import.meta.url));

/** @throws Error when a single request failed: figures of a program that refuses work mean nothing */
export async function saturate(
  processes: Processes,
  port: number,
  load: Load,
  seconds: number,
): Promise<Answered> {
  const { requests, microseconds, bytes, badStatus, socketErrors } = await attempt(
    processes,
    port,
    load,
    seconds,
  );
  const isShort = bytes < requests * load.answerBytes;
  if (badStatus > 0 || socketErrors > 0 || requests === 0 || isShort)
    throw new Error(
      `requests failed: ${JSON.stringify({ requests, bytes, badStatus, socketErrors })}`,
    );
  return { requests, requestsPerSecond: (requests / microseconds) * 1e6 };
}

/** The same, where some are meant to fail. */
export async function attempt(
  processes: Processes,
  port: number,
  load: Load,
  seconds: number,
): Promise<WrkReport> {
  const fields = await fieldsFor(port, load);
  const output = await processes.run(LOAD_CPU, command(port, load, seconds, fields));
  const line = /^\{.*\}$/m.exec(output)?.[0];
  if (line === undefined) throw new Error(`wrk said:\n${output}`);
  return JSON.parse(line) as WrkReport;
}

/** By what a first answer says. */
async function fieldsFor(
  port: number,
  { path, returnsCookie, revalidates }: Load,
): Promise<readonly string[]> {
  if (!returnsCookie && !revalidates) return [];
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  await answer.arrayBuffer();
  const { headers } = answer;
  if (returnsCookie) return [`Cookie: ${headers.getSetCookie()[0]?.split(';')[0] ?? ANY_COOKIE}`];
  const etag = headers.get('etag');
  if (etag === null) throw new Error(`there is no ETag in the answer to ${path}`);
  const again = await fetch(`http://127.0.0.1:${port}${path}`, {
    headers: { 'If-None-Match': etag },
  });
  if (again.status !== 304) throw new Error(`${path} is not confirmed: ${again.status}`);
  return [`If-None-Match: ${etag}`];
}

const ANY_COOKIE = `lb_web=${'x'.repeat(22)}`;

function command(port: number, load: Load, seconds: number, fields: readonly string[]): Command {
  const args = ['-t1', `-c${load.connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', SCRIPT];
  if (load.closes) args.push('-H', 'Connection: close');
  for (const field of fields) args.push('-H', field);
  args.push(`http://127.0.0.1:${port}${load.path}`, '--', String(load.postBytes));
  return { file: 'wrk', args };
}
