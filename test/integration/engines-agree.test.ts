/**
 * The two engines over one corpus: what the client sees and what the backend gets is the same through both, or the difference
 * is listed here with its reason. One that is listed and no longer there fails as well.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Behaviour, ENGINE_CORPUS, type RequestKind } from '../support/engine-corpus.ts';
import type { HttpMessage } from '../support/http-message.ts';
import { byteByByte, inOnePiece } from '../support/misbehaviour.ts';
import { connectRaw, type RawPeer } from '../support/raw-peer.ts';
import { type ScriptedBackend, scriptedBackend } from '../support/scripted-backend.ts';
import { type AnswerReading, type Fields, readAnswers } from '../support/strict-answer-parser.ts';
import { type Harness, startWorker } from '../support/worker-harness.ts';

const ENGINES = ['native', 'http-proxy-3'] as const;
type Engine = (typeof ENGINES)[number];

/** What one exchange shows, by part: `answer` is seen by the client, `request....` by the backend. */
type Observation = Readonly<Record<string, unknown>>;

interface Difference {
  /** Default: all. */
  readonly behaviours?: readonly string[];
  readonly kinds?: readonly string[];
  readonly exceptKinds?: readonly string[];
  readonly parts: readonly string[];
  readonly because: string;
}

const DIFFERENCES: readonly Difference[] = [
  {
    exceptKinds: ['GET with many fields'],
    parts: ['request.connection', 'request.order'],
    because: 'node:http says Connection: keep-alive, which HTTP/1.1 means anyway',
  },
  {
    kinds: ['GET with many fields'],
    parts: ['request.cookie', 'request.order'],
    because:
      'node:http takes an object: fields of one name come together, cookies become one field',
  },
  {
    behaviours: ['HTTP/2.0', '300 fields', 'an empty line first'],
    parts: ['answer'],
    because: "Node's parser is laxer; there is one way to read these, so they are relayed",
  },
  {
    behaviours: ['a chunk size of 17 digits'],
    exceptKinds: ['HEAD'],
    parts: ['answer'],
    because: 'Node counts no leading zeros',
  },
];

interface Pair {
  readonly title: string;
  readonly behaviour: Behaviour;
  readonly kind: RequestKind;
  readonly path: string;
}

const PAIRS: readonly Pair[] = ENGINE_CORPUS.map(([kind, behaviour], place) => ({
  title: `${kind.kind}: ${behaviour.name}`,
  behaviour,
  kind,
  path: `/${place}`,
}));

/** A worker with the backends of all pairs. */
interface Side extends AsyncDisposable {
  readonly worker: Harness;
  readonly backends: ReadonlyMap<string, Recorded>;
}

interface Recorded extends AsyncDisposable {
  readonly url: string;
  /** What came: whole, or as far as it was read. */
  readonly requests: readonly Partial<HttpMessage>[];
}

describe('both engines', () => {
  const sides = new Map<Engine, Side>();
  beforeAll(async () => {
    for (const engine of ENGINES) sides.set(engine, await startSide(engine));
  });
  afterAll(async () => {
    for (const side of sides.values()) await side[Symbol.asyncDispose]();
  });

  test.each(PAIRS)('$title', async ({ behaviour, kind, path }) => {
    const native = await observe(sides.get('native'), kind, path);
    const other = await observe(sides.get('http-proxy-3'), kind, path);
    (await import('node:fs')).appendFileSync(
      '/tmp/diff.txt',
      JSON.stringify([kind.kind, behaviour.name, differing(native, other)]) + '\n',
    );
    const listed = listedFor(behaviour, kind);

    expect(without(other, listed)).toEqual(without(native, listed));
    expect(differing(native, other)).toEqual(listed);
  });
});

function listedFor({ name }: Behaviour, { kind }: RequestKind): readonly string[] {
  return DIFFERENCES.filter(
    ({ behaviours, kinds, exceptKinds }) =>
      (behaviours?.includes(name) ?? true) &&
      (kinds?.includes(kind) ?? true) &&
      exceptKinds?.includes(kind) !== true,
  )
    .flatMap(({ parts }) => parts)
    .sort();
}

function without(observation: Observation, parts: readonly string[]): Observation {
  return Object.fromEntries(Object.entries(observation).filter(([part]) => !parts.includes(part)));
}

function differing(native: Observation, other: Observation): readonly string[] {
  return Object.keys({ ...native, ...other })
    .filter((part) => JSON.stringify(native[part]) !== JSON.stringify(other[part]))
    .sort();
}

