/** Samples in a real PostgreSQL: the table, its partitions, and what is read back. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { PostgresStore } from '@lb/primary/internal/persist/postgres/postgres-store';
import { createAuthority } from '../support/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type PostgresServer, startPostgres } from '../support/postgres-server.ts';
import { expectSteps, sampleOf, settingsFor, soon } from '../support/samples.ts';

const NOON = Date.UTC(2026, 10, 26, 12);
const DAY_MS = 86_400_000;
const WEB = { pool: 'web' };

let server: PostgresServer;
const stack = new AsyncDisposableStack();

beforeAll(async () => {
  server = stack.use(await startPostgres());
}, 60_000);

afterAll(() => stack.disposeAsync());

beforeEach(() => server.sql('DROP SCHEMA IF EXISTS lbctl_metrics CASCADE'));

interface Opening {
  readonly url?: string;
  readonly instance?: string;
  readonly nowMs?: number;
  readonly keys?: object;
  readonly files?: ReadonlyMap<string, string>;
}

function openStore(options: Opening = {}) {
  const { url = server.url, instance = 'one', nowMs = NOON, keys = {}, files } = options;
  const settings = settingsFor({ type: 'postgres', url, ...keys }, files);
  if (settings.type !== 'postgres') throw new Error('not PostgreSQL');
  const clock = new FakeClock(nowMs);
  const store = new PostgresStore({ settings, instance, clock });
  return { store, clock, [Symbol.asyncDispose]: () => store.close() };
}

const partitions = (): Promise<string> =>
  server.sql(`SELECT string_agg(inhrelid::regclass::text, ' ' ORDER BY inhrelid::regclass::text)
    FROM pg_inherits WHERE inhparent = 'lbctl_metrics.samples'::regclass`);

const count = async (): Promise<number> =>
  Number(await server.sql('SELECT count(*) FROM lbctl_metrics.samples'));

describe('the table', () => {
  test('is made with partitions for the days ahead, by ten instances at once', async () => {
    const instances = Array.from({ length: 10 }, (_, number) =>
      openStore({ instance: `i${number}` }),
    );
    try {
      await Promise.all(instances.map(({ store }) => store.write([sampleOf({}, NOON)], soon())));
    } finally {
      await Promise.all(instances.map(({ store }) => store.close()));
    }
    expect(await count()).toBe(10);
    expect(await partitions()).toBe(
      ['26', '27', '28'].map((day) => `lbctl_metrics.samples_202611${day}`).join(' '),
    );
  });

  test('gets partitions for samples that waited, and loses those that are too old', async () => {
    await using early = openStore({ nowMs: NOON - 40 * DAY_MS });
    await early.store.write([sampleOf({}, NOON - 40 * DAY_MS)], soon());
    await using late = openStore({ keys: { retention: '30d' } });
    const waited = [30, 1, 0].map((days) => sampleOf({}, NOON - days * DAY_MS));
    await late.store.write([sampleOf({}, NOON - 31 * DAY_MS), ...waited], soon());
    expect(await count()).toBe(3);
    expect(await partitions()).toMatch(
      /^lbctl_metrics.samples_20261027 lbctl_metrics.samples_20261125 /,
    );
  });

  test('is looked after when days pass without a restart', async () => {
    await using kept = openStore({ keys: { retention: '1d' } });
    for (let day = 0; day < 4; day++) {
      await kept.store.write([sampleOf({}, kept.clock.wallMs())], soon());
      kept.clock.pass(DAY_MS);
    }
    expect(await count()).toBe(2);
    expect(await partitions()).toMatch(/^lbctl_metrics.samples_20261128/);
  });

  test('is made again when somebody dropped it', async () => {
    await using kept = openStore();
    await kept.store.write([sampleOf({}, NOON)], soon());
    await server.sql('DROP TABLE lbctl_metrics.samples_20261126');
    await expect(kept.store.write([sampleOf({}, NOON)], soon())).rejects.toMatchObject({
      isRefusal: false,
    });
    await kept.store.write([sampleOf({}, NOON)], soon());
    await server.sql('DROP SCHEMA lbctl_metrics CASCADE');
    await expect(kept.store.write([sampleOf({}, NOON)], soon())).rejects.toThrow('42P01');
    await kept.store.write([sampleOf({}, NOON)], soon());
    expect(await count()).toBe(1);
  });

  test('is enough for a user who may make nothing but its partitions', async () => {
    await server.sql(`DROP ROLE IF EXISTS poor; CREATE ROLE poor LOGIN PASSWORD 'p@ss:/#';
      CREATE SCHEMA lbctl_metrics AUTHORIZATION poor`);
    const url = server.urlOf('poor', encodeURIComponent('p@ss:/#'));
    await using kept = openStore({ url });
    await kept.store.write([sampleOf({}, NOON)], soon());
    expect(await count()).toBe(1);
  });
});

describe('samples', () => {
  test('that are written a second time, because the answer got lost, are there once', async () => {
    await using kept = openStore();
    const samples = [sampleOf({}, NOON), sampleOf(WEB, NOON)];
    await kept.store.write(samples, soon());
    await kept.store.write([...samples, sampleOf({ route: 'all' }, NOON)], soon());
    expect(await count()).toBe(3);
  });

  test('keep names and values as they are', async () => {
    await using kept = openStore({ instance: `it's "me", {x}\\` });
    const backend = `sock "a", it's {b}\\ \n NULL`;
    const state = { state: 'up', weight: 0.5, bytesIn: 2 ** 40, p99Ms: null };
    await kept.store.write([sampleOf({ pool: 'NULL', backend }, NOON, state)], soon());
    const row = await server.sql('SELECT row_to_json(s) FROM lbctl_metrics.samples s');
    expect(JSON.parse(row)).toMatchObject({
      instance: `it's "me", {x}\\`,
      kind: 'backend',
      route: '',
      pool: 'NULL',
      backend,
      bytes_in: 2 ** 40,
      p99_ms: null,
      state: 'up',
      weight: 0.5,
      in_flight: 3,
    });
  });

  test('are read back as steps, of one instance and one part alone', async () => {
    await using kept = openStore();
    await using other = openStore({ instance: 'two' });
    await expectSteps(kept.store, other.store, { pool: 'web', backend: 'b' });
  });

  test('are none before the first was written', async () => {
    await using kept = openStore();
    const question = { part: {}, endMs: NOON, stepMs: 60_000, count: 2 };
    expect(await kept.store.read(question, soon())).toEqual([]);
  });
});

describe('trouble', () => {
  const write = async (url: string): Promise<unknown> => {
    await using kept = openStore({ url });
    return await kept.store.write([sampleOf({}, NOON)], soon()).catch((error: unknown) => error);
  };

  test.each([
    ['a wrong password', () => server.urlOf('lb', 'wrong'), /authentication failed.*28P01/],
    ['a database that there is not', () => server.url.replace('/lb?', '/nobody?'), /3D000/],
    ['nobody who listens', () => 'postgres://lb@127.0.0.1:1/lb', /ECONNREFUSED/],
    ['a server without TLS', () => server.urlOf('lb', 'x', '?sslmode=require'), /SSL/],
  ])('%s is one sentence without a secret, and no refusal', async (_, urlOf, sentence) => {
    const error = await write(urlOf());
    expect(error).toMatchObject({ name: 'PersistError', isRefusal: false });
    expect(String(error)).toMatch(sentence);
    expect(String(error)).not.toContain('wrong@');
  });

  test('a database that takes nothing for the moment is no refusal: it will', async () => {
    await using first = openStore();
    await first.store.write([sampleOf({}, NOON)], soon());
    await server.sql(`CREATE ROLE frozen LOGIN SUPERUSER PASSWORD 'word'`);
    await server.sql('ALTER ROLE frozen SET default_transaction_read_only = on');
    await using kept = openStore({ url: server.urlOf('frozen', 'word') });
    const writing = kept.store.write([sampleOf({}, NOON)], soon());
    await expect(writing).rejects.toMatchObject({ code: '25006', isRefusal: false });
  });

  test('a statement that waits for a lock is cut when its time is up, and the next one works', async () => {
    await using kept = openStore();
    await kept.store.write([sampleOf({}, NOON)], soon());
    const holding = server.sql(
      'BEGIN; LOCK TABLE lbctl_metrics.samples; SELECT pg_sleep(1); COMMIT',
    );
    const question = { part: {}, endMs: NOON, stepMs: 60_000, count: 2 };
    const read = async () => kept.store.read(question, soon(100));
    await eventually(() => expect(read()).rejects.toThrow('no answer in time'));
    await holding;
    expect(await read()).toHaveLength(1);
  });
});

describe('TLS', () => {
  const authority = createAuthority();
  const files = new Map([
    ['ca.pem', authority.cert],
    ['other.pem', createAuthority().cert],
  ]);
  const write = async (mode: string, tls: object): Promise<string> => {
    const url = server.urlOf('tls', 'word', `?sslmode=${mode}`);
    await using kept = openStore({ url, keys: { tls }, files });
    const writing = kept.store.write([sampleOf({}, NOON)], soon());
    return await writing.then(() => 'written', String);
  };

  beforeAll(async () => {
    const { cert, key } = authority.issue({ names: ['127.0.0.1'] });
    await server.useTls(cert, key);
    await server.sql(`CREATE ROLE tls LOGIN SUPERUSER PASSWORD 'word'`);
  });

  test.each([
    ['verify-full', { ca: 'ca.pem' }, /^written$/],
    ['verify-full', { ca: 'other.pem' }, /certificate/],
    ['verify-full', { ca: 'ca.pem', serverName: 'db.example' }, /db\.example/],
    ['verify-ca', { ca: 'ca.pem', serverName: 'db.example' }, /^written$/],
    ['verify-ca', { ca: 'other.pem' }, /certificate/],
    ['require', {}, /^written$/],
  ])('is what sslmode=%s says, with %j', async (mode, tls, outcome) => {
    expect(await write(mode, tls)).toMatch(outcome);
  });
});
