import { describe, expect, test } from '@jest/globals';
import { startFront } from '../support/front.ts';
import { RawClient, requestText } from '../support/raw-client.ts';

const CONFIG = `
routes:
  - { match: { paths: [/fixed] }, respond: { status: 200, body: fixed } }
  - { pool: web }
`;
const FIRST = requestText('GET /first');

describe('a listener that closes', () => {
  test.each(['/from-backend', '/fixed'])(
    'answers what is on its way on an idle connection, as the last: %s',
    async (path) => {
      await using front = await startFront({ config: CONFIG });
      using client = await RawClient.connect(front.port);
      client.send(FIRST);
      await client.response();

      front.worker.drain(10_000);
      client.send(requestText(`GET ${path}`));
      const answers = await client.untilClosed();

      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      expect(answers[1]?.headers).toContainEqual(['Connection', 'close']);
    },
  );

  test('closes connections that stay idle', async () => {
    await using front = await startFront({ config: CONFIG });
    using client = await RawClient.connect(front.port);
    client.send(FIRST);
    await client.response();

    front.worker.drain(10_000);

    expect(await client.untilClosed()).toHaveLength(1);
  });

  test('answers on connections that had not been accepted yet, as their last', async () => {
    await using front = await startFront({ config: CONFIG });
    const connecting = Promise.all(Array.from({ length: 5 }, () => RawClient.connect(front.port)));
    // Now the kernel has them, and the worker has not had its turn.
    await new Promise<void>((resolve) => process.nextTick(resolve));

    front.worker.drain(10_000);
    using clients = new DisposableStack();
    for (const client of await connecting) clients.use(client).send(requestText('GET /fixed'));
    const answers = await Promise.all((await connecting).map((client) => client.untilClosed()));

    expect(answers.map((each) => each.map(({ status }) => status))).toEqual(
      Array.from({ length: 5 }, () => [200]),
    );
  });

  test('closes a connection that never brings a request', async () => {
    await using front = await startFront({ config: CONFIG });
    using client = await RawClient.connect(front.port);

    front.worker.drain(10_000);

    expect(await client.untilClosed()).toEqual([]);
  });
});
