/** What a store in Redis does when Redis is away, hangs, or will not; and what it says. */
import { describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { type FakeRedis, bulk, startFakeRedis } from '../support/fake-redis.ts';
import { freePort } from '../support/free-port.ts';
import { startRedis } from '../support/redis-server.ts';
import { openStore, slowBucket } from '../support/redis-store.ts';

const TIMEOUT_MS = 200;

describe('Redis that goes away', () => {
  test('is noticed at once when it dies, and is back without a restart of anything', async () => {
    await using server = await startRedis();
    await using open = await openStore({ url: server.url }, TIMEOUT_MS).up();
    await server.kill();
    const asked = open.store.take([slowBucket('a', 1)], 1);
    await expect(asked).rejects.toMatchObject({ failure: 'unreachable' });
    await eventually(() => {
      expect(open.store.error?.message).toMatch(
        /^no connection to Redis \(store\.url\): .*redis.sock/,
      );
    });
    await server.start();
    await open.up();
    expect((await open.store.take([slowBucket('a', 1)], 1)).granted).toBe(1);
  });

  test('costs a request its timeout when it hangs, and those after it nothing', async () => {
    await using server = await startRedis();
    await using open = await openStore({ url: server.url }, TIMEOUT_MS).up();
    server.signal('SIGSTOP');
    const startedMs = performance.now();
    const first = open.store.take([slowBucket('a', 1)], 1);
    await expect(first).rejects.toMatchObject({ failure: 'timeout' });
    expect(performance.now() - startedMs).toBeGreaterThan(TIMEOUT_MS - 5);
    const downMs = performance.now();
    for (let i = 0; i < 100; i++) {
      await expect(open.store.take([slowBucket('a', 1)], 1)).rejects.toMatchObject({
        failure: 'timeout',
      });
    }
    expect(performance.now() - downMs).toBeLessThan(TIMEOUT_MS);
    server.signal('SIGCONT');
    await open.up();
    expect((await open.store.take([slowBucket('a', 1)], 1)).levels).toHaveLength(1);
  });

  test('is asked over a new connection when it hangs for seconds', async () => {
    let isDeaf = false;
    let opened = 0;
    await using fake = await startFakeRedis((command) => {
      if (command === 'HELLO') opened++;
      // The first connection hears nothing any more; others do.
      return isDeaf && opened === 1 ? '' : healthyReply(command);
    });
    await using open = await openStore({ url: fake.url }, TIMEOUT_MS).up();
    isDeaf = true;
    await expect(open.store.find({ pool: 'web', key: 'a' }, 1)).rejects.toThrow();
    expect(await open.down()).toBe(`no answer within ${TIMEOUT_MS} ms (store.timeout)`);
    await open.up();
    expect(opened).toBe(2);
  });

  test('is looked for from the start, until it is there', async () => {
    const port = await freePort();
    await using open = openStore({ url: `redis://127.0.0.1:${port}` }, TIMEOUT_MS);
    await eventually(() => {
      expect(open.log.changes).toEqual([
        `no connection to Redis (store.url): connect ECONNREFUSED 127.0.0.1:${port}`,
      ]);
    });
    await using server = await startRedis({ port });
    await open.up();
    expect(await server.cli('ping')).toBe('PONG');
  });

  test('leaves nothing open when the store is closed', async () => {
    await using server = await startRedis();
    const open = await openStore({ url: server.url }).up();
    expect(await connections(server)).toBe(1);
    await open.store.close();
    await eventually(async () => expect(await connections(server)).toBe(0));
  });
});

describe('Redis that will not', () => {
  test('a master that became a replica is down, until it is a master again', async () => {
    await using server = await startRedis();
    await using open = await openStore({ url: server.url }).up();
    await server.cli('replicaof', '127.0.0.1', '1');
    const asked = open.store.take([slowBucket('a', 1)], 1);
    await expect(asked).rejects.toMatchObject({
      failure: 'refused',
      message: 'Redis is a replica that can only be read: store.url must lead to the master',
    });
    await server.cli('replicaof', 'no', 'one');
    await open.up();
  });

  test.each([
    ['no password', {}, 'Redis wants a password: set store.password, or put it into store.url'],
    [
      'a wrong password',
      { password: 'wrong' },
      'Redis knows no such user and password: check store.username and store.password',
    ],
    [
      'a wrong user',
      { username: 'nobody', password: 'right' },
      'Redis knows no such user and password: check store.username and store.password',
    ],
  ])('%s is said by name', async (_what, section, message) => {
    const cliArgs = ['--no-auth-warning', '-a', 'right'];
    await using server = await startRedis({ args: ['--requirepass', 'right'], cliArgs });
    await using open = openStore({ url: server.url, ...section });
    await eventually(() => expect(open.store.error).toMatchObject({ failure: 'refused', message }));
  });

  test('the right password opens', async () => {
    const cliArgs = ['--no-auth-warning', '-a', 'right'];
    await using server = await startRedis({ args: ['--requirepass', 'right'], cliArgs });
    await using open = await openStore({ url: server.url, password: 'right' }).up();
    expect((await open.store.take([slowBucket('a', 1)], 1)).granted).toBe(1);
  });

  test('a user and a password in the URL count before those beside it', async () => {
    const port = await freePort();
    await using server = await startRedis({ port });
    await server.cli('acl', 'setuser', 'lb', 'on', '>pass word', '~*', '+@all');
    const url = `redis://lb:pass%20word@127.0.0.1:${port}`;
    await using open = await openStore({ url, username: 'other', password: 'other' }).up();
    expect(await server.cli('client', 'list')).toContain('user=lb');
    expect(open.store.isUp).toBe(true);
  });

  test('a user that may not do it needs other rights', async () => {
    await using server = await startRedis();
    await server.cli('acl', 'setuser', 'lb', 'on', '>secret', '~*', '+@all', '-set');
    await using open = openStore({ url: server.url, username: 'lb', password: 'secret' });
    await eventually(() => {
      expect(open.store.error?.message).toBe(
        'the user of store.username may not do this: see docs/redis.md for what it needs',
      );
    });
  });

  test('without memory it says which settings matter', async () => {
    await using server = await startRedis();
    await using open = await openStore({ url: server.url }).up();
    await server.cli('config', 'set', 'maxmemory', '1');
    await expect(open.store.take([slowBucket('a', 1)], 1)).rejects.toThrow(
      /^Redis is out of memory: raise its maxmemory/,
    );
    await server.cli('config', 'set', 'maxmemory', '0');
    await open.up();
  });

  test('a database that is not there is not replaced by another', async () => {
    await using server = await startRedis();
    await using open = openStore({ url: `${server.url}?db=99` });
    await eventually(() => {
      expect(open.store.error?.message).toBe(
        'Redis has no database of this number: check the end of store.url',
      );
    });
    expect(await server.cli('dbsize')).toBe('0');
  });

  test('keys go into the database of the URL', async () => {
    await using server = await startRedis();
    await using open = await openStore({ url: `${server.url}?db=3` }).up();
    await open.store.take([slowBucket('a', 1)], 1);
    expect(await server.cli('-n', '3', 'exists', 'lb:{rl}:a')).toBe('1');
  });

  test('a damaged key does not take the store down', async () => {
    await using server = await startRedis();
    await using open = await openStore({ url: server.url }).up();
    await server.cli('rpush', 'lb:{rl}:broken', 'a');
    const asked = open.store.take([slowBucket('broken', 1)], 1);
    await expect(asked).rejects.toMatchObject({ failure: 'damaged' });
    expect((await open.store.take([slowBucket('fine', 1)], 1)).granted).toBe(1);
  });
});

describe('Redis that will not do', () => {
  async function refusal(fake: FakeRedis): Promise<string> {
    await using open = openStore({ url: fake.url });
    return await eventually(() => {
      const { error } = open.store;
      if (error?.failure !== 'refused') throw new Error(`${error?.message}`);
      return error.message;
    });
  }

  test.each(['6.0.16', '5.0.14', '2.8.0'])('%s is too old', async (version) => {
    await using fake = await startFakeRedis((command) => healthyReply(command, { version }));
    expect(await refusal(fake)).toBe(
      `store.url leads to Redis ${version}: Redis 6.2 or newer is needed`,
    );
  });

  test.each(['6.2.0', '7.4.1', '8.0.0', '10.1.0'])('%s is new enough', async (version) => {
    await using fake = await startFakeRedis((command) => healthyReply(command, { version }));
    await using open = await openStore({ url: fake.url }).up();
    expect(open.store.isUp).toBe(true);
  });

  test('loads its data and says so, until it is done', async () => {
    let loading = 1;
    await using fake = await startFakeRedis((command) => healthyReply(command, { loading }));
    await using open = openStore({ url: fake.url });
    await eventually(() => {
      expect(open.store.error?.message).toBe('Redis is still loading its data: wait');
    });
    loading = 0;
    await open.up();
  });

  test.each([
    ['-MISCONF Errors writing to the AOF file', 'Redis cannot save to its disk'],
    ['-MOVED 1234 127.0.0.1:7001', 'Redis is part of a Cluster: set store.cluster'],
    [
      '-NOREPLICAS Not enough good replicas to write.',
      'Redis takes no writes without its replicas',
    ],
    ['-ERR something new', 'Redis refused: ERR something new'],
    [
      '-ERR Error running script (call to f_1): @user_script:1: -READONLY You can not write',
      'Redis is a replica that can only be read',
    ],
    [
      '-ERR unknown command `SET`, with args beginning with: `lb:`, `hunter2`',
      'Redis refused: ERR unknown command `SET`',
    ],
  ])('%s', async (reply, message) => {
    await using fake = await startFakeRedis((command) =>
      command === 'SET' ? `${reply}\r\n` : healthyReply(command),
    );
    const said = await refusal(fake);
    expect(said.startsWith(message)).toBe(true);
    expect(said).not.toContain('hunter2');
  });

  test('speaks something else', async () => {
    await using fake = await startFakeRedis(() => 'HTTP/1.1 400 Bad Request\r\n\r\n');
    await using open = openStore({ url: fake.url }, TIMEOUT_MS);
    await eventually(() => expect(open.log.changes).toHaveLength(1));
    expect(open.store.isUp).toBe(false);
  });
});

interface Health {
  readonly version?: string;
  readonly loading?: number;
}

/** What a server answers that is well: enough to connect and to be probed. */
function healthyReply(command: string, { version = '7.0.15', loading = 0 }: Health = {}): string {
  if (command === 'HELLO') return '%1\r\n+server\r\n+redis\r\n';
  if (command === 'INFO') return bulk(`redis_version:${version}\r\nloading:${loading}\r\n`);
  return '+OK\r\n';
}

/** Those of load balancers. */
async function connections(server: {
  cli(...command: string[]): Promise<string>;
}): Promise<number> {
  return (await server.cli('client', 'list')).split('\n').filter((line) => line.includes('lbctl'))
    .length;
}
