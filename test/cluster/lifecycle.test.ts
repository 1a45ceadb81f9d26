import { once } from 'node:events';
import { readFile, rename } from 'node:fs/promises';
import http from 'node:http';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { startBackendProcesses } from '../support/backend-process.ts';
import { eventually } from '../support/eventually.ts';
import { isAlive, startLbctl, type Instance } from '../support/lbctl.ts';

const yamlFor = (url = ''): string => `
workers: 2
listeners: [{ bind: 127.0.0.1:0 }]
pools: { web: { backends: [${url}] } }
`;

/** A request whose answer takes a while; resolves when the balancer has it in flight. */
async function slowRequest(
  lb: Instance,
  ms: number,
): Promise<{ readonly answer: Promise<string> }> {
  const answer = fetch(`http://127.0.0.1:${lb.port}/slow?ms=${ms}`).then((response) =>
    response.text(),
  );
  // An answer that never comes is the test's to notice, not the process's.
  answer.catch(() => undefined);
  await eventually(async () => {
    const inFlight = (await lb.pool('web')).backends[0]?.inFlight;
    expect(inFlight).toBe(1);
  });
  return { answer };
}

test('a worker that is alone is known to have connections and requests in flight', async () => {
  await using backends = await startBackendProcesses(1);
  await using lb = await startLbctl(yamlFor(backends[0]?.url).replace('workers: 2', 'workers: 1'));

  const { answer } = await slowRequest(lb, 1_000);

  expect((await lb.status()).workers).toMatchObject([{ connections: 1 }]);
  expect(await answer).toBe('a');
});

describe('shutdown', () => {
  test('SIGTERM finishes what is in flight, takes nothing new, and exits with 0', async () => {
    await using backends = await startBackendProcesses(1);
    await using lb = await startLbctl(yamlFor(backends[0]?.url));
    const { answer } = await slowRequest(lb, 1_000);

    lb.child.kill('SIGTERM');
    await eventually(async () => {
      await expect(fetch(`http://127.0.0.1:${lb.port}/`)).rejects.toThrow();
    });

    expect(await answer).toBe('a');
    if (lb.child.exitCode === null) await once(lb.child, 'exit');
    expect(lb.child.exitCode).toBe(0);
  });

  test('a second SIGTERM does not wait', async () => {
    await using backends = await startBackendProcesses(1);
    await using lb = await startLbctl(yamlFor(backends[0]?.url));
    const { answer } = await slowRequest(lb, 60_000);

    lb.child.kill('SIGTERM');
    await eventually(() => expect(lb.log()).toContain('draining'));
    lb.child.kill('SIGTERM');

    await once(lb.child, 'exit');
    await expect(answer).rejects.toThrow();
  });

  test('when the primary is killed the workers free the port at once, finish what is in flight, and exit', async () => {
    await using backends = await startBackendProcesses(1);
    await using lb = await startLbctl(yamlFor(backends[0]?.url));
    const pids = await lb.workerPids();
    const { answer } = await slowRequest(lb, 1_500);

    lb.child.kill('SIGKILL');
    await once(lb.child, 'exit');

    const successor = http.createServer((_request, response) => response.end('successor'));
    await eventually(async () => {
      const listening = once(successor, 'listening');
      successor.listen(lb.port, '127.0.0.1');
      await listening;
    });
    expect(await (await fetch(`http://127.0.0.1:${lb.port}/`)).text()).toBe('successor');
    expect(await answer).toBe('a');
    successor.closeAllConnections();
    successor.close();
    await eventually(() => expect(pids.filter(isAlive)).toEqual([]));
  });
});

describe('access log', () => {
  test('is one line per request, and reopened on SIGHUP', async () => {
    await using backends = await startBackendProcesses(1);
    const yaml = yamlFor(backends[0]?.url);
    await using lb = await startLbctl(yaml);
    const path = join(lb.folder, 'access.log');
    await lb.write(`${yaml}log: { access: { path: ${path} } }\n`);
    expect((await lb.run('reload')).code).toBe(0);
    const linesIn = async (file: string): Promise<Record<string, unknown>[]> => {
      const text = await readFile(file, 'utf8');
      return text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    };
    await fetch(`http://127.0.0.1:${lb.port}/one?x=1`);
    const [line] = await eventually(() => linesIn(path));

    expect(line).toMatchObject({
      path: '/one',
      query: 'x=1',
      status: 200,
      route: 'default',
      pool: 'web',
      tries: 1,
    });

    await rename(path, `${path}.1`);
    lb.child.kill('SIGHUP');
    await eventually(() => readFile(path));
    await fetch(`http://127.0.0.1:${lb.port}/two`);
    const after = await eventually(async () => {
      const lines = await linesIn(path);
      expect(lines).toHaveLength(1);
      return lines;
    });
    expect(after[0]).toMatchObject({ path: '/two' });
  });
});
