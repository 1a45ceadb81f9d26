/** `metrics.persist`: where samples go, and who may know the way. */
import { describe, expect, test } from '@jest/globals';
import { redact } from '@lb/primary/internal/admin/redact';
import { persistSettings } from '@lb/primary/internal/persist/persist-settings';
import { diffConfig } from '@lb/shared/config/diff';
import { parseInfluxUrl } from '@lb/shared/persist/influx-url';
import { parsePostgresUrl } from '@lb/shared/persist/postgres-url';
import { brief, configOf, errorsOf, type World } from '../support/config-text.ts';

const withPersist = (section: string): string =>
  [
    'listeners: [{ bind: ":8080" }]',
    'pools: { web: { backends: ["http://a:1"] } }',
    `metrics: { persist: ${section} }`,
  ].join('\n');

const persistOf = (section: string, world?: World) =>
  configOf(withPersist(section), world).metrics.persist;

const mistakes = (section: string): string[] => errorsOf(withPersist(section)).map(brief);

describe('metrics.persist', () => {
  test('is off by default', () => {
    expect(persistOf('null')).toBeNull();
  });

  test('has the defaults of the documentation', () => {
    expect(persistOf('{ type: postgres, url: "postgres://lb@db/lb" }')).toMatchObject({
      interval: 10_000,
      retention: 30,
      schema: 'lbctl_metrics',
      password: null,
      instance: null,
    });
    expect(persistOf('{ type: influxdb, url: "http://db:8086/?db=lb" }')).toMatchObject({
      interval: 10_000,
      token: null,
      tls: { verify: true },
    });
  });

  test('takes secrets from outside', () => {
    const world = { env: { DB: 'postgres://lb@db/lb' }, files: { '/run/pw': 's3cret\n' } };
    const section = '{ type: postgres, url: "${DB}", password: "${file:/run/pw}" }';
    const { metrics } = configOf(withPersist(section), world);
    expect(persistSettings(metrics, new Map())).toMatchObject({
      url: { host: 'db', user: 'lb', password: 's3cret' },
    });
  });

  test.each([
    ['postgres', 'lb.example/lb', /url: expected postgres:\/\//],
    ['postgres', 'postgres://db/lb', /expected postgres/],
    ['postgres', 'postgres://lb:p@ss@db/lb', /%40/],
    ['postgres', 'postgres://lb@db/lb?sslmode=prefer', /expected postgres/],
    ['influxdb', 'http://db:8086', /url: expected http:\/\//],
    ['influxdb', 'http://db:8086/?org=a', /expected http/],
  ])('of %s points at a url that makes no sense: %s', (type, url, message) => {
    const section = `{ type: ${type}, url: "${url}" }`;
    const [mistake, ...others] = errorsOf(withPersist(section));
    expect(others).toEqual([]);
    expect(mistake?.message).toBeDefined();
    expect(brief(mistake ?? ({} as never))).toMatch(message);
    expect(mistake?.excerpt?.slice((mistake.column ?? 0) - 1)).toMatch(new RegExp(`^"`));
  });

  test.each([
    ['{ type: influxdb, url: "http://db/?org=a&bucket=b" }', '"org" and "bucket" need a "token"'],
    ['{ type: influxdb, url: "http://db/?db=a", token: t }', 'a token goes with "org"'],
    ['{ type: influxdb, url: "http://db/?db=a", password: p }', 'no user whose password'],
    ['{ type: influxdb, url: "http://u:p@db/?db=a", password: p }', 'has a password already'],
    ['{ type: influxdb, url: "http://db/?db=a", retention: 3d }', 'retention'],
    ['{ type: postgres, url: "postgres://a@b/c", retention: 3h }', 'expected a number of days'],
    ['{ type: postgres, url: "postgres://a@b/c", interval: 1500ms }', 'expected whole seconds'],
    ['{ type: postgres, url: "postgres://a@b/c", schema: pg_x }', 'begin with pg_'],
    ['{ type: postgres, url: "postgres://a@b/c", schema: "a;b" }', 'expected a name'],
    ['{ type: mysql, url: x }', 'type'],
  ])('is refused: %s', (section, message) => {
    expect(mistakes(section)).toHaveLength(1);
    expect(mistakes(section)[0]).toContain(message);
  });
});

describe('a secret', () => {
  const before = configOf(
    withPersist('{ type: postgres, url: "postgres://lb:old-secret@db/lb", password: null }'),
  );
  const after = configOf(withPersist('{ type: postgres, url: "postgres://lb:new-secret@db2/lb" }'));
  const influx = configOf(
    withPersist('{ type: influxdb, url: "http://db/?org=a&bucket=b", token: top-secret }'),
  );

  test('is in nothing that is shown', () => {
    const shown = [
      redact(before),
      redact(influx),
      diffConfig(before, after),
      diffConfig(after, influx),
      errorsOf(withPersist('{ type: postgres, url: "postgres://lb:a-secret@db" }')),
      errorsOf(withPersist('{ type: postgres, url: "postgres://lb:a-secret@x@db/lb" }')),
    ];
    expect(JSON.stringify(shown)).not.toMatch(/(old|new|top|a)-secret/);
    expect(JSON.stringify(shown)).toContain('[redacted]');
  });
});

describe('a url of PostgreSQL', () => {
  test.each([
    ['postgres://lb:p%40%2F@db:6432/x', { host: 'db', port: 6432, user: 'lb', password: 'p@/' }],
    ['postgresql://lb@[::1]/x', { host: '::1', port: 5432, password: undefined }],
    ['postgres://lb@/x?host=/run/pg', { host: '/run/pg', port: 5432, sslMode: 'disable' }],
    ['postgres://lb@:5433/x?host=/run/pg', { host: '/run/pg', port: 5433 }],
    ['postgres://lb@db/x?sslmode=verify-full', { sslMode: 'verify-full', database: 'x' }],
  ])('%s is understood', (url, parts) => {
    expect(parsePostgresUrl(url)).toMatchObject(parts);
  });

  test.each([
    'postgres://lb@/x',
    'postgres://lb@db/x?host=/run/pg',
    'postgres://lb@/x?host=/run/pg&sslmode=require',
    'postgres://lb@db/x?application_name=y',
    'postgres://lb@db/',
    'mysql://lb@db/x',
  ])('%s is not', (url) => {
    expect(parsePostgresUrl(url)).toBeUndefined();
  });
});

describe('a url of InfluxDB', () => {
  test.each([
    ['http://db:8086?db=lb', { api: 'v1', base: 'http://db:8086/', database: 'lb' }],
    ['https://u:p@db/x/?db=lb&rp=y', { base: 'https://db/x/', policy: 'y', user: 'u' }],
    ['http://db/?org=a%20b&bucket=c', { api: 'v2', org: 'a b', bucket: 'c' }],
  ])('%s is understood', (url, parts) => {
    expect(parseInfluxUrl(url)).toMatchObject(parts);
  });

  test.each([
    'http://u:p@db/?org=a&bucket=c',
    'http://db/?db=a&bucket=c',
    'http://db/?db=',
    'http://db/?db=a&db=b',
    'udp://db/?db=a',
  ])('%s is not', (url) => {
    expect(parseInfluxUrl(url)).toBeUndefined();
  });
});
