/** Tunnels to backends over TLS. */
import { randomBytes } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { createAuthority, selfSigned } from '../support/certificates.ts';
import { valueOf } from '../support/http-message.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { askOnce, connectRaw } from '../support/raw-peer.ts';
import { pemFiles, startTlsBackend } from '../support/tls-backend.ts';
import { startWorker } from '../support/worker-harness.ts';

const UPGRADE = 'GET /t HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n';

const authority = createAuthority();

test('a tunnel carries bytes both ways, up to the end of either half', async () => {
  using pem = pemFiles();
  await using backend = await startTlsBackend(authority.issue({ names: ['127.0.0.1'] }));
  const tls = { ca: pem.write('ca.pem', authority.cert) };
  await using worker = await startWorker(poolYaml([backend.url], { tls }));
  using client = await connectRaw(worker.port);
  const bytes = randomBytes(300_000);

  client.send(UPGRADE);
  const head = await client.takeHead();
  client.end(bytes);
  await client.untilEnded();

  expect(head).toMatch(/^HTTP\/1\.1 101 /);
  expect(client.bytes.equals(bytes)).toBe(true);
});

test('a tunnel is not opened to a backend that cannot be verified: 502, and no request goes there', async () => {
  await using backend = await startTlsBackend(selfSigned(['127.0.0.1']));
  await using worker = await startWorker(poolYaml([backend.url], { retries: { attempts: 0 } }));

  const answer = await askOnce(worker.port, UPGRADE);

  expect(answer.status).toBe(502);
  expect(valueOf(answer.fields, 'proxy-status')).toContain('error=tls_certificate_error');
  expect(backend.requests).toEqual([]);
});

test('a tunnel outlives a reload that changes tls', async () => {
  await using backend = await startTlsBackend(authority.issue({ names: ['127.0.0.1'] }));
  await using worker = await startWorker(poolYaml([backend.url], { tls: { verify: false } }));
  using client = await connectRaw(worker.port);
  client.send(UPGRADE);
  await client.takeHead();

  worker.apply(poolYaml([backend.url]));
  client.send('still here');
  await client.untilText('still here');

  expect((await askOnce(worker.port, UPGRADE)).status).toBe(502);
});
