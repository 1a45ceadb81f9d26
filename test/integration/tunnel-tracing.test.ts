/** The spans of a tunnel. */
import { expect, test } from '@jest/globals';
import { poolYaml } from '../support/pool-yaml.ts';
import { connectRaw } from '../support/raw-peer.ts';
import { scriptedBackend, sends } from '../support/scripted-backend.ts';
import { startTraced } from '../support/traced-front.ts';
import { switching, WEBSOCKET } from '../support/upgrade-text.ts';

test('end with the tunnel, and say that nothing went wrong', async () => {
  await using backend = await scriptedBackend(sends(`${switching('websocket')}welcome`));
  await using front = await startTraced(poolYaml([backend.url]));
  const client = await connectRaw(front.port);
  client.send(WEBSOCKET);
  await client.untilText('welcome');
  const openMs = Date.now();
  client.end();
  await backend.peers[0]?.untilEnded();
  client[Symbol.dispose]();
  const collector = await front.collected();

  const [request] = collector.requests;
  const [attempt] = collector.below(request);
  for (const span of [request, attempt]) {
    expect(span).toMatchObject({ status: {}, attributes: { 'http.response.status_code': '101' } });
    expect(Number(span?.endTimeUnixNano) / 1e6).toBeGreaterThanOrEqual(openMs - 2);
  }
  expect(attempt?.attributes).not.toHaveProperty(['lbctl.cancelled']);
  expect(backend.peers[0]?.text ?? '').not.toContain('traceparent: what');
});
