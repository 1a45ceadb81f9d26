/** Random answers to random requests, and a model of the RFC that says which of them are stored and used. */
import { expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { startCached } from '../support/cached-front.ts';
import { CacheModel, type ModelAnswer, type ModelRequest } from '../support/cache-model.ts';
import { okAnswer } from '../support/recording-backend.ts';

const SEED = 20_261_126;
const DEFAULT_TTL_S = 20;

const seconds = fc.constantFrom(0, 5, 30, 1_000);

const requests: fc.Arbitrary<ModelRequest> = fc.record({
  authorization: fc.boolean(),
  cookie: fc.boolean(),
  kind: fc.constantFrom('a', 'b'),
  directives: fc.oneof(
    { weight: 3, arbitrary: fc.constant<string[]>([]) },
    fc.array(
      fc.oneof(
        fc.constantFrom('no-cache', 'extension'),
        seconds.map((s) => `max-age=${s}`),
        seconds.map((s) => `min-fresh=${s}`),
      ),
      { maxLength: 2 },
    ),
  ),
});

const answers: fc.Arbitrary<ModelAnswer> = fc.record({
  status: fc.constantFrom(200, 200, 200, 203, 302, 400, 404, 431, 500, 599),
  directives: fc.array(
    fc.oneof(
      { weight: 4, arbitrary: seconds.map((s) => `max-age=${s}`) },
      seconds.map((s) => `s-maxage=${s}`),
      fc.constantFrom('no-store', 'no-cache', 'private', 'public', 'must-revalidate'),
      fc.constantFrom('must-understand', 'proxy-revalidate', 'immutable', 'a="max-age=1000"'),
    ),
    { maxLength: 4 },
  ),
  age: fc.constantFrom(undefined, undefined, '3', '25', 'old'),
  expires: fc.constantFrom<ModelAnswer['expires'][]>(undefined, undefined, -10, 0, 15, 'bad'),
  vary: fc.constantFrom<ModelAnswer['vary'][]>(undefined, undefined, 'X-Kind', '*'),
  setCookie: fc.boolean(),
});

const sequences = fc.array(
  fc.record({ request: requests, answer: answers, passS: fc.constantFrom(0, 1, 10, 29, 31) }),
  { minLength: 2, maxLength: 8 },
);

function requestFields(request: ModelRequest): string[] {
  const fields = [`X-Kind: ${request.kind}`];
  if (request.authorization) fields.push('Authorization: Basic eA==');
  if (request.cookie) fields.push('Cookie: a=b');
  if (request.directives.length > 0) fields.push(`Cache-Control: ${request.directives.join(', ')}`);
  return fields;
}

function answerText(answer: ModelAnswer, body: string, nowMs: number): string {
  const date = (ms: number): string => new Date(ms).toUTCString();
  const fields = [`Date: ${date(nowMs)}`];
  if (answer.directives.length > 0) fields.push(`Cache-Control: ${answer.directives.join(',')}`);
  if (answer.age !== undefined) fields.push(`Age: ${answer.age}`);
  if (answer.expires !== undefined)
    fields.push(`Expires: ${answer.expires === 'bad' ? '0' : date(nowMs + answer.expires * 1000)}`);
  if (answer.vary !== undefined) fields.push(`Vary: ${answer.vary}`);
  if (answer.setCookie) fields.push('Set-Cookie: s=1');
  return okAnswer(body, fields).replace('200 OK', `${answer.status} Some`);
}

test('what is stored, and when it is used, is what a model of RFC 9111 says', async () => {
  let next: ModelAnswer | undefined;
  let count = 0;
  await using lb = await startCached({
    cache: `{ defaultTtl: ${DEFAULT_TTL_S}s }`,
    respond: () => {
      if (next === undefined) throw new Error('nothing is to be asked for');
      return answerText(next, String(++count), lb.clock.wallMs());
    },
  });
  let run = 0;

  await fc.assert(
    fc.asyncProperty(sequences, async (steps) => {
      const model = new CacheModel(DEFAULT_TTL_S);
      const target = `/run/${++run}`;
      for (const { request, answer, passS } of steps) {
        lb.clock.pass(passS * 1000);
        const nowS = lb.clock.wallMs() / 1000;
        next = answer;
        const expected = model.use(request, nowS);
        const before = count;

        const { body } = await lb.get(target, requestFields(request));

        expect(body).toBe(expected ?? String(before + 1));
        if (expected === undefined) model.learn(request, answer, body, nowS);
      }
    }),
    { seed: SEED, numRuns: 150 },
  );
});
