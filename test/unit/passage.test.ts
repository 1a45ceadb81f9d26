/** The way to a backend, where real sockets cannot bring about what it must stand. */
import { describe, expect, test } from '@jest/globals';
import { pool as poolSchema } from '@lb/shared/config/schema/pool';
import type { PoolSnapshot } from '@lb/shared/model/snapshot';
import { seededRandom } from '@lb/shared/time/clock';
import type { Backend } from '@lb/worker/internal/balancing/backend';
import { Backends } from '@lb/worker/internal/balancing/backends';
import { classifyError } from '@lb/worker/internal/forward/classify-error';
import type { Failure, Try } from '@lb/worker/internal/forward/forwarder';
import { reasonOfFailure, refusalOf } from '@lb/worker/internal/forward/retry';
import { Cells } from '@lb/worker/internal/metrics/cells';
import type { Exchange } from '@lb/worker/internal/request/exchange';
import { Passage } from '@lb/worker/internal/request/passage';
import type { ToPrimary } from '@lb/shared/ipc/messages';
import { metricTotal } from '../support/metric-totals.ts';
import { DEFAULT_TLS } from '../support/default-tls.ts';
import { Timeline } from '../support/timeline.ts';

const errorOf = (code: string): Error => Object.assign(new Error(code), { code });
const failure = (more: Partial<Failure> = {}): Failure => ({
  code: 'reset',
  detail: '',
  reusedConnection: false,
  hasAnswerBegun: false,
  isLocal: false,
  ...more,
});

/** A way on which every try fails at once. */
class FailingPassage extends Passage {
  readonly asked: string[] = [];
  failure: Partial<Failure> = {};
  onTry: () => void = () => undefined;

  protected override startTry(backend: Backend): Try {
    this.asked.push(backend.name);
    this.onTry();
    process.nextTick(() => this.onFailure(failure(this.failure)));
    const nothing = () => undefined;
    return { connectMs: undefined, resume: nothing, cancel: nothing, discard: nothing };
  }
}

