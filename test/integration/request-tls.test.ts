/** Backends over TLS: who is trusted, under which name, and what a failed handshake looks like. */
import { createHash, randomBytes } from 'node:crypto';
import net from 'node:net';
import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { accessLines } from '../support/access-lines.ts';
import { createAuthority, selfSigned } from '../support/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { valueOf } from '../support/http-message.ts';
import { metricTotal } from '../support/metric-totals.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { askOnce, GET, type RawPeer } from '../support/raw-peer.ts';
import { ok, scriptedBackend, type Script } from '../support/scripted-backend.ts';
import { pemFiles, startTlsBackend } from '../support/tls-backend.ts';
import { startWorker } from '../support/worker-harness.ts';

const authority = createAuthority();
const local = authority.issue({ names: ['localhost', '127.0.0.1'] });

describe('an https backend', () => {
  test('gets requests once its chain and its name are verified; it is asked for by name', async () => {
    using pem = pemFiles();
    await using backend = await startTlsBackend(authority.issue({ names: ['localhost'] }));
    const ca = pem.write('ca.pem', authority.cert);
    await using worker = await startWorker(
      poolYaml([`https://localhost:${backend.port}`], { tls: { ca } }),
    );

    const answer = await askOnce(worker.port, GET);

    expect([answer.status, answer.body.toString()]).toEqual([200, 'secure']);
    expect(backend.handshakes).toMatchObject([{ servername: 'localhost', protocol: 'http/1.1' }]);
  });

  test('that is an address is verified as one, and no name is asked for', async () => {
    using pem = pemFiles();
    await using backend = await startTlsBackend(authority.issue({ names: ['127.0.0.1'] }));
    const ca = pem.write('ca.pem', authority.cert);
    await using worker = await startWorker(poolYaml([backend.url], { tls: { ca } }));

    expect((await askOnce(worker.port, GET)).status).toBe(200);
    expect(backend.handshakes).toMatchObject([{ servername: false }]);
  });

  test('is asked for and verified under serverName where that is given, whatever Host says', async () => {
    using pem = pemFiles();
    await using backend = await startTlsBackend(authority.issue({ names: ['api.test'] }));
    const tls = { ca: pem.write('ca.pem', authority.cert), serverName: 'api.test' };
    await using worker = await startWorker(poolYaml([backend.url], { tls }));

    expect((await askOnce(worker.port, GET)).status).toBe(200);
    expect(backend.handshakes).toMatchObject([{ servername: 'api.test' }]);
  });

  test('may be anybody with verify: false', async () => {
    await using backend = await startTlsBackend(selfSigned(['elsewhere.test']));
    await using worker = await startWorker(poolYaml([backend.url], { tls: { verify: false } }));

    expect((await askOnce(worker.port, GET)).status).toBe(200);
  });

  test('is shown the client certificate', async () => {
    using pem = pemFiles();
    const client = authority.issue();
    await using backend = await startTlsBackend({
      ...local,
      ca: authority.cert,
      requestCert: true,
      rejectUnauthorized: true,
    });
    const tls = {
      ca: pem.write('ca.pem', authority.cert),
      cert: pem.write('client.pem', client.cert),
      key: pem.write('client.key', client.key),
    };
    await using worker = await startWorker(poolYaml([backend.url], { tls }));

    expect((await askOnce(worker.port, GET)).status).toBe(200);
    expect(backend.handshakes).toMatchObject([{ client: 'Test' }]);
  });

  test('keeps its connection for the next request', async () => {
    await using backend = await startTlsBackend(local);
    await using worker = await startWorker(poolYaml([backend.url], { tls: { verify: false } }));

    await askOnce(worker.port, GET);
    await askOnce(worker.port, GET);

    expect([backend.requests.length, backend.handshakes.length]).toEqual([2, 1]);
  });

  test('gets and gives large bodies unchanged', async () => {
    const body = randomBytes(3_000_000);
    const digest = createHash('sha256').update(body).digest('hex');
    await using backend = await startTlsBackend(local, (request, response) => {
      request.pipe(response);
    });
    await using worker = await startWorker(poolYaml([backend.url], { tls: { verify: false } }));

    const response = await fetch(worker.url, { method: 'POST', body });
    const echoed = Buffer.from(await response.arrayBuffer());

    expect(createHash('sha256').update(echoed).digest('hex')).toBe(digest);
  });
});

