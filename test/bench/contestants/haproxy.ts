/** HAProxy with one thread. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Contestant, USUAL_BACKENDS } from './contestant.ts';

export const haproxy: Contestant = {
  name: 'haproxy',
  needs: 'haproxy',
  isNode: false,
  backends: USUAL_BACKENDS,
  command({ folder, port, backends, tool }) {
    const file = join(folder, 'haproxy.cfg');
    const servers = backends.map((backend, i) => `  server backend-${i} ${backend}`).join('\n');
    // Without strict limits: it would refuse to start where two files for each connection are more than it may open.
    writeFileSync(
      file,
      `global
  nbthread 1
  maxconn 12000
  no strict-limits
defaults
  mode http
  timeout connect 5s
  timeout client 75s
  timeout server 60s
  http-reuse always
  option forwardfor
frontend web
  bind 127.0.0.1:${port}
  default_backend pool
backend pool
  balance roundrobin
${servers}
`,
    );
    return { file: tool, args: ['-db', '-f', file] };
  },
};
