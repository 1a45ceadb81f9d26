/** Probes of backends over TLS: they see what traffic would meet, and say what to do about it. */
import { describe, expect, test } from '@jest/globals';
import { probeBackend } from '@lb/primary/internal/health/probes/probe-backend';
import { probeTarget } from '@lb/primary/internal/health/probes/probe-target';
import { probeTls } from '@lb/primary/internal/health/probes/tls';
import type { ProbeResult } from '@lb/primary/internal/health/probes/probe';
import { pool as poolSchema } from '@lb/shared/config/schema/pool';
import type { BackendTlsSettings } from '@lb/shared/model/backend-tls';
import { ClientContexts } from '@lb/shared/net/client-tls';
import { systemClock } from '@lb/shared/time/clock';
import { createAuthority, selfSigned } from '../support/certificates.ts';
import { DEFAULT_TLS } from '../support/default-tls.ts';
import { scriptedBackend } from '../support/scripted-backend.ts';
import { startTlsBackend } from '../support/tls-backend.ts';

const authority = createAuthority();
const local = authority.issue({ names: ['127.0.0.1', 'localhost'] });
const trusting = { caPem: authority.cert };

function probe(
  url: string,
  tls: Partial<BackendTlsSettings>,
  healthCheck: object = {},
  kind = probeBackend,
): Promise<ProbeResult> {
  const parsed = poolSchema.parse({ backends: [url], healthCheck });
  const pool = { name: 'web', healthCheck: parsed.healthCheck, tls: { ...DEFAULT_TLS, ...tls } };
  const target = probeTarget(pool, url, new ClientContexts());
  return kind(target, { timeoutMs: 2_000, clock: systemClock });
}

describe('an http probe of an https backend', () => {
  test('passes when chain and name are verified; its Host is not the name that is verified', async () => {
    const hosts: (string | undefined)[] = [];
    await using backend = await startTlsBackend(local, (request, response) => {
      hosts.push(request.headers.host);
      response.end();
    });

    const results = [
      await probe(backend.url, trusting),
      await probe(`https://localhost:${backend.port}`, trusting, { host: 'health.test' }),
    ];

    expect(results).toMatchObject([{ detail: 'status 200' }, { ok: true }]);
    expect(hosts).toEqual([`127.0.0.1:${backend.port}`, 'health.test']);
    expect(backend.handshakes).toMatchObject([
      { servername: false, wasResumed: false },
      { servername: 'localhost', wasResumed: false },
    ]);
  });

  test.each([
    [
      'expired',
      authority.issue({ names: ['127.0.0.1'], isExpired: true }),
      'certificate has expired',
    ],
    ['self-signed', selfSigned(['127.0.0.1']), 'self-signed certificate; set pools.web.tls.ca'],
    [
      'for another name',
      authority.issue({ names: ['api.test'] }),
      'certificate is not for 127.0.0.1 but for DNS:api.test; set pools.web.tls.serverName',
    ],
    [
      'from another authority',
      createAuthority('Other').issue({ names: ['127.0.0.1'] }),
      'certificate of an unknown authority, or sent without its chain; set pools.web.tls.ca',
    ],
  ])('fails when the certificate is %s', async (_what, certificate, detail) => {
    await using backend = await startTlsBackend(certificate);

    expect(await probe(backend.url, trusting)).toMatchObject({ ok: false, detail });
    expect(backend.requests).toEqual([]);
  });

  test('asks under serverName, shows the client certificate, and does neither check with verify: false', async () => {
    const client = authority.issue();
    await using strict = await startTlsBackend({
      ...authority.issue({ names: ['api.test'] }),
      ca: authority.cert,
      requestCert: true,
      rejectUnauthorized: true,
    });
    await using odd = await startTlsBackend(selfSigned([]));

    const shown = { certPem: client.cert, keyPem: client.key, serverName: 'api.test' };

    expect(await probe(strict.url, { ...trusting, ...shown })).toMatchObject({ ok: true });
    expect(await probe(strict.url, { ...trusting, serverName: 'api.test' })).toMatchObject({
      ok: false,
      detail:
        'the backend refused the client certificate (certificate required); see pools.web.tls.cert and pools.web.tls.key',
    });
    expect(await probe(odd.url, { verify: false })).toMatchObject({ ok: true });
  });

  test('says so when there is no TLS behind the port', async () => {
    await using backend = await scriptedBackend(async (peer) => {
      await peer.until(({ bytes }) => bytes.length > 0, 'the begin of a handshake');
      peer.send('HTTP/1.1 400 Bad Request\r\n\r\n');
    });

    expect(await probe(`https://127.0.0.1:${backend.port}`, {})).toMatchObject({
      ok: false,
      detail: 'the backend does not speak TLS on this port',
    });
  });
});

test('a tcp probe of an https backend only connects', async () => {
  await using backend = await startTlsBackend(selfSigned([]));

  expect(await probe(backend.url, {}, { type: 'tcp' })).toMatchObject({ detail: 'connected' });
});

test('the probe of lbctl check shakes hands and sends nothing', async () => {
  await using backend = await startTlsBackend(local);

  const results = [
    await probe(backend.url, trusting, {}, probeTls),
    await probe(backend.url, {}, {}, probeTls),
  ];

  expect(results).toMatchObject([
    { ok: true, detail: 'connected, TLSv1.3' },
    { ok: false, detail: expect.stringContaining('set pools.web.tls.ca') },
  ]);
  expect(backend.requests).toEqual([]);
});
