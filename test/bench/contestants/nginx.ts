/** nginx with one process; bodies are streamed, as the others do it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Contestant, USUAL_BACKENDS } from './contestant.ts';

export const nginx: Contestant = {
  name: 'nginx',
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
  access_log off;
  upstream pool { ${servers} keepalive 256; }
  server {
    listen 127.0.0.1:${port}; keepalive_requests 1000000000;
    location / {
      proxy_pass http://pool; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_request_buffering off; proxy_buffers 8 32k; proxy_max_temp_file_size 0;
    }
  }
}
`,
    );
    return { file: tool, args: ['-c', file, '-p', folder] };
  },
};
