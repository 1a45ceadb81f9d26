/** Picks the kind of probe a pool asks for. */
import { probeHttp } from './http.ts';
import type { Probe } from './probe.ts';
import { probeTcp } from './tcp.ts';

/** Probes a backend once. Never rejects; type `none` is not probed and must not come here. */
export const probeBackend: Probe = (target, deadline) =>
  target.healthCheck.type === 'tcp' ? probeTcp(target, deadline) : probeHttp(target, deadline);
