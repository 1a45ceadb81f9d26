/** nginx: its passive checks, for it has no others; a request that is not idempotent is not sent twice, as it is by default. */
import { peerRig } from './peer.ts';
import {
  CONNECT_TIMEOUT_MS,
  CONSECUTIVE_ERRORS,
  RESPONSE_TIMEOUT_MS,
  RETRIES,
  WORKERS,
} from './settings.ts';

export const nginx = peerRig({
  tool: 'nginx',
  args: (file, folder) => ['-c', file, '-p', folder],
  line: /^(\d+) (\d+) (.+)$/,
  // Every try is named, with commas between.
  triesOf: (addresses) => addresses.split(',').length,
  configure: ({ folder, host, port, backends, settings }, log) => {
    const max = settings.maxConnections === undefined ? '' : `max_conns=${settings.maxConnections}`;
    const servers = backends.map(
      (backend) => `server ${backend} max_fails=${CONSECUTIVE_ERRORS} fail_timeout=10s ${max};`,
    );
    // In a namespace only root is there, and nobody may own the folders of the system.
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (kind) => `${kind}_temp_path ${folder}/${kind};`,
    );
    return `daemon off; user root; worker_processes ${WORKERS}; error_log stderr crit; pid ${folder}/pid;
events { worker_connections 8192; }
http {
  log_format faults '$arg_id $status $upstream_addr';
  access_log ${log} faults;
  ${temporary.join(' ')}
  upstream pool { zone pool 256k; ${servers.join(' ')} keepalive 64; }
  server {
    listen ${host}:${port} backlog=4096; keepalive_requests 1000000000;
    location / {
      proxy_pass http://pool; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $host; proxy_buffers 8 32k; proxy_max_temp_file_size 0;
      proxy_connect_timeout ${CONNECT_TIMEOUT_MS}ms; proxy_read_timeout ${RESPONSE_TIMEOUT_MS}ms;
      proxy_next_upstream error timeout; proxy_next_upstream_tries ${1 + RETRIES};
    }
  }
}
`;
  },
});
