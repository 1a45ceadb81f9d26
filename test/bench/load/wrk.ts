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
  const fields = load.returnsCookie ? [`Cookie: ${await cookieFrom(port, load)}`] : [];
  const output = await processes.run(LOAD_CPU, command(port, load, seconds, fields));
  const line = /^\{.*\}$/m.exec(output)?.[0];
  if (line === undefined) throw new Error(`wrk said:\n${output}`);
  return JSON.parse(line) as WrkReport;
}

async function cookieFrom(port: number, { path }: Load): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`);
  await answer.arrayBuffer();
  return answer.headers.getSetCookie()[0]?.split(';')[0] ?? ANY_COOKIE;
}

const ANY_COOKIE = `lb_web=${'x'.repeat(22)}`;

function command(port: number, load: Load, seconds: number, fields: readonly string[]): Command {
  const args = ['-t1', `-c${load.connections}`, `-d${seconds}s`, '--timeout', '10s', '-s', SCRIPT];
  if (load.closes) args.push('-H', 'Connection: close');
  for (const field of fields) args.push('-H', field);
  args.push(`http://127.0.0.1:${port}${load.path}`, '--', String(load.postBytes));
  return { file: 'wrk', args };
}
