import { createPrivateKey } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { backendTlsSettings } from '@lb/shared/model/backend-tls';
import { parseBackendUrl } from '@lb/shared/net/backend-url';
import { ClientContexts, clientTlsOptions } from '@lb/shared/net/client-tls';
import { createAuthority } from '../support/certificates.ts';
import { DEFAULT_TLS } from '../support/default-tls.ts';
import { brief, configOf, errorsOf, parse, warningsOf } from '../support/config-text.ts';

const authority = createAuthority();
const client = authority.issue();
const other = authority.issue();
const files = {
  'ca.pem': authority.cert,
  'client.pem': client.cert,
  'client.key': client.key,
  'other.key': other.key,
  'both.pem': `${client.cert}${client.key}`,
  'not.pem': 'hello',
  'cut.pem': authority.cert.replace(/\n[A-Za-z0-9+/]{64}\n/, '\n'),
  'locked.key': createPrivateKey(client.key)
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
    .toString(),
};

function text(tls: string, url = 'https://a.test'): string {
  return `listeners: [{ bind: ":8080" }]
pools:
  web:
    backends: [${url}]
    tls: ${tls}
`;
}

const mistakes = (tls: string): string[] => errorsOf(text(tls), { files }).map(brief);

describe('tls of a pool', () => {
  test('verifies by the names of the URLs and the authorities of the system by default', () => {
    const config = configOf(
      'listeners: [{ bind: ":8080" }]\npools: { web: { backends: [https://a] } }',
    );
    expect(config.pools['web']?.tls).toEqual({
      verify: true,
      ca: null,
      serverName: null,
      cert: null,
      key: null,
    });
  });

  test('comes with what its files hold, beside the configuration and not in it', () => {
    const parsed = parse(text('{ ca: ca.pem, cert: client.pem, key: client.key }'), { files });
    if (!parsed.ok) throw new Error('expected no mistakes');
    const tls = parsed.config.pools['web']?.tls;
    if (tls === undefined) throw new Error('expected a pool');

    expect(backendTlsSettings(tls, parsed.files)).toEqual({
      verify: true,
      serverName: null,
      caPem: authority.cert,
      certPem: client.cert,
      keyPem: client.key,
    });
    expect(JSON.stringify(parsed.config)).not.toContain('BEGIN');
  });

  test('takes a certificate and its key from one file', () => {
    expect(mistakes('{ cert: both.pem, key: both.pem }')).toEqual([]);
  });

  test.each([
    ['{ ca: none.pem }', '5:16 pools.web.tls.ca: cannot read the file "none.pem" (no such file)'],
    ['{ ca: not.pem }', '5:16 pools.web.tls.ca: no certificate in this file'],
    ['{ ca: cut.pem }', '5:16 pools.web.tls.ca: certificate 1 of this file is damaged'],
    [
      '{ cert: client.pem }',
      '5:12 pools.web.tls.cert: a client certificate is "cert" and "key": "key" is missing',
    ],
    [
      '{ key: client.key }',
      '5:12 pools.web.tls.key: a client certificate is "cert" and "key": "cert" is missing',
    ],
    ['{ cert: client.pem, key: not.pem }', '5:35 pools.web.tls.key: no private key in this file'],
    ['{ cert: client.pem, key: locked.key }', '5:35 pools.web.tls.key: the key has a passphrase'],
    [
      '{ cert: client.pem, key: other.key }',
      '5:35 pools.web.tls.key: this key does not belong to the certificate of "cert"',
    ],
    [
      '{ serverName: "a b" }',
      '5:24 pools.web.tls.serverName: expected a host name such as "api.internal", or an IP address',
    ],
    ['{ verify: no }', '5:20 pools.web.tls.verify: expected true or false, found text'],
  ])('%s is refused', (tls, mistake) => {
    expect(mistakes(tls)).toEqual([mistake]);
  });

  test('reports what is wrong with several files at once', () => {
    expect(mistakes('{ ca: none.pem, cert: not.pem, key: other.key }')).toHaveLength(2);
  });

  test('warns once where nothing is verified, by the name of the pool', () => {
    expect(warningsOf(text('{ verify: false }')).map(brief)).toEqual([
      '5:20 pools.web.tls.verify: the certificates of pool web are not verified: anybody on the way can read and change its traffic',
    ]);
  });

  test('warns where no backend speaks TLS', () => {
    expect(warningsOf(text('{ verify: false }', 'http://a.test')).map(brief)).toEqual([
      '5:5 pools.web.tls: no backend of this pool has an https URL: this changes nothing',
    ]);
  });
});

test.each([
  ['https://a.test', { host: 'a.test', port: 443, isTls: true, name: 'a.test:443' }],
  ['https://a.test:8443/', { host: 'a.test', port: 8443, isTls: true }],
  ['HTTPS://[::1]', { host: '::1', port: 443, isTls: true, name: '[::1]:443' }],
  ['http://a.test', { port: 80, isTls: false }],
])('%s is the address of a backend', (url, address) => {
  expect(parseBackendUrl(url)).toMatchObject(address);
});

test.each([
  ['a.test', null, 'a.test'],
  ['a.test.', null, 'a.test'],
  ['10.0.0.1', null, ''],
  ['::1', null, ''],
  ['10.0.0.1', 'b.test', 'b.test'],
  ['a.test', '10.0.0.1', ''],
])('a backend at %s with serverName %s is asked for as "%s"', (host, serverName, servername) => {
  const settings = { ...DEFAULT_TLS, caPem: authority.cert, serverName };

  expect(clientTlsOptions(settings, host, new ClientContexts())).toMatchObject({
    servername,
    rejectUnauthorized: true,
    ALPNProtocols: ['http/1.1'],
  });
});
