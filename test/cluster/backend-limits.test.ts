import { expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { startHoldingBackend } from '../support/holding-backend.ts';
import { startLbctl } from '../support/lbctl.ts';
import { startLoad } from '../support/load.ts';
import { startBackend } from '../support/running-lbctl.ts';

test('maxConnections holds over two workers under load, and everybody is served', async () => {
  let now = 0;
  let most = 0;
  await using backend = await startBackend((_request, response) => {
    now++;
    most = Math.max(most, now);
    setTimeout(() => {
      now--;
      response.end('ok');
    }, 10);
  });
  await using lb = await startLbctl(`
workers: 2
listeners: [{ name: web, bind: 127.0.0.1:0, accept: round-robin }]
pools:
  web:
    healthCheck: { type: none }
    queue: { timeout: 30s }
    backends: [{ name: a, url: "${backend.url}", maxConnections: 5 }]
`);

  const { failures, succeeded } = await startLoad({
    port: lb.port,
    connections: 50,
    requests: 1_000,
  }).done;

  expect(failures).toEqual(new Map());
  expect(succeeded).toBe(1_000);
  expect(most).toBe(5);
});

test('one worker with all the traffic has all of maxConnections, and another gets its part when it has some', async () => {
  await using backend = await startHoldingBackend();
  await using lb = await startLbctl(`
workers: 2
listeners: [{ name: web, bind: 127.0.0.1:0, accept: round-robin }]
pools:
  web:
    healthCheck: { type: none }
    queue: { timeout: 30s }
    backends: [{ name: a, url: "${backend.url}", maxConnections: 4 }]
`);
  // One connection to each worker in turn; those of the second stay idle.
  const url = `http://127.0.0.1:${lb.port}`;
  const answers = Array.from({ length: 12 }, () => fetch(url));
  await eventually(() => expect(backend.held).toHaveLength(4));

  backend.letGo();

  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(answers.map(() => 200));
  expect(backend.most).toBe(4);
  await eventually(async () => expect(await lb.metric('lb_pool_queue_length')).toBe(0));
});

test('a breaker opens in all workers after failures that no worker alone has seen enough of, and closes again', async () => {
  let status = 503;
  let asked = 0;
  await using backend = await startBackend((_request, response) => {
    asked++;
    response.writeHead(status).end('said');
  });
  await using lb = await startLbctl(`
workers: 2
listeners: [{ name: web, bind: 127.0.0.1:0, accept: round-robin }]
pools:
  web:
    healthCheck: { type: none }
    circuitBreaker: { minRequests: 20, openFor: 1s, halfOpen: 2 }
    backends: [{ name: a, url: "${backend.url}" }]
`);
  const get = (): Promise<Response> =>
    fetch(`http://127.0.0.1:${lb.port}/`, { headers: { Connection: 'close' } });
  for (let i = 0; i < 20; i++) expect((await get()).headers.get('proxy-status')).toBeNull();

  await eventually(async () => expect(await lb.metric('lb_breaker_state', 'state="open"')).toBe(1));
  const before = asked;
  const refused = await Promise.all([get(), get(), get(), get()]);
  expect(refused.map((each) => each.headers.get('proxy-status'))).toEqual(
    refused.map(() => 'lb; error=destination_unavailable; details="breaker_open"'),
  );
  expect(refused.map((each) => each.headers.get('retry-after'))).toEqual(['1', '1', '1', '1']);
  expect(asked).toBe(before);

  status = 200;
  await eventually(async () => expect((await get()).status).toBe(200));
  await eventually(async () => {
    await get();
    expect(await lb.metric('lb_breaker_state', 'state="closed"')).toBe(1);
  });
  expect(await lb.metric('lb_breaker_transitions_total', 'state="open"')).toBe(1);
  expect((await get()).status).toBe(200);
});
