/** What every kind of probe takes and gives, and the words for what went wrong. */
import type { ConnectionOptions } from 'node:tls';
import type { PoolConfig } from '@lb/shared/config/schema/root';
import { formatDuration } from '@lb/shared/config/units';
import { tlsFailureOf } from '@lb/shared/net/tls-failure';
import type { BackendAddress } from '@lb/shared/net/backend-url';
import type { Clock } from '@lb/shared/time/clock';

/** The healthCheck section of a pool. */
export type HealthCheckConfig = PoolConfig['healthCheck'];

/** What is probed. */
export interface ProbeTarget {
  readonly address: BackendAddress;
  readonly healthCheck: HealthCheckConfig;
  /** Of an https backend. */
  readonly tls?: ProbeTls;
}

/** How https backends are probed: as traffic reaches them, whatever Host the probe names. */
export interface ProbeTls {
  readonly options: ConnectionOptions;
  /** Where the settings stand, for what people read: `pools.web.tls`. */
  readonly section: string;
}

/** How long a probe may take: connecting, head and body together. */
export interface ProbeDeadline {
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** Ends the probe early; its result is then a failure that nobody waits for. */
  readonly signal?: AbortSignal;
}

/** What came of it. `detail` is for people: `status 200`, `connection refused`, `timeout after 2s`. */
export interface ProbeResult {
  readonly ok: boolean;
  readonly ms: number;
  readonly detail: string;
}

/** One probe over a connection of its own, which is closed before the promise settles. Never rejects. */
export type Probe = (target: ProbeTarget, deadline: ProbeDeadline) => Promise<ProbeResult>;

/** Says how a probe ended; only the first call counts. */
export type Settle = (ok: boolean, detail: string) => void;

/**
 * Runs one probe: `begin` starts it, calls the Settle it is given, and returns what closes its connection. Deadline,
 * abort and measuring are the same for all kinds.
 */
export function runProbe(
  deadline: ProbeDeadline,
  begin: (settle: Settle) => () => void,
): Promise<ProbeResult> {
  const { timeoutMs, clock, signal } = deadline;
  const startedAt = clock.monotonicMs();
  return new Promise((resolve) => {
    let close: (() => void) | undefined;
    let settled = false;
    const settle: Settle = (ok, detail) => {
      if (settled) return;
      settled = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', abandon);
      close?.();
      resolve({ ok, ms: Math.max(0, clock.monotonicMs() - startedAt), detail });
    };
    const abandon = (): void => settle(false, 'abandoned');
    const timer = setTimeout(
      () => settle(false, `timeout after ${formatDuration(timeoutMs)}`),
      timeoutMs,
    );
    signal?.addEventListener('abort', abandon);
    if (signal?.aborted === true) return abandon();
    try {
      close = begin(settle);
    } catch (error) {
      settle(false, failureText(error));
    }
    if (settled) close?.();
  });
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  ETIMEDOUT: 'no answer to the connection attempt',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'network unreachable',
  ENOTFOUND: 'host name not found',
  EAI_AGAIN: 'name server did not answer',
  ENOENT: 'socket does not exist',
  EACCES: 'permission denied',
  EMFILE: 'out of file descriptors',
  ENFILE: 'out of file descriptors',
  EADDRNOTAVAIL: 'no local port left',
  HPE_HEADER_OVERFLOW: 'head of the answer is too large',
};

/** An error of the system, the parser or TLS in words. @param section where TLS settings stand */
export function failureText(error: unknown, section?: string): string {
  const { code = '', message = '' } = (error ?? {}) as { code?: string; message?: string };
  if (code === 'ECONNRESET' && message === 'socket hang up')
    return 'connection closed without an answer';
  const words = tlsFailureOf(error, section)?.text ?? WORDS[code];
  if (words !== undefined) return words;
  if (code.startsWith('HPE_')) return 'the answer is not HTTP';
  return message || code || String(error);
}
