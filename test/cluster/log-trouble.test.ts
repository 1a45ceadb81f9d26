import { expect, test } from '@jest/globals';
import { startBackendProcesses } from '../support/backend-process.ts';
import { eventually } from '../support/eventually.ts';
import { startLbctl, type Instance } from '../support/lbctl.ts';

const yamlFor = (url = '', level = 'info'): string => `
workers: 2
log: { level: ${level}, access: { enabled: false } }
listeners: [{ bind: 127.0.0.1:0 }]
pools: { web: { backends: [${url}] } }
`;

/** Writes to stderr, at a signal that means nothing else, until it is full: for ever where that blocks. */
const FILL = `import fs from 'node:fs';
const line = Buffer.from('x'.repeat(1023) + '\\n');
process.on('SIGWINCH', () => { try { for (;;) fs.writeSync(2, line); } catch {} });`;
const WITH_FILL = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(FILL)}` };

/** Has both processes write to the log, and asks for what clients and operators want meanwhile. */
async function expectService(lb: Instance, yaml: string): Promise<void> {
  await lb.write(yaml);
  expect(await lb.run('reload')).toMatchObject({ code: 0 });
  const [pid] = await lb.workerPids();
  process.kill(pid ?? 0, 'SIGKILL');
  await eventually(async () => {
    expect(await lb.metric('lb_worker_restarts_total')).toBe(1);
    expect((await lb.status()).workers.map(({ state }) => state)).toEqual(['running', 'running']);
  });
  expect((await fetch(`http://127.0.0.1:${lb.port}/`)).status).toBe(200);
}

test('a log that nobody reads stops neither traffic nor operators', async () => {
  await using backends = await startBackendProcesses(1);
  const url = backends[0]?.url;
  await using lb = await startLbctl(yamlFor(url), WITH_FILL);
  lb.child.stderr?.pause();
  for (const pid of [lb.child.pid ?? 0, ...(await lb.workerPids())]) process.kill(pid, 'SIGWINCH');

  await expectService(lb, yamlFor(url, 'debug'));

  lb.child.stderr?.resume();
  await lb.write(yamlFor(url));
  await lb.run('reload');
  await eventually(() => expect(lb.log().includes('log.level: debug -> info')).toBe(true));
});

test('a log whose reader is gone stops neither traffic nor operators', async () => {
  await using backends = await startBackendProcesses(1);
  const url = backends[0]?.url;
  await using lb = await startLbctl(yamlFor(url));
  lb.child.stderr?.destroy();

  await expectService(lb, yamlFor(url, 'debug'));
});
