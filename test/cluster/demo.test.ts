import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { takenPorts } from '../demo/ports.ts';
import type { DemoPorts } from '../demo/ports.ts';

const DEMO = fileURLToPath(new URL('../demo/demo.ts', import.meta.url));
const run = promisify(execFile);

test('the demo spreads thirty requests over three backends and leaves nothing behind', async () => {
  const ports = await freePorts();

  const { stdout } = await run(process.execPath, [DEMO, '--once', ...flags(ports)], {
    timeout: 60_000,
  });

  const counts = [...stdout.matchAll(/web-[123] (\d+)/g)].map(([, count]) => Number(count));
  expect(counts).toHaveLength(3);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(30);
  expect(await takenPorts(ports)).toEqual([]);
}, 90_000);

test('the demo names the port that is in use and the way to choose another', async () => {
  const ports = await freePorts();
  const holder = createServer();
  await listen(holder, ports.admin);
  try {
    const failure: unknown = await run(process.execPath, [DEMO, ...flags(ports)]).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: 1 });
    expect(failure).toHaveProperty('stderr', expect.stringContaining(`in use: ${ports.admin}`));
    expect(failure).toHaveProperty('stderr', expect.stringContaining('--admin-port'));
  } finally {
    holder.close();
  }
});

function flags(ports: DemoPorts): string[] {
  return [
    ['--port', ports.listener],
    ['--admin-port', ports.admin],
    ['--backend-port', ports.backends[0]],
  ]
    .flat()
    .map(String);
}

/** Five in a row that are free, below those that the system gives to connections: tests beside this one open thousands. */
async function freePorts(): Promise<DemoPorts> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const listener = 10_000 + (((process.pid + attempt) * 5) % 20_000);
    const [admin, first] = [listener + 1, listener + 2];
    const ports: DemoPorts = { listener, admin, backends: [first, first + 1, first + 2] };
    if ((await takenPorts(ports)).length === 0) return ports;
  }
  throw new Error('no five free ports in a row');
}

function listen(server: ReturnType<typeof createServer>, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
}
