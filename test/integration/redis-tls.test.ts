/** Redis over TLS: verified by the settings of store.tls, on every way to a server. */
import { afterAll, describe, expect, test } from '@jest/globals';
import { createAuthority, type Certificate } from '../support/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { OpenStore, settingsOf, slowBucket } from '../support/redis-store.ts';
import { pemFiles } from '../support/tls-backend.ts';

const TIMEOUT_MS = 1_000;

const authority = createAuthority();
const local = authority.issue({ names: ['127.0.0.1', 'redis.internal'] });
const files = pemFiles();
const paths = {
  ca: files.write('ca.pem', authority.cert),
  cert: files.write('redis.pem', local.cert),
  key: files.write('redis.key', local.key),
};
afterAll(() => files[Symbol.dispose]());

/** What a server is started with that speaks TLS on a port. */
function tlsArguments(port: number, clients: 'no' | 'yes' = 'no'): string[] {
  const settings = {
    'tls-port': String(port),
    'tls-auth-clients': clients,
    'tls-ca-cert-file': paths.ca,
    'tls-cert-file': paths.cert,
    'tls-key-file': paths.key,
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}

async function startTlsRedis(
  clients: 'no' | 'yes' = 'no',
): Promise<{ server: RedisServer; url: string } & AsyncDisposable> {
  const port = await freePort();
  const server = await startRedis({ args: tlsArguments(port, clients) });
  return {
    server,
    url: `rediss://127.0.0.1:${port}/0`,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** @param client its certificate; the authority is trusted where the section names a file */
function open(section: object, client?: Certificate): OpenStore {
  const contents = new Map([
    ['ca.pem', authority.cert],
    ['client.pem', client?.cert ?? ''],
    ['client.key', client?.key ?? ''],
  ]);
  return new OpenStore(settingsOf(section, contents), TIMEOUT_MS);
}

describe('Redis over TLS', () => {
  const trusting = { ca: 'ca.pem' };

  test('is spoken to where the certificate is good', async () => {
    await using redis = await startTlsRedis();
    await using opened = await open({ url: redis.url, tls: trusting }).up();
    expect((await opened.store.take([slowBucket('a', 1)], 1)).granted).toBe(1);
  });

  test('an authority that is not trusted is refused', async () => {
    await using redis = await startTlsRedis();
    await using opened = open({ url: redis.url });
    await expectError(
      opened,
      /^store\.url: certificate of an unknown authority.*set store\.tls\.ca$/,
    );
  });

  test('no authority is needed without verification', async () => {
    await using redis = await startTlsRedis();
    await using opened = await open({ url: redis.url, tls: { verify: false } }).up();
    expect(opened.store.isUp).toBe(true);
  });

  test('another name than that of the URL can be verified', async () => {
    await using redis = await startTlsRedis();
    const tls = { ...trusting, serverName: 'redis.internal' };
    await using opened = await open({ url: redis.url, tls }).up();
    expect(opened.store.isUp).toBe(true);
  });

  test('a certificate for another name is refused', async () => {
    await using redis = await startTlsRedis();
    await using opened = open({ url: redis.url, tls: { ...trusting, serverName: 'db.internal' } });
    await expectError(
      opened,
      /^store\.url: certificate is not for db\.internal.*store\.tls\.serverName$/,
    );
  });

  test('a client certificate opens where one is asked for', async () => {
    await using redis = await startTlsRedis('yes');
    const tls = { ...trusting, cert: 'client.pem', key: 'client.key' };
    await using opened = await open({ url: redis.url, tls }, authority.issue()).up();
    await using without = open({ url: redis.url, tls: trusting });
    await expectError(without, /^store\.url: Redis refused the client certificate/);
    expect(opened.store.isUp).toBe(true);
  });

  test('a server that refuses over and over harms nothing', async () => {
    await using redis = await startTlsRedis('yes');
    const stores = Array.from({ length: 10 }, () => open({ url: redis.url, tls: trusting }));
    for (const refused of stores)
      await eventually(() => expect(refused.log.changes).toHaveLength(1));
    await Promise.all(stores.map(({ store }) => store.close()));
  });

  test('a server without TLS is not spoken to in the clear', async () => {
    const port = await freePort();
    await using server = await startRedis({ port });
    await using opened = open({ url: `rediss://127.0.0.1:${port}`, tls: trusting });
    await eventually(() => expect(opened.log.changes).toHaveLength(1));
    expect(opened.store.error?.failure).toBe('unreachable');
    expect(await server.cli('client', 'list')).not.toContain('lbctl');
  });

  test('useTls makes every way to a server one over TLS', async () => {
    await using redis = await startTlsRedis();
    const url = redis.url.replace('rediss:', 'redis:');
    await using opened = await open({ url, useTls: true, tls: trusting }).up();
    expect(opened.store.isUp).toBe(true);
  });

  test('Sentinels, and the master that they know, are verified', async () => {
    await using redis = await startTlsRedis();
    const port = await freePort();
    const masterPort = new URL(redis.url).port;
    await using sentinel = await startRedis({
      sentinelConfig: `sentinel monitor lb 127.0.0.1 ${masterPort} 1\ntls-replication yes\n`,
      args: tlsArguments(port),
    });
    const section = { sentinels: [`127.0.0.1:${port}`], name: 'lb', useTls: true };
    await using opened = await open({ ...section, tls: trusting }).up();
    await using distrusting = open(section);
    await eventually(() => expect(distrusting.log.changes).toHaveLength(1));
    expect(distrusting.store.isUp).toBe(false);
    expect(opened.store.isUp).toBe(true);
    expect(await sentinel.cli('ping')).toBe('PONG');
  });

  test('the nodes of a Cluster are verified', async () => {
    const [port, busPort] = [await freePort(), await freePort()];
    const bus = ['--tls-cluster', 'yes', '--cluster-port', String(busPort)];
    const cluster = ['--cluster-enabled', 'yes', ...bus];
    await using server = await startRedis({
      // A node that never met another does not know its own address.
      args: [...tlsArguments(port), ...cluster, '--cluster-announce-ip', '127.0.0.1'],
    });
    await server.cli('cluster', 'addslotsrange', '0', '16383');
    await eventually(async () => {
      expect(await server.cli('cluster', 'info')).toContain('cluster_state:ok');
    });
    const section = { cluster: [`127.0.0.1:${port}`], useTls: true };
    await using opened = await open({ ...section, tls: trusting }).up();
    await using distrusting = open(section);
    await expectError(distrusting, /^store\.cluster: certificate of an unknown authority/);
    expect((await opened.store.take([slowBucket('a', 1)], 1)).granted).toBe(1);
  });
});

async function expectError(opened: OpenStore, message: RegExp): Promise<void> {
  await eventually(() => expect(opened.store.error?.message).toMatch(message));
}
