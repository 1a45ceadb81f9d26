/** Caddy on one CPU. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Contestant, USUAL_BACKENDS } from './contestant.ts';

export const caddy: Contestant = {
  name: 'caddy',
  needs: 'caddy',
  isNode: false,
  backends: USUAL_BACKENDS,
  command({ folder, port, backends, tool }) {
    const file = join(folder, 'Caddyfile');
    writeFileSync(
      file,
      `{
  admin off
  auto_https off
}
http://:${port} {
  bind 127.0.0.1
  reverse_proxy ${backends.join(' ')} {
    lb_policy round_robin
    transport http {
      keepalive_idle_conns_per_host 256
    }
  }
}
`,
    );
    return {
      file: tool,
      args: ['run', '--config', file, '--adapter', 'caddyfile'],
      env: { GOMAXPROCS: '1', XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder },
    };
  },
};
