/** TLS from connection to connection: sessions that are resumed, settings that are changed. */
import { describe, expect, test } from '@jest/globals';
import { createAuthority } from '../support/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { askOnce, GET } from '../support/raw-peer.ts';
import { pemFiles, startTlsBackend } from '../support/tls-backend.ts';
import { startWorker } from '../support/worker-harness.ts';

const authority = createAuthority();
const local = authority.issue({ names: ['localhost', '127.0.0.1'] });

describe('a session', () => {
  const apart = { connections: { maxIdle: 0 } };

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'is resumed by the next connection, in %s',
    async (version) => {
      using pem = pemFiles();
      await using backend = await startTlsBackend({ ...local, maxVersion: version });
      const ca = pem.write('ca.pem', authority.cert);
      await using worker = await startWorker(poolYaml([backend.url], { ...apart, tls: { ca } }));

      for (let i = 0; i < 3; i++) expect((await askOnce(worker.port, GET)).status).toBe(200);

      expect(backend.handshakes.map(({ wasResumed }) => wasResumed)).toEqual([false, true, true]);
    },
  );

  // Node checks no name when a session is resumed (CVE-2026-48934).
  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'is not taken over by other settings: the name is verified anew, in %s',
    async (version) => {
      using pem = pemFiles();
      await using backend = await startTlsBackend({ ...local, maxVersion: version });
      const ca = pem.write('ca.pem', authority.cert);
      const yaml = (tls: object): string =>
        poolYaml([backend.url], { ...apart, retries: { attempts: 0 }, tls });
      await using worker = await startWorker(yaml({ verify: false }));
      await askOnce(worker.port, GET);
      await askOnce(worker.port, GET);

      worker.apply(yaml({ ca, serverName: 'other.test' }));
      const refused = await askOnce(worker.port, GET);
      worker.apply(yaml({ ca, serverName: 'localhost' }));
      const taken = await askOnce(worker.port, GET);

      expect([refused.status, taken.status]).toEqual([502, 200]);
      expect(backend.requests).toHaveLength(3);
    },
  );

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'of a backend that was refused is not resumed, in %s',
    async (version) => {
      using pem = pemFiles();
      const other = authority.issue({ names: ['other.test'] });
      await using backend = await startTlsBackend({ ...other, maxVersion: version });
      const ca = pem.write('ca.pem', authority.cert);
      await using worker = await startWorker(
        poolYaml([backend.url], { ...apart, retries: { attempts: 0 }, tls: { ca } }),
      );

      for (let i = 0; i < 3; i++) {
        worker.setState(0, 'up');
        expect((await askOnce(worker.port, GET)).status).toBe(502);
      }

      expect(backend.requests).toEqual([]);
      expect(backend.handshakes.some(({ wasResumed }) => wasResumed)).toBe(false);
    },
  );
});

describe('a reload that changes tls', () => {
  test('is obeyed by the next connection, and those of before are not used again', async () => {
    using pem = pemFiles();
    let answerNow: () => void = () => undefined;
    await using backend = await startTlsBackend(local, (request, response) => {
      if (request.url === '/slow') answerNow = () => response.end('late');
      else response.end('quick');
    });
    const ca = pem.write('ca.pem', createAuthority('Rotated').cert);
    await using worker = await startWorker(poolYaml([backend.url], { tls: { verify: false } }));
    await askOnce(worker.port, GET);
    const slow = fetch(`${worker.url}/slow`);
    await eventually(() => expect(backend.requests).toContain('/slow'));

    worker.apply(poolYaml([backend.url], { tls: { ca }, retries: { attempts: 0 } }));
    answerNow();
    const text = await (await slow).text();
    const next = await askOnce(worker.port, GET);

    expect(text).toBe('late');
    expect(next.status).toBe(502);
    expect(backend.requests).toHaveLength(2);
  });

  test('of another pool leaves connections alone', async () => {
    await using backend = await startTlsBackend(local);
    const yaml = (path: string): string =>
      poolYaml([backend.url], { tls: { verify: false }, healthCheck: { path } });
    await using worker = await startWorker(yaml('/one'));
    await askOnce(worker.port, GET);

    worker.apply(yaml('/two'));
    await askOnce(worker.port, GET);

    expect(backend.handshakes).toHaveLength(1);
  });
});
