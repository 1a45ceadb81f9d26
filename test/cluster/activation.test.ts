import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { bindSocket, type SocketHandle } from '@lb/primary/internal/listeners/bind';
import { startBackendProcesses } from '../support/backend-process.ts';
import { eventually } from '../support/eventually.ts';
import { type Instance, startLbctl } from '../support/lbctl.ts';
import { startLoad } from '../support/load.ts';
import { getOnce, startVisitors } from '../support/visitors.ts';

const yamlFor = (url = '', bind = 'fd:web'): string => `
workers: 2
listeners: [{ name: web, bind: "${bind}" }]
pools: { web: { backends: [${url}] } }
`;

/** A socket of this process, as systemd has one; nobody accepts from it here. */
let held: { readonly handle: SocketHandle & { readonly fd?: number }; readonly port: number };
beforeEach(async () => {
  const bound = await bindSocket({ kind: 'tcp', host: '127.0.0.1', port: 0 });
  if (!bound.ok || bound.socket.address.kind !== 'tcp') throw new Error('not bound');
  held = { handle: bound.socket.handle, port: bound.socket.address.port };
});
afterEach(() => held.handle.close());

function startActivated(yaml: string): Promise<Instance> {
  return startLbctl(yaml, {}, { fd: held.handle.fd });
}

async function ends({ child }: Instance): Promise<void> {
  child.kill('SIGTERM');
  if (child.exitCode === null) await once(child, 'exit');
}

describe('a socket that is handed over', () => {
  test('is served, says where it is, and stays through reloads that take its listener away and back', async () => {
    await using backends = await startBackendProcesses(1);
    const url = backends[0]?.url;
    await using lb = await startActivated(yamlFor(url));
    expect(await getOnce(held.port)).toBe('200');
    const [listener] = (await lb.status()).listeners;
    expect(listener).toMatchObject({ bind: 'fd:web', address: `127.0.0.1:${held.port}` });

    await lb.write(yamlFor(url, '127.0.0.1:0'));
    expect((await lb.run('reload')).code).toBe(0);
    const waiting = getOnce(held.port);
    await lb.write(yamlFor(url));
    expect((await lb.run('reload')).code).toBe(0);

    expect(await waiting).toBe('200');
  });

  test('passes from one instance to the next without a failed request', async () => {
    await using backends = await startBackendProcesses(1);
    const yaml = yamlFor(backends[0]?.url);
    await using blue = await startActivated(yaml);
    using load = startLoad({ port: held.port, connections: 4 });
    const visitors = startVisitors(held.port, 2);

    await using green = await startActivated(yaml);
    await ends(blue);
    const before = visitors.outcomes.get('200') ?? 0;
    await eventually(
      () => expect(visitors.outcomes.get('200') ?? 0).toBeGreaterThan(before + 20),
      20_000,
    );

    expect([...(await visitors.stop()).keys()]).toEqual(['200']);
    expect((await load.stop()).failures).toEqual(new Map());
    await eventually(async () => expect((await green.status()).totals.requests).toBeGreaterThan(0));
  });

  test('keeps who connects while nobody runs', async () => {
    await using backends = await startBackendProcesses(1);
    const yaml = yamlFor(backends[0]?.url);
    {
      await using first = await startActivated(yaml);
      await ends(first);
    }
    const waiting = getOnce(held.port);
    await using _second = await startActivated(yaml);

    expect(await waiting).toBe('200');
  });
});
