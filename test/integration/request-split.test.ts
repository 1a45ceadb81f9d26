/** A split of sticky pools, on the wire. */
import { expect, test } from '@jest/globals';
import { ask, headerOf } from '../support/raw-client.ts';
import { okAnswer, startRecordingBackend } from '../support/recording-backend.ts';
import { startWorker } from '../support/worker-harness.ts';

const get = (from: string, fields: readonly string[] = []): string => {
  const lines = ['Host: lb.test', `X-Forwarded-For: ${from}`, ...fields];
  return `GET / HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`;
};

test('a client keeps to its pool by its cookie, from any address and whatever the weights are by then', async () => {
  await using stable = await startRecordingBackend(() => okAnswer('stable'));
  await using canary = await startRecordingBackend(() => okAnswer('canary'));
  const config = (stableWeight: number, canaryWeight: number): string => `
trustedProxies: [127.0.0.0/8]
routes: [{ split: [{ pool: stable, weight: ${stableWeight} }, { pool: canary, weight: ${canaryWeight} }] }]
pools:
  stable: { sticky: { mode: cookie }, backends: [{ url: "${stable.url}" }] }
  canary: { sticky: { mode: cookie }, backends: [{ url: "${canary.url}" }] }
`;
  await using worker = await startWorker(config(0, 1));
  const first = await ask(worker.port, get('192.0.2.1'));
  expect(first.body).toBe('canary');
  const [cookie = ''] = (headerOf(first, 'set-cookie') ?? '').split(';');

  worker.apply(config(1, 0));
  for (let i = 0; i < 10; i++) {
    const answer = await ask(worker.port, get(`192.0.2.${i}`, [`Cookie: a=b; ${cookie}`]));
    expect(answer.body).toBe('canary');
    expect(headerOf(answer, 'set-cookie')).toBeUndefined();
  }
  expect((await ask(worker.port, get('192.0.2.1'))).body).toBe('stable');
  expect((await ask(worker.port, get('192.0.2.1', ['Cookie: lb_canary=made-up']))).body).toBe(
    'stable',
  );
});

test('a client without a cookie keeps to its pool by its address', async () => {
  await using stable = await startRecordingBackend(() => okAnswer('stable'));
  await using canary = await startRecordingBackend(() => okAnswer('canary'));
  await using worker = await startWorker(`
trustedProxies: [127.0.0.0/8]
routes: [{ split: [{ pool: stable, weight: 1 }, { pool: canary, weight: 1 }] }]
pools:
  stable: { sticky: { mode: learn, cookie: SID }, backends: [{ url: "${stable.url}" }] }
  canary: { backends: [{ url: "${canary.url}" }] }
`);
  const seen = new Set<string>();
  for (let client = 0; client < 20; client++) {
    const [one, two] = [get(`192.0.2.${client}`), get(`192.0.2.${client}`, ['Cookie: SID=x'])];
    const { body } = await ask(worker.port, one);
    expect((await ask(worker.port, two)).body).toBe(body);
    seen.add(body);
  }
  expect(seen).toEqual(new Set(['stable', 'canary']));
});