/** A pool of two, and what a passage needs of the rest. */
function scene(failing: Partial<Failure> = {}): {
  readonly passage: FailingPassage;
  readonly exchange: { isOver: boolean };
  /** Statuses of what the client was told. */
  readonly replies: number[];
  readonly cells: Cells;
  readonly unreachable: Backend[];
  readonly short: Backend[];
} {
  const cells = new Cells();
  const timeline = new Timeline();
  const urls = ['http://127.0.0.1:1', 'http://127.0.0.1:2'];
  const parsed = poolSchema.parse({ backends: urls, policy: 'round_robin' });
  const snapshot: PoolSnapshot = {
    ...parsed,
    name: 'web',
    tls: DEFAULT_TLS,
    backends: urls.map((url, slot) => ({
      slot,
      url,
      name: url,
      weight: 1,
      maxConnections: 0,
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
  const replies: number[] = [];
  const services = {
    clock: timeline,
    random: () => 0,
    shortages: { report: (backend: Backend) => short.push(backend) },
    reportUnreachable: (backend: Backend) => {
      backends.takeOut(backend);
      unreachable.push(backend);
    },
    runtime: () => ({ requestIdHeader: 'X-Request-Id' }),
  };
  const exchange = {
    response: {
      begin: (status: number) => replies.push(status),
      write: () => true,
      end: () => undefined,
    },
    connection: { hasWholeRequest: true },
    services,
    header: () => undefined,
    tried: [],
    tries: 0,
    upstreamMs: 0,
    startedMs: 0,
    isRepeatable: () => true,
    isOver: false,
  };
  const route = {} as unknown as ConstructorParameters<typeof Passage>[1];
  const passage = new FailingPassage(exchange as unknown as Exchange, route, pool);
  passage.failure = failing;
  return { passage, exchange, replies, cells, unreachable, short };
}

/** Lets every try fail that is made. */
async function run(passage: Passage): Promise<void> {
  passage.next();
  await new Promise((resolve) => setImmediate(resolve));
}

const sentBy = (cells: Cells): ToPrimary[] => {
  const delta = cells.takeDelta();
  return delta === undefined ? [] : [{ lb: 1, ...delta }];
};

test('what this machine lacks is not held against the backend', async () => {
  const { passage, replies, cells, unreachable, short } = scene({
    code: 'connect_failed',
    isLocal: true,
  });

  await run(passage);

  expect(replies).toEqual([502]);
  expect(short.length).toBeGreaterThan(0);
  expect(unreachable).toEqual([]);
  expect(metricTotal(sentBy(cells), 'lb_backend_errors_total')).toBe(0);
});

test('a backend that cannot be connected to is out, and the next is tried', async () => {
  const { passage, unreachable } = scene({ code: 'connect_failed' });

  await run(passage);

  expect(passage.asked).toEqual(['http://127.0.0.1:1', 'http://127.0.0.1:2']);
  expect(unreachable).toHaveLength(2);
});

test('nobody is asked again for a client that has left meanwhile', async () => {
  const { passage, exchange, replies, cells } = scene();
  passage.onTry = () => {
    exchange.isOver = true;
  };

  await run(passage);

  expect(replies).toEqual([]);
  expect(passage.asked).toHaveLength(1);
  expect(metricTotal(sentBy(cells), 'lb_backend_in_flight')).toBe(0);
});

describe('whether a failure is followed by another try', () => {
  const { retries } = poolSchema.parse({ backends: ['http://127.0.0.1:1'] });
  const rules = { ...retries, reasons: new Set(retries.on) };
  const exchangeOf = (more: object = {}): Exchange =>
    ({ isRepeatable: () => true, staleRetryUsed: false, ...more }) as unknown as Exchange;

  test.each([
    ['a refused connection', failure({ code: 'connect_failed' }), {}, 0, 'connect', undefined],
    ['a late connection', failure({ code: 'connect_timeout' }), {}, 0, 'connect', undefined],
    ['a failed handshake', failure({ code: 'tls_failed' }), {}, 0, 'connect', undefined],
    ['a reset', failure(), {}, 0, 'reset', undefined],
    ['a reset, attempts used', failure(), {}, 1, 'reset', 'attempts'],
    ['a used connection', failure({ reusedConnection: true }), {}, 1, 'stale', undefined],
    [
      'a second one of those',
      failure({ reusedConnection: true }),
      { staleRetryUsed: true },
      0,
      'reset',
      undefined,
    ],
    ['no answer in time', failure({ code: 'response_timeout' }), {}, 0, 'timeout', 'kind'],
    ['a malformed answer', failure({ code: 'protocol_error' }), {}, 0, undefined, 'kind'],
    ['a POST', failure(), { isRepeatable: () => false }, 0, 'reset', 'method'],
    ['a body not kept', failure(), { body: { isReplayable: false } }, 0, 'reset', 'body'],
  ] as const)('%s', (...row) => {
    const [, failed, more, used, reason, refusal] = row;
    const exchange = exchangeOf(more);

    expect(reasonOfFailure(failed, exchange)).toBe(reason);
    expect(refusalOf(reason, exchange, rules, used)).toBe(refusal);
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
  ['ECONNRESET', false, 'tls_failed', false],
  ['ERR_SSL_WRONG_VERSION_NUMBER', false, 'tls_failed', false],
  ['CERT_HAS_EXPIRED', false, 'tls_certificate', false],
  ['ERR_TLS_CERT_ALTNAME_INVALID', false, 'tls_certificate', false],
  ['ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE', false, 'tls_alert', false],
  ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', true, 'tls_alert', false],
  ['ERR_SSL_BAD_RECORD_TYPE', true, 'protocol_error', false],
] as const)(
  'the error %s, connected: %s, is %s, local: %s',
  (code, isConnected, failed, isLocal) => {
    expect(classifyError(errorOf(code), isConnected)).toMatchObject({ code: failed, isLocal });
  },
);
