import { existsSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import type { NetConnectOpts } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { startBackend, until, workplace } from '../support/running-lbctl.ts';

interface Wanted {
  readonly backend: string;
  readonly listeners?: string;
  readonly workers?: number;
  readonly more?: string;
}

function config({
  backend,
  listeners = '{ bind: "127.0.0.1:0" }',
  workers = 1,
  more = '',
}: Wanted) {
  return `workers: ${workers}
listeners: [${listeners}]
pools: { web: { backends: [${backend}], healthCheck: { type: tcp } } }
admin: { bind: "127.0.0.1:0" }
log: { access: { enabled: false } }
${more}`;
}

const hello = () => startBackend((_, response) => void response.end('hello'));

async function body(url: string): Promise<string> {
  return (await fetch(url)).text();
}

describe('an instance', () => {
  test('starts, serves over every worker, tells its status, and stops', async () => {
    await using backend = await hello();
    await using place = workplace();
    place.write('lb.yaml', config({ backend: backend.url, workers: 2 }));
    const instance = await place.start();

    expect(await body(await instance.url())).toBe('hello');
    expect(await instance.status()).toMatchObject({
      state: 'running',
      config: { path: join(place.directory, 'lb.yaml') },
      workers: [
        { id: 0, state: 'running' },
        { id: 1, state: 'running' },
      ],
    });
    expect((await place.lbctl('backends')).stdout).toContain('web');

    expect(await place.lbctl('stop')).toMatchObject({ code: 0 });
    expect(await instance.process.ended).toMatchObject({ code: 0 });
  });

  test('starts without a file', async () => {
    await using backend = await hello();
    await using place = workplace();
    const flags = ['--listen', '127.0.0.1:0', '--to', backend.url, '--admin', '127.0.0.1:0'];
    const instance = await place.start(...flags, '--workers', '1');

    expect(await body(await instance.url())).toBe('hello');
    const reload = await place.lbctl('reload');
    expect(reload.code).toBe(2);
    expect(reload.stderr).toContain('no file to reload');
    expect(await place.lbctl('stop')).toMatchObject({ code: 0 });
  });

  test('finishes what is in flight before it goes, and takes nothing new', async () => {
    const held: (() => void)[] = [];
    await using backend = await startBackend((_, response) => {
      held.push(() => response.end('late'));
    });
    await using place = workplace();
    place.write('lb.yaml', config({ backend: backend.url }));
    const instance = await place.start();
    const url = await instance.url();
    const answer = body(url);
    await until(() => held.length === 1);

    instance.process.kill('SIGTERM');
    await until(() =>
      connects({ host: '127.0.0.1', port: Number(new URL(url).port) }).then((is) => !is),
    );
    held[0]?.();

    expect(await answer).toBe('late');
    expect(await instance.process.ended).toMatchObject({ code: 0 });
  });

  test('is cut short by a second signal, and says so with exit code 1', async () => {
    let requests = 0;
    await using backend = await startBackend(() => void (requests += 1));
    await using place = workplace();
    place.write('lb.yaml', config({ backend: backend.url }));
    const instance = await place.start();
    const answer = body(await instance.url()).catch(() => 'cut');
    await until(() => requests === 1);

    instance.process.kill('SIGTERM');
    await until(async () => (await instance.status()).state === 'draining');
    instance.process.kill('SIGTERM');

    expect(await instance.process.ended).toMatchObject({ code: 1 });
    expect(await answer).toBe('cut');
  });

  test('replaces workers that are killed, all at once, without losing the port', async () => {
    await using backend = await hello();
    await using place = workplace();
    place.write('lb.yaml', config({ backend: backend.url, workers: 2 }));
    const instance = await place.start();
    const url = await instance.url();
    const before = (await instance.status()).workers.map(({ pid }) => pid);

    for (const pid of before) process.kill(pid, 'SIGKILL');
    // Queued in the socket that the primary keeps, and answered by the workers that come.
    expect(await body(url)).toBe('hello');

    await until(async () => {
      const { workers } = await instance.status();
      return (
        workers.length === 2 &&
        workers.every(({ state, pid }) => state === 'running' && !before.includes(pid))
      );
    });
  });

  test('leaves no socket behind', async () => {
    await using backend = await hello();
    await using place = workplace();
    const web = join(place.directory, 'web.sock');
    const control = join(place.directory, 'control.sock');
    const more = `admin: { bind: "127.0.0.1:0", socket: ${control} }`;
    const text = config({ backend: backend.url, listeners: `{ bind: "unix:${web}" }` });
    place.write('lb.yaml', text.replace('admin: { bind: "127.0.0.1:0" }', more));
    const instance = await place.start();
    expect([web, control].map(existsSync)).toEqual([true, true]);

    instance.process.kill('SIGTERM');
    await instance.process.ended;

    const uid = process.getuid?.() ?? 0;
    const rest = [
      ...readdirSync(place.directory),
      ...readdirSync(join(place.directory, `lb-${uid}`)),
    ];
    expect(rest.filter((name) => name.endsWith('.sock'))).toEqual([]);
  });

  test('takes the place of a unix socket that a killed instance left', async () => {
    await using backend = await hello();
    await using place = workplace();
    const web = join(place.directory, 'web.sock');
    place.write('lb.yaml', config({ backend: backend.url, listeners: `{ bind: "unix:${web}" }` }));
    const first = await place.start();
    first.process.kill('SIGKILL');
    await first.process.ended;
    expect(existsSync(web)).toBe(true);
    await until(() => connects({ path: web }).then((connected) => !connected));

    const second = await place.start();
    expect((await second.status()).listeners).toMatchObject([{ address: `unix:${web}` }]);
  });
});

describe('start', () => {
  test('refuses to run a configuration twice', async () => {
    await using backend = await hello();
    await using place = workplace();
    place.write('lb.yaml', config({ backend: backend.url }));
    const instance = await place.start();

    const second = await place.lbctl('start');

    expect(second.code).toBe(1);
    expect(second.stderr).toContain(
      `already running with this configuration (pid ${instance.process.pid})`,
    );
  });

  test('runs a configuration twice where the second is told its own socket', async () => {
    await using backend = await hello();
    await using place = workplace();
    place.write('lb.yaml', config({ backend: backend.url }));
    const first = await place.start();
    const socket = join(place.directory, 'second.sock');

    const second = await place.start('--socket', socket);

    const { stdout } = await place.lbctl('status', '--json', '--socket', socket);
    expect(JSON.parse(stdout)).toMatchObject({ pid: second.process.pid, state: 'running' });
    expect((await first.status()).pid).toBe(first.process.pid);
    expect((await place.lbctl('start', '--socket', socket)).stderr).toContain('already running');
  });

  test('names who holds the port', async () => {
    await using backend = await hello();
    await using place = workplace();
    const listeners = `{ bind: "${backend.url.replace('http://', '')}" }`;
    place.write('lb.yaml', config({ backend: backend.url, listeners }));

    const { code, stderr } = await place.lbctl('start');

    expect(code).toBe(1);
    expect(stderr).toContain(`port in use by node (pid ${process.pid})`);
  });

  test('lets lbctl choose when several instances run without a file', async () => {
    await using backend = await hello();
    await using place = workplace();
    const flags = [
      '--listen',
      '127.0.0.1:0',
      '--to',
      backend.url,
      '--admin',
      '127.0.0.1:0',
      '--workers',
      '1',
    ];
    await place.start(...flags);
    await place.start(...flags);

    const { code, stderr } = await place.lbctl('status');

    expect(code).toBe(2);
    expect(stderr.match(/--socket \S+\.sock/g)).toHaveLength(2);
  });
});

describe('reload', () => {
  test('prints what changed and puts it in force before it returns', async () => {
    await using first = await startBackend((_, response) => void response.end('first'));
    await using second = await startBackend((_, response) => void response.end('second'));
    await using place = workplace();
    place.write(
      'lb.yaml',
      config({ backend: first.url, listeners: '{ name: web, bind: "127.0.0.1:0" }' }),
    );
    const instance = await place.start();
    const url = await instance.url();
    expect(await body(url)).toBe('first');

    const listeners = '{ name: web, bind: "127.0.0.1:0" }, { name: new, bind: "127.0.0.1:0" }';
    place.write('lb.yaml', config({ backend: second.url, listeners, workers: 2 }));
    const { code, stdout } = await place.lbctl('reload');

    expect(code).toBe(0);
    expect(stdout).toContain('workers: 1 -> 2\n');
    expect(await body(url)).toBe('second');
    expect(await body(await instance.url(1))).toBe('second');
    expect((await place.lbctl('reload')).stdout).toBe('');
  });

  test('closes the port of a listener that is gone', async () => {
    await using backend = await hello();
    await using place = workplace();
    const listeners = '{ name: web, bind: "127.0.0.1:0" }, { name: old, bind: "127.0.0.1:0" }';
    place.write('lb.yaml', config({ backend: backend.url, listeners }));
    const instance = await place.start();
    const old = await instance.url(1);
    expect(await body(old)).toBe('hello');

    place.write(
      'lb.yaml',
      config({ backend: backend.url, listeners: '{ name: web, bind: "127.0.0.1:0" }' }),
    );
    expect(await place.lbctl('reload')).toMatchObject({
      code: 0,
      stdout: 'listener old removed\n',
    });

    // The connection of the first request may bring one more; a new one is refused.
    await eventually(async () => {
      await expect(fetch(old)).rejects.toThrow('fetch failed');
    });
    expect(await body(await instance.url())).toBe('hello');
  });

  test('changes nothing when the file is wrong, and goes on by SIGHUP when it is right again', async () => {
    await using backend = await hello();
    await using place = workplace();
    const good = config({ backend: backend.url });
    place.write('lb.yaml', good);
    const instance = await place.start();
    const { hash } = (await instance.status()).config;

    place.write('lb.yaml', `${good}\nshutdwon: {}`);
    const refused = await place.lbctl('reload');
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('did you mean "shutdown"?');
    expect((await instance.status()).config).toMatchObject({ hash, lastReloadFailed: true });
    expect(await body(await instance.url())).toBe('hello');

    place.write('lb.yaml', `${good}\n# right again`);
    instance.process.kill('SIGHUP');
    await until(async () => (await instance.status()).config.hash !== hash);
    expect((await instance.status()).config.lastReloadFailed).toBe(false);
  });

  test('is refused as a whole when one of its ports is taken', async () => {
    await using backend = await hello();
    await using place = workplace();
    const web = '{ name: web, bind: "127.0.0.1:0" }';
    place.write('lb.yaml', config({ backend: backend.url, listeners: web }));
    const instance = await place.start();

    const taken = `{ name: taken, bind: "${backend.url.replace('http://', '')}" }`;
    const free = '{ name: free, bind: "127.0.0.1:0" }';
    place.write(
      'lb.yaml',
      config({ backend: backend.url, listeners: `${web}, ${free}, ${taken}` }),
    );
    const { code, stderr } = await place.lbctl('reload');

    expect(code).toBe(2);
    expect(stderr).toContain('listeners[2].bind');
    expect(stderr).toContain('port in use');
    expect((await instance.status()).listeners.map(({ name }) => name)).toEqual(['web']);
  });
});

function connects(where: NetConnectOpts): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(where);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
