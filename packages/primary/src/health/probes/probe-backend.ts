/** Picks the kind of probe a pool asks for. */
import { parseBackendUrl } from '@lb/shared/net/backend-url';
import { probeHttp } from './http.ts';
import type { HealthCheckConfig, ProbeDeadline, ProbeResult } from './probe.ts';
import { probeTcp } from './tcp.ts';

/** Probes the backend at `url` once. Never rejects; type `none` is not probed and must not come here. */
export async function probeBackend(
  url: string,
  healthCheck: HealthCheckConfig,
  deadline: ProbeDeadline,
): Promise<ProbeResult> {
  const address = parseBackendUrl(url);
  if (address === undefined) return { ok: false, ms: 0, detail: `not a backend URL: ${url}` };
  const probe = healthCheck.type === 'tcp' ? probeTcp : probeHttp;
  return probe({ address, healthCheck }, deadline);
}
