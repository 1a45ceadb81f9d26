import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { ListenOptions, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { bindFailure } from '@lb/primary/internal/listeners/bind-failure';
import type { BoundSocket, TcpAddress, UnixAddress } from '@lb/primary/internal/listeners/bind';
import { bindSocket } from '@lb/primary/internal/listeners/bind';
import { InheritedSockets } from '@lb/primary/internal/listeners/inherited-sockets';
import { ListenerSet } from '@lb/primary/internal/listeners/listener-set';
import { listeningInodes } from '@lb/primary/internal/listeners/port-holder';
import type { ListenerConfig } from '@lb/shared/config/schema/root';
import { configOf } from '../support/config-text.ts';

const loopback = (port: number): TcpAddress => ({ kind: 'tcp', host: '127.0.0.1', port });

let directory = '';
let opened: { close(): unknown }[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lbctl-bind-'));
});
afterEach(() => {
  for (const each of opened) each.close();
  opened = [];
  rmSync(directory, { recursive: true });
});

async function bound(address: TcpAddress | UnixAddress): Promise<BoundSocket> {
  const result = await bindSocket(address);
  if (!result.ok) throw new Error(result.message);
  opened.push(result.socket.handle);
  return result.socket;
}

async function listening(options: ListenOptions): Promise<Server> {
  const server = createServer();
  opened.push(server);
  await new Promise<void>((resolve) => server.listen(options, resolve));
  return server;
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

describe('a bind', () => {
  test('to port 0 says which port it took', async () => {
    const { address } = await bound(loopback(0));
    expect(address).toMatchObject({ host: '127.0.0.1', port: expect.any(Number) });
    expect(address).not.toHaveProperty('port', 0);
  });

  test('without a host takes every address of the machine', async () => {
    const { address } = await bound({ kind: 'tcp', host: '', port: 0 });
    expect(['::', '0.0.0.0']).toContain(address.kind === 'tcp' ? address.host : '');
  });

  test('resolves a host name', async () => {
    const { address } = await bound({ kind: 'tcp', host: 'localhost', port: 0 });
    expect(address).toMatchObject({ host: 'localhost' });
  });

  test('to a port in use is refused, also through the address of all addresses', async () => {
    const port = portOf(await listening({ host: '127.0.0.1', port: 0 }));
    for (const host of ['127.0.0.1', '0.0.0.0', '']) {
      const result = await bindSocket({ kind: 'tcp', host, port });
      expect(result).toMatchObject({ ok: false, message: expect.stringContaining('port in use') });
    }
  });

  test('to a unix socket takes the place of one that nobody answers on', async () => {
    const path = join(directory, 'a.sock');
    const first = await bound({ kind: 'unix', path });
    // Bound and never listening: what a killed process leaves looks the same from outside.
    expect(existsSync(path)).toBe(true);
    const second = await bound({ kind: 'unix', path });
    expect(second.handle).not.toBe(first.handle);
  });

  test('to a unix socket that somebody answers on, or to a file, is refused and touches nothing', async () => {
    const path = join(directory, 'a.sock');
    await listening({ path });
    const file = join(directory, 'file');
    writeFileSync(file, 'precious');
    for (const taken of [path, file]) {
      expect(await bindSocket({ kind: 'unix', path: taken })).toMatchObject({ ok: false });
      expect(existsSync(taken)).toBe(true);
    }
  });

  test('to a unix socket removes it when it is closed', async () => {
    const path = join(directory, 'a.sock');
    const { handle } = await bound({ kind: 'unix', path });
    await new Promise<void>((resolve) => {
      handle.close();
      setImmediate(resolve);
    });
    opened = [];
    expect(existsSync(path)).toBe(false);
  });
});

test('a low port without permission is explained', async () => {
  const { message, hint } = await bindFailure(loopback(80), 'EACCES');
  expect(message).toContain('127.0.0.1:80');
  expect(hint).toContain('AmbientCapabilities');
});

test('only listening sockets of the port are found in /proc/net/tcp', () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 111 1
   1: 0100007F:1F90 0100007F:D2F0 01 00000000:00000000 00:00000000 00000000     0        0 222 1
   2: 00000000:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 333 1
`;
  expect(listeningInodes(table, 8080)).toEqual(['111']);
});

describe('the listeners of an instance', () => {
  const wanted = (...entries: string[]): readonly ListenerConfig[] =>
    configOf(
      `listeners: [${entries.join(', ')}]\npools: { web: { backends: [http://127.0.0.1:1] } }`,
    ).listeners;

  async function commit(set: ListenerSet, listeners: readonly ListenerConfig[]) {
    const prepared = await set.prepare(listeners, 2);
    if (!prepared.ok) throw new Error('not prepared');
    set.commit(prepared.plan);
    return prepared.plan;
  }

  test('keep their sockets when they stay, also under another name', async () => {
    const set = new ListenerSet(new InheritedSockets(new Map()));
    opened.push(set);
    await commit(set, wanted('{ name: a, bind: "127.0.0.1:0" }'));
    const [before] = set.listeners;
    const same = await commit(set, wanted('{ name: a, bind: "127.0.0.1:0" }'));
    expect(same.added).toEqual([]);
    const renamed = await commit(set, wanted('{ name: b, bind: "127.0.0.1:0" }'));
    expect(renamed.added.map(({ name }) => name)).toEqual(['b']);
    expect(set.listeners[0]?.handles).toEqual(before?.handles);
  });

  test('stay as they are when one of the new ones cannot be bound', async () => {
    const set = new ListenerSet(new InheritedSockets(new Map()));
    opened.push(set);
    await commit(set, wanted('{ name: a, bind: "127.0.0.1:0" }'));
    const port = portOf(await listening({ host: '127.0.0.1', port: 0 }));
    const prepared = await set.prepare(
      wanted('{ name: b, bind: "127.0.0.1:0" }', `{ name: c, bind: "127.0.0.1:${port}" }`),
      2,
    );
    expect(prepared).toMatchObject({ ok: false, failures: [{ index: 1, name: 'c' }] });
    expect(set.listeners.map(({ name }) => name)).toEqual(['a']);
  });
});
