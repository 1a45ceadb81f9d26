/**
 * The http probe: one request over a connection of its own.
 *
 *     connect ─▶ head ─▶ status expected? ─▶ (body expected?) first 64 KiB of the body ─▶ close
 *
 * Redirects are not followed: a 302 is judged as a 302. The body is read only when a text is expected in it.
 */
import type { IncomingMessage, RequestOptions } from 'node:http';
import { defaultPort } from '@lb/shared/net/backend-url';
import { nodeHttp, nodeHttps } from '@lb/shared/net/node-modules';
import { BodySearch, statusMatches } from './expectation.ts';
import { failureText, runProbe, type Probe, type ProbeTarget, type Settle } from './probe.ts';

/** Asks for `healthCheck.path` and holds the answer against `healthCheck.expect`. */
export const probeHttp: Probe = (target, deadline) =>
  runProbe(deadline, (settle) => {
    const { tls } = target;
    const options = requestOptions(target);
    const request =
      tls === undefined
        ? nodeHttp().request(options)
        : nodeHttps().request({ ...options, ...tls.options });
    request.on('error', (error) => settle(false, failureText(error, tls?.section)));
    request.on('response', (response) => judge(response, target, settle));
    // 101 and CONNECT come with a bare socket: judged by the status alone.
    request.on('upgrade', (response, socket) => {
      socket.on('error', (error) => settle(false, failureText(error)));
      judgeStatus(response, target, settle);
      socket.destroy();
    });
    request.on('connect', (response, socket) => {
      socket.on('error', (error) => settle(false, failureText(error)));
      judgeStatus(response, target, settle);
      socket.destroy();
    });
    request.end();
    return () => request.destroy();
  });

function requestOptions({ address, healthCheck }: ProbeTarget): RequestOptions {
  const port = address.kind === 'tcp' ? (healthCheck.port ?? address.port) : undefined;
  const place =
    address.kind === 'unix' ? { socketPath: address.path } : { host: address.host, port };
  return {
    ...place,
    agent: false,
    method: healthCheck.method,
    path: healthCheck.path,
    headers: {
      Host: healthCheck.host ?? ownHost(address, port),
      'User-Agent': 'lbctl-health-check',
      Accept: '*/*',
      'Accept-Encoding': 'identity',
      Connection: 'close',
    },
  };
}

function ownHost(address: ProbeTarget['address'], port: number | undefined): string {
  if (address.kind === 'unix') return 'localhost';
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return port === defaultPort(address.isTls) ? host : `${host}:${port}`;
}

/** Settles by the status alone. */
function judgeStatus(response: IncomingMessage, target: ProbeTarget, settle: Settle): void {
  const status = response.statusCode ?? 0;
  settle(statusMatches(target.healthCheck.expect.status, status), `status ${status}`);
}

function judge(response: IncomingMessage, target: ProbeTarget, settle: Settle): void {
  const { body, status } = target.healthCheck.expect;
  const got = response.statusCode ?? 0;
  // From its birth: destroying the request makes the unread answer fail.
  response.on('error', (error) => settle(false, `answer was cut: ${failureText(error)}`));
  if (body === null || !statusMatches(status, got)) return judgeStatus(response, target, settle);
  const search = new BodySearch(body);
  const absent = `body does not contain ${JSON.stringify(body)}`;
  response.on('data', (chunk: Buffer) => {
    const verdict = search.add(chunk);
    if (verdict === 'found') settle(true, `status ${got}, body matches`);
    if (verdict === 'absent') settle(false, `${absent} in its first 64 KiB`);
  });
  response.on('end', () => settle(body === '', absent));
}
