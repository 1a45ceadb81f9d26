import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import WebSocket from 'ws';
import { startBackendProcesses } from '../support/backend-process.ts';
import { eventually } from '../support/eventually.ts';
import { startLbctl } from '../support/lbctl.ts';
import { startLoad } from '../support/load.ts';

const listeners = 'listeners: [{ name: web, bind: 127.0.0.1:0 }]\nworkers: 2\n';

describe('reload', () => {
  test('50 reloads under load fail no request, restart no worker and close no WebSocket', async () => {
    await using backends = await startBackendProcesses(3);
    const [a = '', b = '', c = ''] = backends.map(({ url }) => url);
    const two = `${listeners}pools: { web: { backends: [${a}, ${b}] } }\n`;
    const three = `${listeners}pools: { web: { policy: round_robin, backends: [${a}, { url: "${b}", weight: 3 }, ${c}] } }\n`;
    await using lb = await startLbctl(two);
    const workers = await lb.workerPids();
    // Opened while the pool has a and b; c comes and goes, so the tunnel's own backend never leaves.
    const socket = new WebSocket(`ws://127.0.0.1:${lb.port}/`);
    await once(socket, 'open');
    const load = startLoad({ port: lb.port, connections: 20 });

    for (let i = 0; i < 50; i++) {
      await lb.write(i % 2 === 0 ? three : two);
      const { status } = await lb.admin.post('/api/v1/reload');
      expect(status).toBe(200);
    }

    const { failures, succeeded } = await load.stop();
    expect(failures).toEqual(new Map());
    expect(succeeded).toBeGreaterThan(100);
    expect(await lb.workerPids()).toEqual(workers);
    socket.send('still here');
    const [echo] = (await once(socket, 'message')) as [Buffer];
    expect(echo.toString()).toBe('still here');
    socket.close();
    await once(socket, 'close');
  });

  test('a bad file changes nothing, says where it is wrong, and is seen in the metrics', async () => {
    await using backends = await startBackendProcesses(1);
    const good = `${listeners}pools: { web: { backends: [${backends[0]?.url}] } }\n`;
    await using lb = await startLbctl(good);
    await lb.write(good.replace('backends', 'backend'));

    const { code, stderr } = await lb.run('reload');

    expect(code).toBe(2);
    expect(stderr).toContain('did you mean "backends"');
    expect(await lb.metric('lb_config_last_reload_successful')).toBe(0);
    expect(await (await fetch(`http://127.0.0.1:${lb.port}/`)).text()).toBe('a');
  });

  test('SIGHUP applies a new file and keeps the health of what did not change', async () => {
    await using backends = await startBackendProcesses(2);
    const [a = '', b = ''] = backends.map(({ url }) => url);
    const one = `${listeners}pools: { web: { backends: [${a}] } }\n`;
    await using lb = await startLbctl(one);
    await eventually(async () =>
      expect((await lb.pool('web')).backends[0]?.lastProbe?.ok).toBe(true),
    );
    const probedAt = (await lb.pool('web')).backends[0]?.lastProbe?.at;
    await lb.write(one.replace(a, `${a}, ${b}`));

    lb.child.kill('SIGHUP');
    const pool = await eventually(async () => {
      const reply = await lb.pool('web');
      expect(reply.backends).toHaveLength(2);
      return reply;
    });

    expect(pool.backends[0]?.lastProbe?.at).toBe(probedAt);
  });

  test('listeners come and go; a bind that fails refuses the whole file', async () => {
    await using backends = await startBackendProcesses(1);
    const pool = `workers: 2\npools: { web: { backends: [${backends[0]?.url}] } }\n`;
    await using lb = await startLbctl(`${pool}listeners: [{ name: web, bind: 127.0.0.1:0 }]\n`);
    await lb.write(
      `${pool}listeners: [{ name: web, bind: 127.0.0.1:0 }, { name: more, bind: 127.0.0.1:0 }]\n`,
    );
    expect((await lb.run('reload')).code).toBe(0);
    const more = (await lb.status()).listeners.find(({ name }) => name === 'more');
    expect(await (await fetch(`http://${more?.address}/`)).text()).toBe('a');

    await lb.write(
      `${pool}listeners: [{ name: web, bind: 127.0.0.1:0 }, { name: taken, bind: "${backends[0]?.url.slice(7)}" }]\n`,
    );
    const refused = await lb.run('reload');
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('in use');
    expect((await lb.status()).listeners.map(({ name }) => name)).toEqual(['web', 'more']);

    await lb.write(`${pool}listeners: [{ name: web, bind: 127.0.0.1:0 }]\n`);
    expect((await lb.run('reload')).code).toBe(0);
    await eventually(async () => {
      await expect(fetch(`http://${more?.address}/`)).rejects.toThrow();
    });
    expect(await (await fetch(`http://127.0.0.1:${lb.port}/`)).text()).toBe('a');
  });
});
