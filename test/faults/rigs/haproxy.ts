/** HAProxy: probes and `observe layer7`; with retries for what is idempotent, which it would not tell apart by itself. */
import { peerRig } from './peer.ts';
import {
  CONNECT_TIMEOUT_MS,
  CONSECUTIVE_ERRORS,
  PROBE_FALL,
  PROBE_INTERVAL_MS,
  PROBE_RISE,
  PROBE_TIMEOUT_MS,
  QUEUE_TIMEOUT_MS,
  RESPONSE_TIMEOUT_MS,
  RETRIES,
  WORKERS,
} from './settings.ts';

export const haproxy = peerRig({
  tool: 'haproxy',
  args: (file) => ['-db', '-f', file],
  line: /^(\d+) (\d+) (.+)$/,
  // Retries, with a + where the last went to another server.
  triesOf: (retries) => 1 + Number(retries),
  configure: ({ host, port, backends, settings }) => {
    const max = settings.maxConnections === undefined ? '' : `maxconn ${settings.maxConnections}`;
    const servers = backends.map((backend, i) => `  server backend-${i} ${backend} ${max}`);
    return `global
  nbthread ${WORKERS}
  maxconn 12000
  no strict-limits
  log stdout format raw local0
defaults
  mode http
  timeout connect ${CONNECT_TIMEOUT_MS}ms
  timeout client 75s
  timeout server ${RESPONSE_TIMEOUT_MS}ms
  timeout queue ${QUEUE_TIMEOUT_MS}ms
  timeout check ${PROBE_TIMEOUT_MS}ms
  http-reuse always
  retries ${RETRIES}
  option redispatch 1
  retry-on conn-failure empty-response response-timeout junk-response
  log global
  log-format "%[var(txn.id)] %ST %rc"
frontend web
  bind ${host}:${port}
  http-request set-var(txn.id) url_param(id)
  http-request disable-l7-retry if METH_POST
  default_backend pool
backend pool
  balance roundrobin
  option httpchk GET /health
  default-server check inter ${PROBE_INTERVAL_MS}ms fall ${PROBE_FALL} rise ${PROBE_RISE}
  default-server observe layer7 error-limit ${CONSECUTIVE_ERRORS} on-error mark-down
${servers.join('\n')}
`;
  },
});
