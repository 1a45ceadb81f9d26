/** What a circuit breaker counts, and what a client is told while it is open. */
import { expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { askOnce, GET } from '../support/raw-peer.ts';
import { answers, scriptedBackend, sendsAndResets } from '../support/scripted-backend.ts';
import { startWorker } from '../support/worker-harness.ts';

const REFUSAL = 'HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n';
const HALF = 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf';

test.each([
  ['answers with 503', answers(REFUSAL)],
  ['bodies that break off', sendsAndResets(HALF)],
])('%s open it', async (_what, script) => {
  await using backend = await scriptedBackend(script);
  await using worker = await startWorker(
    poolYaml([backend.url], {
      retries: { attempts: 0 },
      passiveHealth: { consecutiveErrors: 0 },
      circuitBreaker: { minRequests: 4, openFor: '1m' },
    }),
  );

  for (let i = 0; i < 4; i++) await askOnce(worker.port, GET);

  await eventually(async () => {
    const { status, fields } = await askOnce(worker.port, GET);
    expect(status).toBe(503);
    expect(fields.flat().join()).toContain('breaker_open');
  });
});
