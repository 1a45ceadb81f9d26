/** Bytes of a backend that come before it was asked: they are an answer to nobody. */
import { expect, test } from '@jest/globals';
import { pool as poolSchema } from '@lb/shared/config/schema/pool';
import { systemClock } from '@lb/shared/time/clock';
import type { Backend } from '@lb/worker/internal/balancing/backend';
import { NativeForwarder } from '@lb/worker/internal/forward/native';
import { ConnectionPool } from '@lb/worker/internal/forward/native/connection-pool';
import type { TryEvents, UpstreamRequest } from '@lb/worker/internal/forward/forwarder';
import { ChunkPool } from '@lb/worker/internal/http1/chunk-pool';
import { WriteBatch } from '@lb/worker/internal/http1/write-batch';
import { Cells } from '@lb/worker/internal/metrics/cells';
import { BackendMetrics } from '@lb/worker/internal/metrics/request-metrics';
import { eventually } from '../support/eventually.ts';
import { scriptedBackend } from '../support/scripted-backend.ts';

/** A turn of the event loop that does not end: nothing is written. */
class EndlessTurn extends WriteBatch {
  override add(): void {
    // What waits, waits.
  }
}

const REQUEST: UpstreamRequest = {
  startLine: 'GET / HTTP/1.1\r\n',
  method: 'GET',
  target: '/',
  lines: 'Host: s\r\n',
  body: undefined,
  timeouts: { connect: 5_000, response: 5_000, idle: 5_000 },
  startedMs: systemClock.monotonicMs(),
  span: undefined,
};

test.each([
  ['an answer', 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison'],
  ['an interim answer', 'HTTP/1.1 103 Early Hints\r\nLink: </evil>\r\n\r\n'],
])('%s is not relayed, and its connection not used', async (_what, bytes) => {
  await using peer = await scriptedBackend(async (raw) => {
    raw.send(bytes);
    await raw.untilEnded();
  });
  const metrics = new BackendMetrics(new Cells(), 'web', 'a');
  const { connections: config } = poolSchema.parse({ backends: [peer.url] });
  const target = { protocol: 'http:', host: '127.0.0.1', port: peer.port } as const;
  const connections = new ConnectionPool(config, target, metrics, systemClock);
  const said: string[] = [];
  const events: TryEvents = {
    onInformation: (status) => said.push(`information ${status}`),
    onAnswer: ({ status }) => said.push(`answer ${status}`),
    onBody: () => true,
    onFlush: () => undefined,
    onEnd: () => said.push('end'),
    onCut: (code) => said.push(`cut ${code}`),
    onFailure: ({ code }) => said.push(`failure ${code}`),
  };

  new NativeForwarder(new ChunkPool(), new EndlessTurn()).forward(
    REQUEST,
    { connections, metrics } as unknown as Backend,
    events,
  );
  await eventually(() => expect(said).not.toEqual([]));
  await peer.peers[0]?.untilEnded();

  expect(said).toEqual(['failure reset']);
  connections.retire();
});
