import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type Front, startFront } from '../support/front.ts';
import { RawClient, requestText } from '../support/raw-client.ts';

const CONFIG = `
overload: { eventLoopDelay: 200ms }
routes:
  - { match: { paths: [/critical] }, pool: web, priority: critical }
  - { match: { paths: [/sheddable] }, pool: web, priority: sheddable }
  - { match: { paths: [/] }, pool: web }
`;

const CRITICAL = requestText('GET /critical');
const SHEDDABLE = requestText('GET /sheddable');

/** More than the time between two looks at the deadlines of connections. */
const LOOK_MS = 300;

/** Longer than any connection is left alone, shorter than one is kept alive. */
const LONG_MS = 10_000;

async function statusOf(front: Front, text: string): Promise<number> {
  using client = await RawClient.connect(front.port);
  client.send(text);
  return (await client.response()).status;
}

/** As long as a request may wait, with the target above. */
const WAIT_MS = 1_000;

interface Overwhelmed {
  readonly config?: string;
  readonly log?: 'json';
  /** Requests that begin in a turn; none: all but critical ones are refused, after one turn. */
  readonly begin?: number;
}

/** A worker that was late until it sheds. The clock stands still from there, but for the turns in which requests wait. */
async function startOverwhelmed({ config = CONFIG, log, begin = 0 }: Overwhelmed = {}): Promise<{
  readonly front: Front;
  readonly clock: FakeClock;
}> {
  const clock = new FakeClock();
  const next = (callback: () => void): void => {
    setImmediate(() => {
      if (begin === 0) clock.pass(WAIT_MS);
      callback();
    });
  };
  const turns = { next, begin };
  const front = await startFront({ config, clock, turns, ...(log !== undefined && { log }) });
  await eventually(() => {
    clock.pass(1_000);
    expect(front.worker.messages.map(({ type }) => type)).toContain('overload');
  });
  // Deadlines count from the last look at them. The worker is in this process, so its shorter timer comes first.
  await pause(LOOK_MS);
  return { front, clock };
}

describe('under overload', () => {
  test('a sheddable request is refused before it reaches a backend, and told to come back', async () => {
    const { front } = await startOverwhelmed({ log: 'json' });
    await using _ = front;
    const before = front.backend.requests.length;
    using client = await RawClient.connect(front.port);

    client.send(SHEDDABLE);
    const answer = await client.response();

    expect(answer.status).toBe(503);
    expect(answer.headers).toContainEqual(['Retry-After', '1']);
    expect(front.backend.requests).toHaveLength(before);
    const lines = await front.readLog(1);
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ reason: 'overload', pool: null });
  });

  test('a critical request is served', async () => {
    const { front } = await startOverwhelmed();
    await using _ = front;

    expect(await statusOf(front, CRITICAL)).toBe(200);
  });

  test('what there is time for is served: one request in a turn, and the next in the next', async () => {
    const { front } = await startOverwhelmed({ begin: 1 });
    await using _ = front;

    const texts = [SHEDDABLE, requestText('GET /normal'), SHEDDABLE];

    expect(await Promise.all(texts.map((text) => statusOf(front, text)))).toEqual([200, 200, 200]);
  });

  test('a client that leaves while it waits costs nobody anything', async () => {
    const { front } = await startOverwhelmed({ begin: 1 });
    await using _ = front;
    for (let i = 0; i < 5; i++) {
      using client = await RawClient.connect(front.port);
      client.send(SHEDDABLE);
    }

    expect(await statusOf(front, SHEDDABLE)).toBe(200);
  });

  test('the primary is told', async () => {
    const { front } = await startOverwhelmed();
    await using _ = front;

    const told = front.worker.messages.filter(({ type }) => type === 'overload');

    expect(told).toMatchObject([{ isShedding: true }]);
  });

  test('a connection on which a request was refused is not read for a while', async () => {
    const { front, clock } = await startOverwhelmed();
    await using _ = front;
    using client = await RawClient.connect(front.port);
    client.send(SHEDDABLE);
    await client.response();

    client.send(CRITICAL);
    // Whoever came after it is served before it.
    expect(await statusOf(front, CRITICAL)).toBe(200);
    expect(client.received).not.toContain('200 OK');
    clock.pass(LONG_MS);

    expect((await client.responses(2)).map(({ status }) => status)).toEqual([503, 200]);
  });

  test('what was sent along with a refused request waits as well', async () => {
    const { front, clock } = await startOverwhelmed();
    await using _ = front;
    using client = await RawClient.connect(front.port);

    client.send(SHEDDABLE + CRITICAL);
    await client.response();
    expect(await statusOf(front, CRITICAL)).toBe(200);
    expect(client.received).not.toContain('200 OK');
    clock.pass(LONG_MS);

    expect((await client.responses(2)).map(({ status }) => status)).toEqual([503, 200]);
  });

  test('a connection that carries critical requests is read on', async () => {
    const { front } = await startOverwhelmed();
    await using _ = front;
    using client = await RawClient.connect(front.port);

    client.send(CRITICAL);
    await client.response();
    client.send(SHEDDABLE);
    await client.responses(2);
    client.send(CRITICAL);

    expect((await client.responses(3)).map(({ status }) => status)).toEqual([200, 503, 200]);
  });

  test("a trusted proxy's connection is read on", async () => {
    const { front } = await startOverwhelmed({
      config: `${CONFIG}trustedProxies: [127.0.0.0/8]\n`,
    });
    await using _ = front;
    using client = await RawClient.connect(front.port);

    client.send(SHEDDABLE);
    await client.response();
    client.send(CRITICAL);

    expect((await client.responses(2)).map(({ status }) => status)).toEqual([503, 200]);
  });

  test('a drain waits for what may be waiting on a connection that is not read', async () => {
    const { front, clock } = await startOverwhelmed();
    await using _ = front;
    using client = await RawClient.connect(front.port);
    client.send(SHEDDABLE);
    await client.response();

    client.send(CRITICAL);
    front.worker.drain(LONG_MS);
    clock.pass(LONG_MS);

    expect((await client.untilClosed()).map(({ status }) => status)).toEqual([503, 200]);
  });
});
