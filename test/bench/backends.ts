/**
 * The backends: one nginx with one process, which plays a thousand servers by listening on as many addresses of the
 * loopback network. Each of them answers
 *
 *     GET  /       110 bytes
 *     GET  /10k    10 KiB, a file
 *     GET  /1m     1 MiB, a file
 *     GET  /cached/1k, /cached/100k: files that may be kept
 *     POST /post   110 bytes, when the whole body has arrived
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from './processes.ts';

/** As many as a scenario may ask for. */
const BACKENDS = 1_000;

/** What `/` and `/post` answer. */
export const SMALL_BYTES = 110;

/** host:port of the first backends. @param count at most 1000 */
export function backendAddresses(port: number, count: number): string[] {
  if (count > BACKENDS) throw new RangeError(`there are ${BACKENDS} backends, not ${count}`);
  return Array.from({ length: count }, (_, i) => `127.0.${1 + (i >> 8)}.${i & 255}:${port}`);
}

/** Writes configuration and files into the folder. */
export function backendsCommand(nginx: string, folder: string, port: number): Command {
  const www = join(folder, 'www');
  mkdirSync(join(www, 'cached'), { recursive: true });
  writeFileSync(join(www, '10k'), 'x'.repeat(10 * 1024));
  writeFileSync(join(www, 'cached', '1k'), 'x'.repeat(1024));
  writeFileSync(join(www, 'cached', '100k'), 'x'.repeat(100 * 1024));
  writeFileSync(join(www, '1m'), 'x'.repeat(1024 * 1024));
  const [first = ''] = backendAddresses(port, 1);
  const listens = backendAddresses(port, BACKENDS).map((address) => `listen ${address};`);
  const small = `return 200 "${'x'.repeat(SMALL_BYTES)}";`;
  const file = join(folder, 'backends.conf');
  writeFileSync(
    file,
    `daemon off; master_process off; worker_processes 1; error_log stderr crit; pid ${file}.pid;
events { worker_connections 16384; }
http {
  access_log off; sendfile on; tcp_nopush on; default_type text/plain;
  open_file_cache max=10 inactive=1h; open_file_cache_valid 1h;
  client_body_buffer_size 256k; keepalive_requests 1000000000;
  upstream itself { server ${first}; keepalive 256; }
  server {
    ${listens.join(' ')}
    root ${www};
    location = / { ${small} }
    location /cached { add_header Cache-Control "max-age=3600"; }
    # "return" would answer before the body is there; a proxied request waits for it.
    location = /post {
      proxy_pass http://itself/; proxy_http_version 1.1; proxy_method GET; proxy_pass_request_body off;
      proxy_set_header Connection ""; proxy_set_header Content-Length "";
    }
  }
}
`,
  );
  return { file: nginx, args: ['-c', file, '-p', folder] };
}