async function startSide(engine: Engine): Promise<Side> {
  const backends = new Map<string, Recorded>();
  for (const { behaviour, kind, path } of PAIRS)
    backends.set(path, await recordedBackend(behaviour, kind));
  const routes = PAIRS.map(({ path }) => ({
    match: { paths: [`=${path}`] },
    pool: `p${path.slice(1)}`,
  }));
  const pools = PAIRS.map(({ path }) => [
    `p${path.slice(1)}`,
    { engine, backends: [backends.get(path)?.url], retries: { attempts: 0 } },
  ]);
  const worker = await startWorker(
    `routes: ${JSON.stringify(routes)}\npools: ${JSON.stringify(Object.fromEntries(pools))}\n`,
  );
  return {
    worker,
    backends,
    async [Symbol.asyncDispose]() {
      await worker[Symbol.asyncDispose]();
      for (const backend of backends.values()) await backend[Symbol.asyncDispose]();
    },
  };
}

async function recordedBackend(behaviour: Behaviour, { method }: RequestKind): Promise<Recorded> {
  const requests: Partial<HttpMessage>[] = [];
  const backend: ScriptedBackend = await scriptedBackend(async (peer) => {
    const request = await takeRequest(peer, behaviour.isEarly === true);
    if (request === undefined) return;
    requests.push(request);
    const send = behaviour.isByteByByte === true ? byteByByte : inOnePiece;
    await send(peer, behaviour.head + (method === 'HEAD' ? '' : (behaviour.body ?? '')));
    if (behaviour.last === 'FIN') peer.end();
    if (behaviour.last === 'RST') peer.reset();
  });
  return Object.assign(backend, { requests });
}

/** @param isEarly only the head: how much of the body is on its way is a matter of time */
async function takeRequest(
  peer: RawPeer,
  isEarly: boolean,
): Promise<Partial<HttpMessage> | undefined> {
  if (!isEarly) return await peer.takeMessage();
  const [startLine = '', ...lines] = (await peer.takeHead())?.trimEnd().split('\r\n') ?? [];
  return {
    startLine,
    fields: lines.map((line) => [line.replace(/:.*/, ''), line.replace(/^.*?: */, '')] as const),
  };
}

async function observe(
  side: Side | undefined,
  { method, rest, continued }: RequestKind,
  path: string,
): Promise<Observation> {
  if (side === undefined) throw new Error('both are started');
  using client = await connectRaw(side.worker.port);
  client.send(`${method} ${path} ${rest}`);
  if (continued !== undefined) {
    await client.until(
      ({ bytes, hasEnded, isClosed }) => bytes.length > 0 || hasEnded || isClosed,
      'a word',
    );
    client.send(continued);
  }
  const read = (): AnswerReading =>
    readAnswers(
      client.bytes,
      [method],
      client.wasReset ? 'reset' : client.hasEnded ? 'closed' : 'open',
    );
  await client.until(
    (peer) =>
      read().answers[0]?.isComplete === true ||
      read().violation !== undefined ||
      peer.hasEnded ||
      peer.isClosed,
    'a whole answer, or the end',
  );
  const requests = side.backends.get(path)?.requests ?? [];
  return { answer: answerOf(read()), 'request.count': requests.length, ...requestOf(requests[0]) };
}

/** How much of an answer came before it was cut is a matter of time. */
function answerOf({ answers: [answer], violation }: AnswerReading): Observation {
  if (answer?.isComplete !== true) return { violation, isComplete: false };
  return { ...answer, violation, fields: steady(answer.fields) };
}

function requestOf(request: Partial<HttpMessage> | undefined): Observation {
  if (request === undefined) return {};
  const { startLine, fields = [], body, trailers } = request;
  const others = steady(fields.filter(([name]) => !/^(connection|cookie)$/i.test(name)));
  return {
    'request.line': startLine,
    'request.fields': others
      .map(([name, value]): [string, string] => [name.toLowerCase(), value])
      .sort(([left], [right]) => left.localeCompare(right)),
    'request.order': fields.map(([name]) => name),
    'request.connection': valuesOf(fields, 'connection'),
    'request.cookie': valuesOf(fields, 'cookie'),
    'request.body': body?.toString('latin1'),
    'request.trailers': trailers,
  };
}

/** Without what differs from one request or port to the next. */
function steady(fields: Fields): Fields {
  return fields.filter(([name]) => !/^(date|x-request-id|x-forwarded-port)$/i.test(name));
}

function valuesOf(fields: Fields, lower: string): readonly string[] {
  return fields.filter(([name]) => name.toLowerCase() === lower).map(([, value]) => value);
}
