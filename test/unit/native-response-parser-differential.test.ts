/** The same bytes for ResponseParser and for Node's own client: where they differ, ours refuses, and the sample says why. */
import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { BAD_ANSWERS } from '../support/bad-answers.ts';
import { GOOD_ANSWERS } from '../support/good-answers.ts';
import { parsePieces } from '../support/parsed-answer.ts';

/** What a client that wants one answer got; undefined for none, or half of one. */
interface Answer {
  readonly status: number | undefined;
  readonly statusMessage: string | undefined;
  readonly headers: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
}

/** What the server sends to whoever comes next. */
let bytesToSend = Buffer.alloc(0);
const server = net.createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.once('data', () => socket.end(bytesToSend));
});

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(async () => {
  server.close();
  await once(server, 'close');
});

test.each(GOOD_ANSWERS)(
  "Node's parser reads $name in the same way",
  async ({ text, isHead = false }) => {
    expect(oursOf(text, isHead)).toEqual(await nodesOf(text, isHead));
  },
);

test.each(BAD_ANSWERS.filter(({ stricter }) => stricter === undefined))(
  "Node's parser gives no other answer for $name",
  async ({ text, error, isHead = false }) => {
    const ours = oursOf(text, isHead);
    // With bytes behind it an answer is whole: Node drops it or not, by what it meets first.
    const allowed = error === 'excess' ? [undefined, ours] : [ours];
    expect(allowed).toContainEqual(await nodesOf(text, isHead));
  },
);

test.each(BAD_ANSWERS.filter(({ stricter }) => stricter !== undefined))(
  "Node's parser takes $name, which is refused: $stricter",
  async ({ text, isHead = false }) => {
    expect(oursOf(text, isHead)).toBeUndefined();
    expect(await nodesOf(text, isHead)).toBeDefined();
  },
);

function oursOf(text: string, isHead: boolean): Answer | undefined {
  const { head, body, trailers } = parsePieces([Buffer.from(text, 'latin1')], isHead);
  if (head === undefined || trailers === undefined) return undefined;
  return { ...pick(head.status, head.statusMessage, head.lines.fields), body, trailers };
}

async function nodesOf(text: string, isHead: boolean): Promise<Answer | undefined> {
  bytesToSend = Buffer.from(text, 'latin1');
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve) => {
    const request = http.request({
      host: '127.0.0.1',
      port,
      method: isHead ? 'HEAD' : 'GET',
      agent: false,
      insecureHTTPParser: false,
    });
    request.on('error', () => resolve(undefined));
    request.on('upgrade', (_response, socket) => {
      socket.destroy();
      resolve(undefined);
    });
    request.on('response', (response) => {
      let body = '';
      response.setEncoding('latin1');
      response.on('data', (piece: string) => (body += piece));
      response.on('error', () => resolve(undefined));
      response.on('close', () => {
        const { statusCode, statusMessage, rawHeaders, rawTrailers, complete } = response;
        const answer = pick(statusCode, statusMessage, rawHeaders);
        resolve(complete ? { ...answer, body, trailers: rawTrailers } : undefined);
      });
    });
    request.end();
  });
}

function pick(
  status: number | undefined,
  statusMessage: string | undefined,
  headers: readonly string[],
): Pick<Answer, 'status' | 'statusMessage' | 'headers'> {
  return { status, statusMessage, headers };
}
