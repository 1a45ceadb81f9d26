/** nginx that keeps what its backends answer, in files that stay in the memory of the kernel. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Contestant, USUAL_BACKENDS } from './contestant.ts';

export const nginxCache: Contestant = {
  name: 'nginx proxy_cache',
  needs: 'nginx',
  isNode: false,
  backends: USUAL_BACKENDS,
  command({ folder, port, backends, tool }) {
    const file = join(folder, 'nginx.conf');
    const servers = backends.map((backend) => `server ${backend};`).join(' ');
    writeFileSync(
      file,
      `daemon off; master_process off; worker_processes 1; error_log stderr crit; pid ${file}.pid;
events { worker_connections 16384; }
http {
  access_log off; sendfile on; tcp_nopush on;
  open_file_cache max=100 inactive=1h; open_file_cache_valid 1h;
  proxy_cache_path ${join(folder, 'cache')} keys_zone=kept:1m max_size=64m;
  upstream pool { ${servers} keepalive 256; }
  server {
    listen 127.0.0.1:${port}; keepalive_requests 1000000000;
    location / {
      proxy_pass http://pool; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_cache kept; proxy_cache_lock on; add_header Age 0;
    }
  }
}
`,
    );
    return { file: tool, args: ['-c', file, '-p', folder] };
  },
};
