import { createServer } from 'node:http';
import { once } from 'node:events';
import { join } from 'node:path';
import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import type { PlanReply } from '@lb/shared/admin-api/contract';
import { echoWebSocket, openWebSocket, roundTrip } from '../support/echo-websocket.ts';
import { startBackendProcesses } from '../support/backend-process.ts';
import { eventually } from '../support/eventually.ts';
import { startLbctl } from '../support/lbctl.ts';
import { startLoad } from '../support/load.ts';

const yamlFor = (backends: string, more = ''): string => `
workers: 2
listeners: [{ name: web, bind: 127.0.0.1:0 }]
pools: { web: { backends: [${backends}] } }
${more}`;

/** What starting one more lbctl may take on a busy machine. */
const BUSY_MS = 20_000;

/** Answers everything with 500. */
async function startFailing(): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((_request, response) => response.writeHead(500).end('no'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('lbctl plan', () => {
  test('says what a reload would change and touch, and changes nothing', async () => {
    await using backends = await startBackendProcesses(2);
    const [a = '', b = ''] = backends.map(({ url }) => url);
    await using lb = await startLbctl(yamlFor(`{ url: "${a}", name: one }`));
    const client = await openWebSocket(lb.port);
    await eventually(async () => expect((await lb.pool('web')).backends[0]?.inFlight).toBe(1));
    const { hash } = (await lb.status()).config;
    await lb.write(yamlFor(`{ url: "${b}", name: two }`).replace('workers: 2', 'workers: 3'));

    const { code, stdout } = await lb.run('plan');

    expect(code).toBe(0);
    expect(stdout.split('\n')).toEqual([
      'pool web: backend one removed',
      '  1 in flight: requests finish, tunnels close',
      `pool web: backend two added (${b})`,
      '  probed at once; gets its share of the requests from now on',
      'workers: 2 -> 3',
      '  1 more starts; nothing in flight is touched',
      '',
    ]);
    expect((await lb.status()).config.hash).toBe(hash);
    expect((await roundTrip(client, 'still here')).toString()).toBe('still here');
    client.terminate();
  });

  test('refuses what a reload would refuse: mistakes, and ports that are taken', async () => {
    await using backends = await startBackendProcesses(1);
    const url = backends[0]?.url ?? '';
    await using lb = await startLbctl(yamlFor(url));
    await lb.write(yamlFor(url).replace('policy', 'polciy').replace('backends', 'backend'));
    const mistake = await lb.run('plan');
    await lb.write(yamlFor(url).replace('127.0.0.1:0', url.slice('http://'.length)));
    const taken = await lb.run('plan');

    expect([mistake.code, taken.code]).toEqual([2, 2]);
    expect(mistake.stderr).toContain('did you mean "backends"');
    expect(taken.stderr).toContain('port in use');
    expect((await lb.status()).config.lastReloadFailed).toBe(false);
  });

  test('compares another file in place of its own', async () => {
    await using backends = await startBackendProcesses(1);
    const url = backends[0]?.url ?? '';
    await using lb = await startLbctl(yamlFor(url));
    const path = join(lb.folder, 'candidate.yaml');
    const same = `overload: { eventLoopDelay: 0s }\nadmin: { bind: 127.0.0.1:0, socket: ${lb.folder}/lb.sock }\n`;
    await writeFile(
      path,
      `${same}log: { level: debug, access: { enabled: false } }${yamlFor(url)}`,
    );

    const { code, stdout } = await lb.run('plan', '--json', '-c', path);

    expect(code).toBe(0);
    expect((JSON.parse(stdout) as PlanReply).changes).toEqual([
      {
        path: 'log.level',
        text: 'log.level: info -> debug',
        touches: 'log lines from now on',
        needsRestart: false,
      },
    ]);
  });
});

describe('lbctl reload --guard', () => {
  test('goes back by itself when the new configuration fails requests, and says so', async () => {
    await using backends = await startBackendProcesses(1);
    await using failing = await startFailing();
    const good = yamlFor(backends[0]?.url ?? '');
    await using lb = await startLbctl(good);
    const { hash } = (await lb.status()).config;
    using load = startLoad({ port: lb.port, connections: 4 });
    await eventually(() => expect(load.succeeded()).toBeGreaterThan(100), BUSY_MS);
    await lb.write(yamlFor(failing.url));

    const { code, stderr } = await lb.run('reload', '--guard', '30s');

    expect(code).toBe(1);
    expect(stderr).toContain('taken back, the configuration before is in force: errors rose from');
    const { config } = await lb.status();
    expect([config.hash, config.lastReloadFailed, config.guardedUntil]).toEqual([hash, true, null]);
    expect((await lb.run('status')).stdout).toContain('TAKEN BACK');
    expect(await lb.metric('lb_config_reloads_total', 'result="reverted"')).toBe(1);
    expect(await lb.metric('lb_config_last_reload_successful')).toBe(0);
    expect(await lb.metric('lb_events_total', 'type="reload_reverted"')).toBe(1);
    const before = load.succeeded();
    await eventually(() => expect(load.succeeded()).toBeGreaterThan(before + 100), BUSY_MS);
    await load.stop();
  });

  test('keeps one that works, and another reload takes its place', async () => {
    await using backends = await startBackendProcesses(1);
    const good = yamlFor(backends[0]?.url ?? '');
    await using lb = await startLbctl(good);
    using load = startLoad({ port: lb.port, connections: 2 });
    await lb.write(good.replace('workers', 'requestId: { header: X-Id }\nworkers'));

    const kept = await lb.run('reload', '--guard', '1s');
    const watched = lb.run('reload', '--guard', '1h');
    await eventually(
      async () => expect((await lb.status()).config.guardedUntil).not.toBeNull(),
      BUSY_MS,
    );
    lb.child.kill('SIGHUP');
    const superseded = await watched;

    expect(kept).toMatchObject({ code: 0, stdout: 'requestId.header: X-Request-Id -> X-Id\n' });
    expect(kept.stderr).toContain('stays in force: neither errors nor p99 got worse');
    expect(superseded).toMatchObject({ code: 1 });
    expect(superseded.stderr).toContain('another reload came');
    await load.stop();
  });
});

describe('a reload that changes another route', () => {
  test('leaves 500 WebSockets open through 100 of them', async () => {
    await using backend = await echoWebSocket();
    await using other = await startBackendProcesses(1);
    const yaml = (weight: number): string => `
workers: 2
listeners: [{ name: web, bind: 127.0.0.1:0 }]
routes: [{ name: other, match: { paths: [/other${weight}] }, pool: other }, { name: ws, pool: ws }]
pools: { ws: { backends: ["${backend.url}"] }, other: { backends: [{ url: "${other[0]?.url}", weight: ${weight} }] } }
`;
    await using lb = await startLbctl(yaml(1));
    const clients = await Promise.all(
      Array.from({ length: 500 }, () => openWebSocket(lb.port, '/ws')),
    );
    let closed = 0;
    for (const client of clients) client.on('close', () => (closed += 1));

    for (let i = 0; i < 100; i++) {
      await lb.write(yaml(2 + (i % 2)));
      expect((await lb.admin.post('/api/v1/reload')).status).toBe(200);
    }

    expect(closed).toBe(0);
    const echoes = await Promise.all(clients.map((client, i) => roundTrip(client, `hello ${i}`)));
    expect(echoes.map(String)).toEqual(clients.map((_, i) => `hello ${i}`));
    for (const client of clients) client.terminate();
  });

  test('leaves the sockets, connections to backends and health of all others alone', async () => {
    await using backend = await echoWebSocket();
    await using other = await startBackendProcesses(1);
    const yaml = (policy: string): string => `
workers: 1
listeners: [{ name: web, bind: 127.0.0.1:0 }]
routes: [{ name: other, match: { paths: [/other] }, pool: other }, { name: rest, pool: web }]
pools:
  web: { healthCheck: { interval: 1h }, connections: { idleTimeout: 1m }, backends: ["${backend.url}"] }
  other: { policy: ${policy}, backends: ["${other[0]?.url}"] }
`;
    await using lb = await startLbctl(yaml('p2c'));
    const probed = await eventually(async () => {
      const at = (await lb.pool('web')).backends[0]?.lastProbe?.at;
      expect(at).toBeDefined();
      return at;
    });
    await fetch(`http://127.0.0.1:${lb.port}/`).then((response) => response.text());
    const [{ address } = { address: '' }] = (await lb.status()).listeners;
    const open = await eventually(() => {
      expect(backend.openSockets).toBe(1);
      return backend.openSockets;
    });

    for (const policy of ['ewma', 'round_robin', 'p2c', 'ewma']) {
      await lb.write(yaml(policy));
      expect((await lb.run('reload')).stdout).toContain('pool other: policy');
    }
    await fetch(`http://127.0.0.1:${lb.port}/`).then((response) => response.text());

    expect(backend.acceptedSockets).toBe(open + PROBES);
    expect((await lb.status()).listeners[0]?.address).toBe(address);
    expect((await lb.pool('web')).backends[0]?.lastProbe?.at).toBe(probed);
  });
});

/** Connections that the prober made: one, which it has closed. */
const PROBES = 1;
