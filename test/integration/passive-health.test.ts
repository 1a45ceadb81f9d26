/** What a worker does by itself about backends that fail, and what it tells the primary. */
import { describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import net from 'node:net';
import { type OutcomeRow, unpackRows } from '@lb/shared/ipc/outcomes';
import { eventually } from '../support/eventually.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { askOnce, GET } from '../support/raw-peer.ts';
import {
  answers,
  ok,
  type Script,
  scriptedBackend,
  sendsAndEnds,
  sendsAndResets,
} from '../support/scripted-backend.ts';
import { type Harness, startWorker } from '../support/worker-harness.ts';

const REFUSAL = 'HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n';
const HALF = 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf';

/** Takes turns, tries nothing again, and ejects after three. */
const SETTINGS = {
  policy: 'round_robin',
  retries: { attempts: 0 },
  passiveHealth: { consecutiveErrors: 3 },
};

function rows({ messages }: Harness): OutcomeRow[] {
  return messages.flatMap((message) =>
    message.type === 'outcomes' ? [...unpackRows(message.rows)] : [],
  );
}

/** What the primary was told of a backend. */
function told(worker: Harness, slot: number): { answers: number; errors: number } {
  const own = rows(worker).filter((row) => row.slot === slot);
  const sum = (field: 'answers' | 'errors'): number =>
    own.reduce((total, row) => total + row[field], 0);
  return { answers: sum('answers'), errors: sum('errors') };
}

async function ask(worker: Harness): Promise<string> {
  const { status, body } = await askOnce(worker.port, GET);
  return `${status} ${body.toString()}`.trim();
}

async function askTimes(worker: Harness, times: number): Promise<string[]> {
  const all: string[] = [];
  for (let i = 0; i < times; i++) all.push(await ask(worker));
  return all;
}

/** One request, and what is answered to it until the connection ends. */
async function askUntilCut(worker: Harness): Promise<void> {
  const socket = net.connect(worker.port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.resume().write(GET);
  await once(socket, 'close');
}

describe('errors in a row', () => {
  test('take a backend out at once, and the primary hears of it', async () => {
    await using bad = await scriptedBackend(answers(REFUSAL));
    await using good = await scriptedBackend(answers(ok('good')));
    await using worker = await startWorker(poolYaml([bad.url, good.url], SETTINGS));

    const all = await askTimes(worker, 12);

    expect(all.filter((answer) => answer === '503')).toHaveLength(3);
    expect(rows(worker).findLast(({ slot }) => slot === 0)).toMatchObject({
      streak: 3,
      lastError: '503',
    });
  });

  test('are over when the primary says so, and count anew from there', async () => {
    await using bad = await scriptedBackend(answers(REFUSAL));
    await using good = await scriptedBackend(answers(ok('good')));
    await using worker = await startWorker(poolYaml([bad.url, good.url], SETTINGS));
    await askTimes(worker, 8);

    worker.setState(0, 'ejected');
    worker.setState(0, 'up');

    const all = await askTimes(worker, 12);
    expect(all.filter((answer) => answer === '503')).toHaveLength(3);
  });

  test('leave the last backend where it is', async () => {
    await using bad = await scriptedBackend(answers(REFUSAL));
    await using worker = await startWorker(poolYaml([bad.url], SETTINGS));

    await askTimes(worker, 10);

    await eventually(() => expect(told(worker, 0)).toEqual({ answers: 0, errors: 10 }));
  });

  test('end with an answer', async () => {
    let count = 0;
    const sometimes: Script = async (peer) => {
      while ((await peer.takeMessage()) !== undefined)
        peer.send(++count % 3 === 0 ? ok('') : REFUSAL);
    };
    await using bad = await scriptedBackend(sometimes);
    await using good = await scriptedBackend(answers(ok('good')));
    await using worker = await startWorker(poolYaml([bad.url, good.url], SETTINGS));

    await askTimes(worker, 24);

    expect(count).toBe(12);
  });

  test('include bodies that break off, though each had a good head', async () => {
    await using bad = await scriptedBackend(sendsAndResets(HALF));
    await using good = await scriptedBackend(answers(ok('good')));
    await using worker = await startWorker(poolYaml([bad.url, good.url], SETTINGS));

    for (let i = 0; i < 12; i++) await askUntilCut(worker);

    expect(bad.peers).toHaveLength(3);
    await eventually(() => expect(told(worker, 0)).toEqual({ answers: 0, errors: 3 }));
  });

  test('include malformed answers', async () => {
    await using bad = await scriptedBackend(sendsAndEnds('nonsense\r\n\r\n'));
    await using good = await scriptedBackend(answers(ok('good')));
    await using worker = await startWorker(poolYaml([bad.url, good.url], SETTINGS));

    await askTimes(worker, 12);

    expect(bad.peers).toHaveLength(3);
    expect(rows(worker).findLast(({ slot }) => slot === 0)?.lastError).toBe('protocol');
  });
});

describe('nothing speaks against a backend', () => {
  test('that closes a kept connection just as it is used again', async () => {
    const closing: Script = async (peer) => {
      await peer.takeMessage();
      peer.send(ok('answer'));
      await peer.takeMessage();
      peer.reset();
    };
    await using backend = await scriptedBackend(closing);
    await using worker = await startWorker(poolYaml([backend.url], SETTINGS));

    expect(await askTimes(worker, 4)).toEqual(Array<string>(4).fill('200 answer'));

    await eventually(() => expect(told(worker, 0)).toEqual({ answers: 4, errors: 0 }));
  });

  test('whose client goes away', async () => {
    await using backend = await scriptedBackend(async (peer) => void (await peer.takeMessage()));
    await using worker = await startWorker(poolYaml([backend.url], SETTINGS));
    const client = net.connect(worker.port, '127.0.0.1').on('error', () => undefined);
    client.write(GET);
    await eventually(() => expect(backend.peers).toHaveLength(1));
    await eventually(() => expect(worker.messages.at(-1)?.type).toBe('metrics'));

    client.destroy();
    await backend.peers[0]?.untilEnded();

    expect(await new Promise((resolve) => setImmediate(() => resolve(rows(worker))))).toEqual([]);
  });

  test('where nothing is to be ejected: the primary is told nothing', async () => {
    await using bad = await scriptedBackend(answers(REFUSAL));
    await using worker = await startWorker(
      poolYaml([bad.url], { passiveHealth: { consecutiveErrors: 0 } }),
    );
    await askTimes(worker, 10);
    await eventually(() => expect(worker.messages.some(({ type }) => type === 'load')).toBe(true));
    expect(rows(worker)).toEqual([]);
  });
});

test('latencies are told where they are asked for', async () => {
  await using backend = await scriptedBackend(answers(ok('')));
  await using worker = await startWorker(
    poolYaml([backend.url], { passiveHealth: { latencyFactor: 3 } }),
  );
  await askTimes(worker, 5);

  await eventually(() => {
    const counts = worker.messages.flatMap((message) =>
      message.type === 'outcomes' ? [...message.latencies].filter((_, at) => at % 3 === 2) : [],
    );
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(5);
  });
});

test('an ejected backend gets traffic when nothing else is left', async () => {
  await using a = await scriptedBackend(answers(ok('a')));
  await using b = await scriptedBackend(answers(ok('b')));
  await using worker = await startWorker(poolYaml([a.url, b.url], SETTINGS));
  worker.setState(0, 'ejected');
  expect(await askTimes(worker, 2)).toEqual(['200 b', '200 b']);

  worker.setState(1, 'down');

  expect(await askTimes(worker, 2)).toEqual(['200 a', '200 a']);
});

describe('in a panic', () => {
  const panicky = { ...SETTINGS, panicThreshold: 50 };

  test('backends get traffic whatever their health, but not those that an operator took out', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'] as const;
    await using stack = new AsyncDisposableStack();
    const urls: string[] = [];
    for (const name of names) urls.push(stack.use(await scriptedBackend(answers(ok(name)))).url);
    await using worker = await startWorker(poolYaml(urls, panicky));
    worker.setState(3, 'maintenance');
    worker.setState(4, 'draining');
    worker.setState(0, 'down');
    expect(new Set(await askTimes(worker, 4))).toEqual(new Set(['200 b', '200 c']));

    worker.setState(1, 'ejected');

    expect(new Set(await askTimes(worker, 6))).toEqual(new Set(['200 a', '200 b', '200 c']));
  });

  test('sessions stay where they are, and move when it is over', async () => {
    await using a = await scriptedBackend(answers(ok('a')));
    await using b = await scriptedBackend(answers(ok('b')));
    const sticky = { mode: 'table', key: 'header:X-Session' };
    await using worker = await startWorker(
      poolYaml([a.url, b.url], { ...panicky, panicThreshold: 60, sticky }),
    );
    const session = async (): Promise<string> => {
      const request = GET.replace('\r\n\r\n', '\r\nX-Session: 1\r\n\r\n');
      return (await askOnce(worker.port, request)).body.toString();
    };
    const home = await session();
    const slot = home === 'a' ? 0 : 1;
    worker.setState(slot, 'ejected');
    expect([await session(), await session()]).toEqual([home, home]);

    worker.apply(poolYaml([a.url, b.url], { ...SETTINGS, sticky }));
    worker.setState(slot, 'ejected');

    expect(await session()).not.toBe(home);
  });
});