describe('502 tls_failed, and no byte of a request, for', () => {
  const rejecting = { requestCert: true, rejectUnauthorized: true, ca: authority.cert };
  const REFUSED = [
    ['an expired certificate', authority.issue({ names: ['127.0.0.1'], isExpired: true })],
    ['another name', authority.issue({ names: ['localhost', '127.0.0.2'] })],
    ['a self-signed certificate', selfSigned(['127.0.0.1'])],
    ['another authority', createAuthority('Other').issue({ names: ['127.0.0.1'] })],
  ] as const;

  test.each(REFUSED)('%s', async (_what, certificate) => {
    using pem = pemFiles();
    await using backend = await startTlsBackend(certificate);
    const ca = pem.write('ca.pem', authority.cert);
    await using log = await accessLines();
    await using worker = await startWorker(
      log.yaml + poolYaml([backend.url], { tls: { ca }, retries: { attempts: 0 } }),
    );

    const answer = await askOnce(worker.port, GET);
    const [line] = await log.atLeast(1);

    expect(answer.status).toBe(502);
    expect(valueOf(answer.fields, 'proxy-status')).toBe(
      'lb; error=tls_certificate_error; details="tls_failed"',
    );
    expect(line).toMatchObject({ status: 502, reason: 'tls_failed', connect_ms: null });
    expect(backend.requests).toEqual([]);
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'a client certificate that is wanted and not there, in %s',
    async (version) => {
      await using backend = await startTlsBackend({
        ...local,
        ...rejecting,
        minVersion: version,
        maxVersion: version,
      });
      await using worker = await startWorker(
        poolYaml([backend.url], { tls: { verify: false }, retries: { attempts: 0 } }),
      );

      const answer = await askOnce(worker.port, GET);

      expect(answer.status).toBe(502);
      expect(valueOf(answer.fields, 'proxy-status')).toContain('error=tls_alert_received');
      expect(backend.requests).toEqual([]);
    },
  );

  const hello = (peer: RawPeer): Promise<void> =>
    peer.until(({ bytes }) => bytes.length > 0, 'the begin of a handshake');
  const WITHOUT_TLS: readonly (readonly [what: string, script: Script])[] = [
    ['a backend that answers with HTTP', (peer) => hello(peer).then(() => peer.send(ok('plain')))],
    ['a connection closed in the handshake', (peer) => hello(peer).then(() => peer.end())],
    ['a connection reset in the handshake', (peer) => hello(peer).then(() => peer.reset())],
  ];
  test.each(WITHOUT_TLS)('%s', async (_what, script) => {
    await using backend = await scriptedBackend(script);
    await using worker = await startWorker(
      poolYaml([`https://127.0.0.1:${backend.port}`], { retries: { attempts: 0 } }),
    );

    const answer = await askOnce(worker.port, GET);

    expect(answer.status).toBe(502);
    expect(valueOf(answer.fields, 'proxy-status')).toBe(
      'lb; error=tls_protocol_error; details="tls_failed"',
    );
  });

  test('its backend leaves rotation like one that refuses connections, and is counted under tls', async () => {
    await using bad = await startTlsBackend(selfSigned(['127.0.0.1']));
    await using worker = await startWorker(poolYaml([bad.url], { retries: { attempts: 0 } }));

    await askOnce(worker.port, GET);
    const second = await askOnce(worker.port, GET);

    expect(second.status).toBe(503);
    expect(worker.messages).toContainEqual(
      expect.objectContaining({
        type: 'backend-failed',
        slot: 0,
        reason: 'self-signed certificate; set tls.ca',
      }),
    );
    await eventually(() =>
      expect(metricTotal(worker.messages, 'lb_backend_errors_total', 'tls')).toBe(1),
    );
  });
});

test('a request goes to another backend when TLS to the first fails', async () => {
  using pem = pemFiles();
  await using bad = await startTlsBackend(selfSigned(['127.0.0.1']));
  await using good = await startTlsBackend(local);
  const tls = { ca: pem.write('ca.pem', authority.cert) };
  await using worker = await startWorker(
    poolYaml([bad.url, good.url], { policy: 'round_robin', tls }),
  );

  const statuses = [
    (await askOnce(worker.port, GET)).status,
    (await askOnce(worker.port, GET)).status,
  ];

  expect(statuses).toEqual([200, 200]);
  await eventually(() =>
    expect(metricTotal(worker.messages, 'lb_retries_total', 'connect')).toBe(1),
  );
});

test('the handshake has to be done within timeouts.connect', async () => {
  const server = net.createServer((socket) => socket.on('error', () => undefined).resume());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  await using log = await accessLines();
  await using worker = await startWorker(
    log.yaml +
      poolYaml([`https://127.0.0.1:${port}`], {
        timeouts: { connect: '200ms' },
        retries: { attempts: 0 },
      }),
  );

  const answer = await askOnce(worker.port, GET);
  const [line] = await log.atLeast(1);

  expect(answer.status).toBe(502);
  expect(valueOf(answer.fields, 'proxy-status')).toContain('error=connection_timeout');
  expect(line).toMatchObject({ reason: 'connect_failed' });
  server.close();
});
