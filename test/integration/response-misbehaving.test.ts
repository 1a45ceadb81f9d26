/**
 * Every misbehaving backend, judged by the bytes that the client gets: never an answer that looks complete and is not, the
 * status that the contract names, and a next request that is well, on the same way and to the same backend.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  behave,
  byteByByte,
  inOnePiece,
  misbehave,
  type Expected,
  type MisbehavingBackend,
  type Sending,
} from '../support/misbehaviour.ts';
import { MISBEHAVING_BACKENDS } from '../support/misbehaving-backends.ts';
import { connectRaw, type RawPeer } from '../support/raw-peer.ts';
import { type ScriptedBackend, scriptedBackend } from '../support/scripted-backend.ts';
import {
  type AnswerReading,
  type ConnectionEnd,
  readAnswers,
  type StrictAnswer,
} from '../support/strict-answer-parser.ts';
import { type Harness, startWorker } from '../support/worker-harness.ts';

type Version = '1.0' | '1.1';

const BODY = 'b'.repeat(100_000);
const isOtherEngine = (globalThis as { readonly ENGINE?: string }).ENGINE === 'http-proxy-3';

/** A row in front of a kind of client, with a way of sending. Its path is its own, and so are its pool and its backend. */
interface Case {
  readonly title: string;
  readonly row: MisbehavingBackend;
  readonly version: Version;
  readonly send: Sending;
  readonly path: string;
}

const CASES: readonly Case[] = MISBEHAVING_BACKENDS.flatMap((row, place) => [
  {
    title: `${row.name}, to a client of HTTP/1.1`,
    row,
    version: '1.1' as const,
    send: inOnePiece,
    path: `/${place}-new`,
  },
  {
    title: `${row.name}, to a client of HTTP/1.0`,
    row,
    version: '1.0' as const,
    send: inOnePiece,
    path: `/${place}-old`,
  },
  ...(row.isOnePiece === true
    ? []
    : [
        {
          title: `${row.name}, byte by byte`,
          row,
          version: '1.1' as const,
          send: byteByByte,
          path: `/${place}-slow`,
        },
      ]),
]);

describe('a backend with', () => {
  // One worker for all: what a row leaves behind must not reach the others either.
  const backends = new Map<string, ScriptedBackend>();
  let worker: Harness;
  beforeAll(async () => {
    for (const { path, row, send } of CASES)
      backends.set(path, await scriptedBackend([misbehave(row, send), behave]));
    worker = await startWorker(configFor(backends));
  });
  afterAll(async () => {
    await worker[Symbol.asyncDispose]();
  });

  test.each(CASES)('$title', async ({ row, version, path }) => {
    await using backend = backends.get(path);
    if (row.isKept === true) await askNext(worker.port, path);
    const { method = 'GET', expected: contracted, inHttpProxy3, bodyBytes, later } = row;
    const expected = isOtherEngine ? (inHttpProxy3?.expected ?? contracted) : contracted;

    using client = await connectRaw(worker.port);
    client.send(requestBytes(row, version, path));
    const first = await readingOf(client, [method]);
    // The backend's connection is at rest: what comes now belongs to nobody.
    if (later !== undefined) {
      backend?.peers[0]?.send(later);
      await backend?.peers[0]?.untilEnded();
    }
    if (bodyBytes !== undefined) client.send(BODY.slice(bodyBytes));
    const next =
      (isOpen(client) ? await askNextOn(client, method, path) : undefined) ??
      (await askNext(worker.port, path));

    expect(summaryOf(first, expected)).toEqual(wanted(expected));
    expect(next).toMatchObject({ status: 200, body: 'well next', isComplete: true });
  });
});

/** A route and a pool for each path. */
function configFor(backends: ReadonlyMap<string, ScriptedBackend>): string {
  const routes = CASES.map(({ path }) => ({ match: { paths: [`=${path}`] }, pool: poolOf(path) }));
  const pools = CASES.map(({ path, row }) => [
    poolOf(path),
    { backends: [backends.get(path)?.url], retries: { attempts: 0 }, ...row.pool },
  ]);
  return JSON.stringify({ routes, pools: Object.fromEntries(pools) as object })
    .replace(/^\{/, '')
    .replace(/\}$/, '')
    .replace(',"pools":', '\npools: ')
    .replace('"routes":', 'routes: ');
}

function poolOf(path: string): string {
  return `p${path.slice(1)}`;
}

function requestBytes(
  { method = 'GET', bodyBytes }: MisbehavingBackend,
  version: Version,
  path: string,
): string {
  const head = `${method} ${path} HTTP/${version}\r\nHost: site\r\n`;
  if (bodyBytes !== undefined)
    return `${head}Content-Length: ${BODY.length}\r\n\r\n${BODY.slice(0, bodyBytes)}`;
  return method === 'POST' ? `${head}Content-Length: 4\r\n\r\nbody` : `${head}\r\n`;
}

/** Waits until there is an answer for each request, or nothing more can come. */
async function readingOf(client: RawPeer, methods: readonly string[]): Promise<AnswerReading> {
  const read = (): AnswerReading => readAnswers(client.bytes, methods, endOf(client));
  await client.until(() => {
    const { answers, violation } = read();
    const isWhole = answers.length === methods.length && answers.at(-1)?.isComplete === true;
    return isWhole || violation !== undefined || endOf(client) !== 'open';
  }, 'a whole answer, or the end');
  return read();
}

function endOf(client: RawPeer): ConnectionEnd {
  if (client.wasReset) return 'reset';
  return client.hasEnded || client.isClosed ? 'closed' : 'open';
}

function isOpen(client: RawPeer): boolean {
  return endOf(client) === 'open';
}

function nextRequest(path: string): string {
  return `GET ${path}?next HTTP/1.1\r\nHost: site\r\n\r\n`;
}

async function askNext(port: number, path: string): Promise<StrictAnswer | undefined> {
  using client = await connectRaw(port);
  client.send(nextRequest(path));
  return (await readingOf(client, ['GET'])).answers[0];
}

/** undefined when the connection ends without a byte of an answer, as it may at any time between two requests. */
async function askNextOn(
  client: RawPeer,
  method: string,
  path: string,
): Promise<StrictAnswer | undefined> {
  client.send(nextRequest(path));
  const { answers, violation } = await readingOf(client, [method, 'GET']);
  if (violation !== undefined) throw new Error(violation);
  return answers[1];
}

interface Summary {
  readonly violation: string | undefined;
  readonly outcome: string;
  readonly body?: string;
}

/** What the client makes of the bytes it got. */
function summaryOf({ answers: [answer], violation }: AnswerReading, expected: Expected): Summary {
  if (answer?.isComplete !== true) return { violation, outcome: 'cut' };
  const { status, body, fields } = answer;
  const cause = fields.find(([name]) => name.toLowerCase() === 'proxy-status')?.[1];
  if (cause === undefined) return { violation, outcome: String(status), body };
  if (expected.kind === 'cut' && status === 502) return { violation, outcome: 'cut' };
  return { violation, outcome: `${status} ${/details="(\w+)"/.exec(cause)?.[1] ?? cause}` };
}

function wanted(expected: Expected): Summary {
  switch (expected.kind) {
    case 'cut':
      return { violation: undefined, outcome: 'cut' };
    case 'refused':
      return { violation: undefined, outcome: `${expected.status} ${expected.reason}` };
    case 'whole':
      return { violation: undefined, outcome: String(expected.status), body: expected.body };
  }
}
