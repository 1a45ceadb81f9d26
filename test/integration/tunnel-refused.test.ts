/** Upgrades that no tunnel comes of: refusals, failures and second tries. */
import { describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { valueOf } from '../support/http-message.ts';
import { metricTotal } from '../support/metric-totals.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { askOnce, connectRaw, GET } from '../support/raw-peer.ts';
import {
  answers,
  closedPort,
  ok,
  type Script,
  scriptedBackend,
  sends,
  sendsAndEnds,
  sendsAndResets,
} from '../support/scripted-backend.ts';
import { switching, WEBSOCKET } from '../support/upgrade-text.ts';
import { startWorker } from '../support/worker-harness.ts';

describe('a backend that does not agree', () => {
  test('its refusal is passed on, and the connection closed', async () => {
    await using backend = await scriptedBackend(
      answers('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nSet-Cookie: a=1\r\n\r\nno'),
    );
    await using worker = await startWorker(poolYaml([backend.url]));

    const answer = await askOnce(worker.port, WEBSOCKET);

    expect(answer).toMatchObject({ status: 403, isComplete: true, body: Buffer.from('no') });
    expect(valueOf(answer.fields, 'connection')).toBe('close');
    expect(valueOf(answer.fields, 'set-cookie')).toBe('a=1');
  });

  test('a large refusal comes whole', async () => {
    const body = 'x'.repeat(2_000_000);
    await using backend = await scriptedBackend(
      answers(
        `HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n1e8480\r\n${body}\r\n0\r\n\r\n`,
      ),
    );
    await using worker = await startWorker(poolYaml([backend.url]));

    const answer = await askOnce(worker.port, WEBSOCKET);

    expect(answer.isComplete).toBe(true);
    expect(answer.body.toString()).toBe(body);
  });

  test('a refusal that stops half-way does not look whole', async () => {
    await using backend = await scriptedBackend(
      sends('HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n'),
    );
    await using worker = await startWorker(
      poolYaml([backend.url], { timeouts: { idle: '150ms' } }),
    );

    expect(await askOnce(worker.port, WEBSOCKET)).toMatchObject({ status: 403, isComplete: false });
    await backend.peers[0]?.untilEnded();
  });

  test('bytes meant for the tunnel are never read as a request', async () => {
    await using backend = await scriptedBackend(answers(ok('refused')));
    await using worker = await startWorker(poolYaml([backend.url]));

    const answer = await askOnce(
      worker.port,
      `${WEBSOCKET}GET /smuggled HTTP/1.1\r\nHost: s\r\n\r\n`,
    );
    await askOnce(worker.port, GET);

    expect(answer.body.toString()).toBe('refused');
    expect(backend.peers[0]?.text).not.toContain('smuggled');
  });

  const FAILING: readonly (readonly [
    what: string,
    script: Script,
    status: number,
    reason: string,
  ])[] = [
    ['FIN instead of an answer', sendsAndEnds(''), 502, 'reset'],
    ['RST instead of an answer', sendsAndResets(''), 502, 'reset'],
    ['FIN within the head', sendsAndEnds('HTTP/1.1 101 Sw'), 502, 'reset'],
    ['garbage', sends('what?\r\n\r\n'), 502, 'protocol_error'],
    ['a 101 without Upgrade', sends('HTTP/1.1 101 S\r\n\r\n'), 502, 'protocol_error'],
    ['a 101 for another protocol', sends(switching('other')), 502, 'protocol_error'],
    ['a 101 for a list of protocols', sends(switching('websocket, other')), 502, 'protocol_error'],
    ['status 600', sends('HTTP/1.1 600 S\r\nContent-Length: 0\r\n\r\n'), 502, 'protocol_error'],
    ['nothing at all', sends(''), 504, 'response_timeout'],
  ];
  test.each(FAILING)('%s', async (_what, script, status, reason) => {
    await using backend = await scriptedBackend(script);
    await using worker = await startWorker(
      poolYaml([backend.url], { timeouts: { response: '200ms' }, retries: { attempts: 0 } }),
    );

    const answer = await askOnce(worker.port, WEBSOCKET);

    expect(answer).toMatchObject({ status, isComplete: true });
    expect(valueOf(answer.fields, 'proxy-status')).toContain(`details="${reason}"`);
    await backend.peers[0]?.untilEnded();
    await eventually(() => expect(metricTotal(worker.messages, 'lb_backend_connections')).toBe(0));
  });

  test('a reset before the 101 is tried on another backend', async () => {
    await using bad = await scriptedBackend(sendsAndResets(''));
    await using good = await scriptedBackend(sends(`${switching('websocket')}welcome`));
    await using worker = await startWorker(
      poolYaml([bad.url, good.url], { policy: 'round_robin' }),
    );
    using client = await connectRaw(worker.port);
    client.send(`${WEBSOCKET}early`);

    await client.untilText('welcome');
    await good.peers[0]?.untilText('early');

    expect(good.peers[0]?.text).toBe('early');
  });

  test('a status in retries.on is a refusal like any other', async () => {
    const busy = answers('HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy');
    await using first = await scriptedBackend(busy);
    await using second = await scriptedBackend(busy);
    await using worker = await startWorker(
      poolYaml([first.url, second.url], { retries: { on: [503] } }),
    );

    const answer = await askOnce(worker.port, WEBSOCKET);

    expect(answer).toMatchObject({ status: 503, isComplete: true, body: Buffer.from('busy') });
    expect(first.peers.length + second.peers.length).toBe(1);
  });

  test('all are gone: 502 for who finds out, 503 for the next', async () => {
    await using worker = await startWorker(poolYaml([`http://127.0.0.1:${await closedPort()}`]));

    expect((await askOnce(worker.port, WEBSOCKET)).status).toBe(502);
    const next = await askOnce(worker.port, WEBSOCKET);

    expect(next.status).toBe(503);
    expect(valueOf(next.fields, 'retry-after')).toBeDefined();
  });
});
