/** What a request waits for in the store, as spans. */
import { describe, expect, test } from '@jest/globals';
import { poolYaml } from '../support/pool-yaml.ts';
import { ask, requestText } from '../support/raw-client.ts';
import { okAnswer, startRecordingBackend } from '../support/recording-backend.ts';
import { startRedis } from '../support/redis-server.ts';
import { redisStore } from '../support/redis-yaml.ts';
import { startTraced } from '../support/traced-front.ts';

describe('what is asked of the store', () => {
  test('is a span of the request that waits for it', async () => {
    await using backend = await startRecordingBackend();
    await using front = await startTraced(
      'rateLimits: { l: { rate: 1/m } }\nroutes: [{ pool: web, rateLimit: [l] }]\nstore: { timeout: 5s }\n' +
        poolYaml([backend.url]),
    );

    await ask(front.port, requestText('GET /'));
    await ask(front.port, requestText('GET /'));
    const collector = await front.collected();

    const [first, refused] = collector.requests;
    expect(collector.below(first)).toMatchObject([
      {
        name: 'store take',
        attributes: { 'db.system.name': 'lbctl', 'db.operation.name': 'take' },
      },
      { name: 'GET web' },
    ]);
    expect(refused).toMatchObject({
      status: {},
      attributes: { 'http.response.status_code': '429', 'lbctl.reason': 'rate_limited' },
    });
    expect(collector.below(refused)).toEqual([]);
  });

  test('has a name for each question, and says that it is Redis', async () => {
    await using redis = await startRedis();
    await using backend = await startRecordingBackend(() =>
      okAnswer('ok', ['Cache-Control: max-age=60']),
    );
    await using front = await startTraced(
      `${redisStore(redis)}\ncaches: { c: { shared: true } }\n` +
        'routes: [{ match: { paths: [/kept] }, pool: web, cache: c }, { pool: web }]\n' +
        poolYaml([backend.url], { sticky: { mode: 'table', key: 'cookie:SID' } }),
    );

    await ask(front.port, requestText('GET /', ['Cookie: SID=abc']));
    await ask(front.port, requestText('GET /kept', ['Cookie: SID=abc']));
    const collector = await front.collected();

    const questions = collector.requests.map((request) =>
      collector
        .below(request)
        .map(({ attributes }) => attributes)
        .filter((attributes) => 'db.operation.name' in attributes),
    );
    const system = { 'db.system.name': 'redis' };
    expect(questions).toEqual([
      [
        { ...system, 'db.operation.name': 'find' },
        { ...system, 'db.operation.name': 'bind' },
      ],
      [{ ...system, 'db.operation.name': 'ask' }],
    ]);
  });

  test('says why where the store does not answer', async () => {
    await using backend = await startRecordingBackend();
    await using front = await startTraced(
      `store: { timeout: 20ms }\n${poolYaml([backend.url], { sticky: { mode: 'table', key: 'cookie:SID' } })}`,
    );
    front.worker.stopStore();

    const answer = await ask(front.port, requestText('GET /', ['Cookie: SID=abc']));
    const collector = await front.collected();

    expect(answer.status).toBe(200);
    const [request] = collector.requests;
    expect(request?.status).toEqual({});
    const [question] = collector.below(request);
    expect(question).toMatchObject({
      name: 'store find',
      status: { code: 2 },
      attributes: { 'error.type': 'timeout' },
    });
  });
});
