import net from 'node:net';
import { expect, test } from '@jest/globals';
import { startBackendProcesses } from '../support/backend-process.ts';
import { eventually } from '../support/eventually.ts';
import { startLbctl, type Instance } from '../support/lbctl.ts';

const LIMIT = 160;
const FEW_DESCRIPTORS = ['prlimit', `--nofile=${LIMIT}:${LIMIT}`];

const yamlFor = (url = ''): string => `
workers: 1
listeners: [{ name: web, bind: 127.0.0.1:0 }]
pools: { web: { backends: [${url}] } }
`;

const REJECTED = 'lb_listener_connections_rejected_total';

/** Connections that are closed with the test. */
class Clients implements Disposable {
  readonly #sockets: net.Socket[] = [];

  /** Resolves when the connection stands. */
  async open(lb: Instance, text = ''): Promise<void> {
    const socket = net.connect(lb.port, '127.0.0.1');
    this.#sockets.push(socket);
    socket.on('error', () => socket.destroy());
    await new Promise<void>((resolve) => socket.once('connect', resolve));
    if (text !== '') socket.write(text);
  }

  close(): void {
    for (const socket of this.#sockets.splice(0)) socket.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

const request = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a.test\r\n\r\n`;

/** Status of an answer on a new connection. */
const statusOf = async (lb: Instance): Promise<number> =>
  (await fetch(`http://127.0.0.1:${lb.port}/`, { headers: { connection: 'close' } })).status;

test('idle connections make room for new ones before descriptors run out', async () => {
  await using backends = await startBackendProcesses(1);
  await using lb = await startLbctl(
    yamlFor(backends[0]?.url),
    {},
    {
      through: FEW_DESCRIPTORS,
    },
  );
  using clients = new Clients();

  for (let opened = 0; opened < 2 * LIMIT; opened += 10) {
    await Promise.all(Array.from({ length: 10 }, () => clients.open(lb)));
    await eventually(async () => expect(await statusOf(lb)).toBe(200));
  }

  expect(lb.log()).toContain('few file descriptors are left');
  expect(lb.log()).not.toContain('EMFILE');
  expect(await lb.metric('lb_worker_restarts_total')).toBe(0);
});

test('with nothing idle new connections are refused and counted, the admin server answers, and it passes', async () => {
  await using backends = await startBackendProcesses(1);
  await using lb = await startLbctl(
    yamlFor(backends[0]?.url),
    {},
    {
      through: FEW_DESCRIPTORS,
    },
  );
  using clients = new Clients();

  for (let opened = 0; opened < 2 * LIMIT; opened += 1)
    await clients.open(lb, request('/slow?ms=60000'));
  await eventually(async () => {
    expect(await lb.metric(REJECTED, 'descriptors')).toBeGreaterThan(0);
  });
  expect((await lb.status()).state).toBe('running');
  clients.close();

  await eventually(async () => expect(await statusOf(lb)).toBe(200));
});

test('a limit that is too low is said at the start, with what is needed', async () => {
  await using backends = await startBackendProcesses(1);
  await using lb = await startLbctl(
    yamlFor(backends[0]?.url),
    {},
    {
      through: FEW_DESCRIPTORS,
    },
  );

  const line = lb
    .log()
    .split('\n')
    .find((each) => each.includes('the limit of open files is low'));
  expect(JSON.parse(line ?? '')).toMatchObject({ level: 'warn', limit: LIMIT, needed: 16_100 });
});
