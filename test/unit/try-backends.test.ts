/** The loop of tries, where real sockets cannot bring about what it must stand. */
import { EventEmitter } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { pool as poolSchema } from '@lb/shared/config/schema/pool';
import type { PoolSnapshot } from '@lb/shared/model/snapshot';
import { seededRandom } from '@lb/shared/time/clock';
import type { Backend } from '@lb/worker/internal/balancing/backend';
import { Backends } from '@lb/worker/internal/balancing/backends';
import { classifyError } from '@lb/worker/internal/forward/classify-error';
import type { Failure, Outcome } from '@lb/worker/internal/forward/forwarder';
import { decideRetry } from '@lb/worker/internal/forward/retry';
import { Cells } from '@lb/worker/internal/metrics/cells';
import type { Exchange } from '@lb/worker/internal/request/exchange';
import type { Passage } from '@lb/worker/internal/request/passage';
import type { Services } from '@lb/worker/internal/request/services';
import { eachBackend } from '@lb/worker/internal/request/try-backends';
import type { ToPrimary } from '@lb/shared/ipc/messages';
import { metricTotal } from '../support/metric-totals.ts';
import { Timeline } from '../support/timeline.ts';

const errorOf = (code: string): Error => Object.assign(new Error(code), { code });
const failure = (more: Partial<Failure> = {}): Failure => ({
  kind: 'failure',
  code: 'reset',
  detail: '',
  reusedConnection: false,
  isLocal: false,
  ...more,
});

/** A pool of two, and what the loop needs of the rest. */
function scene(retries: object = {}): {
  readonly passage: Passage;
  readonly exchange: Exchange;
  readonly cells: Cells;
  readonly unreachable: Backend[];
  readonly short: Backend[];
} {
  const cells = new Cells();
  const timeline = new Timeline();
  const urls = ['http://127.0.0.1:1', 'http://127.0.0.1:2'];
  const parsed = poolSchema.parse({ backends: urls, policy: 'round_robin', retries });
  const snapshot: PoolSnapshot = {
    ...parsed,
    name: 'web',
    backends: urls.map((url, slot) => ({
      slot,
      url,
      name: url,
      weight: 1,
      backup: false,
      state: 'up',
    })),
  };
  const backends = new Backends(cells, timeline, seededRandom(1), 0);
  const { pools } = backends.apply({
    version: 1,
    workerCount: 1,
    slotCount: 2,
    pools: [snapshot],
  } as unknown as Parameters<Backends['apply']>[0]);
  const pool = pools.get('web');
  if (pool === undefined) throw new Error('there is a pool');
  const unreachable: Backend[] = [];
  const short: Backend[] = [];
  const services = {
    clock: timeline,
    shortages: { report: (backend: Backend) => short.push(backend) },
    reportUnreachable: (backend: Backend) => {
      backends.takeOut(backend);
      unreachable.push(backend);
    },
  } as unknown as Services;
  const exchange = {
    response: new EventEmitter(),
    tried: [],
    tries: 0,
    upstreamMs: 0,
    startedMs: 0,
    isRepeatable: () => true,
  } as unknown as Exchange;
  const passage = { exchange, pool, services } as unknown as Passage;
  return { passage, exchange, cells, unreachable, short };
}

const tryThat = (outcome: Outcome) => ({
  outcome: Promise.resolve(outcome),
  connectMs: undefined,
  cancel: () => undefined,
});
const sentBy = (cells: Cells): ToPrimary[] => {
  const delta = cells.takeDelta();
  return delta === undefined ? [] : [{ lb: 1, ...delta }];
};

test('what this machine lacks is not held against the backend', async () => {
  const { passage, cells, unreachable, short } = scene();

  const outcome = await eachBackend(passage, () =>
    tryThat(failure({ code: 'connect_failed', isLocal: true })),
  );

  expect(outcome).toMatchObject({ reply: { status: 502 } });
  expect(short.length).toBeGreaterThan(0);
  expect(unreachable).toEqual([]);
  expect(metricTotal(sentBy(cells), 'lb_backend_errors_total')).toBe(0);
});

test('a backend that cannot be connected to is out, and the next is tried', async () => {
  const { passage, unreachable } = scene();
  const asked: string[] = [];

  await eachBackend(passage, (backend) => {
    asked.push(backend.name);
    return tryThat(failure({ code: 'connect_failed' }));
  });

  expect(asked).toEqual(['http://127.0.0.1:1', 'http://127.0.0.1:2']);
  expect(unreachable).toHaveLength(2);
});

test('nobody is asked again for a client that has left meanwhile', async () => {
  const { passage, exchange, cells } = scene();
  let asked = 0;

  const outcome = await eachBackend(passage, () => {
    asked++;
    exchange.isFinished = true;
    return tryThat(failure());
  });

  expect(outcome).toEqual({ gone: true });
  expect(asked).toBe(1);
  expect(metricTotal(sentBy(cells), 'lb_backend_in_flight')).toBe(0);
});

describe('whether a failure is followed by another try', () => {
  const { retries } = poolSchema.parse({ backends: ['http://127.0.0.1:1'] });
  const exchangeOf = (more: object = {}): Exchange =>
    ({ isRepeatable: () => true, staleRetryUsed: false, ...more }) as unknown as Exchange;

  test.each([
    [
      'a refused connection',
      failure({ code: 'connect_failed' }),
      {},
      0,
      { retry: true, reason: 'connect' },
    ],
    [
      'a late connection',
      failure({ code: 'connect_timeout' }),
      {},
      0,
      { retry: true, reason: 'connect' },
    ],
    ['a reset', failure(), {}, 0, { retry: true, reason: 'reset' }],
    ['a reset, attempts used', failure(), {}, 1, { retry: false, refusal: 'attempts' }],
    [
      'a reset on a used connection',
      failure({ reusedConnection: true }),
      {},
      1,
      { retry: true, reason: 'stale' },
    ],
    [
      'a second one of those',
      failure({ reusedConnection: true }),
      { staleRetryUsed: true },
      0,
      { retry: true, reason: 'reset' },
    ],
    [
      'no answer in time',
      failure({ code: 'response_timeout' }),
      {},
      0,
      { retry: false, refusal: 'kind' },
    ],
    [
      'a malformed answer',
      failure({ code: 'protocol_error' }),
      {},
      0,
      { retry: false, refusal: 'kind' },
    ],
    ['a POST', failure(), { isRepeatable: () => false }, 0, { retry: false, refusal: 'method' }],
    [
      'a body not kept',
      failure(),
      { body: { isReplayable: false } },
      0,
      { retry: false, refusal: 'body' },
    ],
  ])('%s', (...row) => {
    const [, failed, exchange, used, decision] = row;
    expect(decideRetry(failed, exchangeOf(exchange), retries, used)).toEqual(decision);
  });
});

test.each([
  ['ECONNREFUSED', false, 'connect_failed', false],
  ['ECONNECT_TIMEOUT', false, 'connect_timeout', false],
  ['ETIMEDOUT', false, 'connect_timeout', false],
  ['EMFILE', false, 'connect_failed', true],
  ['EADDRNOTAVAIL', false, 'connect_failed', true],
  ['ECONNRESET', true, 'reset', false],
  ['EPIPE', true, 'reset', false],
  ['HPE_INVALID_CONSTANT', true, 'protocol_error', false],
  ['ETIMEDOUT', true, 'reset', false],
] as const)(
  'the error %s, connected: %s, is %s, local: %s',
  (code, isConnected, failed, isLocal) => {
    expect(classifyError(errorOf(code), isConnected)).toEqual({ code: failed, isLocal });
  },
);
