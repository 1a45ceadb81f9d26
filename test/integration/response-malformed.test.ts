/** Backends that do not speak HTTP: the client gets 502 with the reason, and nothing of it stays on any connection. */
import { describe, expect, test } from '@jest/globals';
import { valueOf } from '../support/http-message.ts';
import { poolYaml } from '../support/pool-yaml.ts';
import { askOnce, GET } from '../support/raw-peer.ts';
import {
  answers,
  ok,
  type Script,
  scriptedBackend,
  sends,
  sendsAndEnds,
  sendsAndResets,
} from '../support/scripted-backend.ts';
import { startWorker } from '../support/worker-harness.ts';

const head = (fields: string): string => `HTTP/1.1 200 OK\r\n${fields}\r\n\r\n`;
/** Such a client gets no interim answers. */
const GET_1_0 = 'GET / HTTP/1.0\r\n\r\n';
const NO_RETRIES = { retries: { attempts: 0 } };

const MALFORMED: readonly (readonly [what: string, script: Script, reason: string])[] = [
  [
    'Content-Length and Transfer-Encoding',
    sends(`${head('Content-Length: 2\r\nTransfer-Encoding: chunked')}2\r\nok\r\n0\r\n\r\n`),
    'protocol_error',
  ],
  [
    'Transfer-Encoding and Content-Length',
    sends(`${head('Transfer-Encoding: chunked\r\nContent-Length: 2')}2\r\nok\r\n0\r\n\r\n`),
    'protocol_error',
  ],
  [
    'two lengths that differ',
    sends(`${head('Content-Length: 2\r\nContent-Length: 3')}ok!`),
    'protocol_error',
  ],
  ['a list of lengths', sends(`${head('Content-Length: 2, 3')}ok!`), 'protocol_error'],
  ['a negative length', sends(`${head('Content-Length: -2')}ok`), 'protocol_error'],
  ['a bare CR in a value', sends(`${head('X: a\rb\r\nContent-Length: 2')}ok`), 'protocol_error'],
  ['a NUL in a value', sends(`${head('X: a\0b\r\nContent-Length: 2')}ok`), 'protocol_error'],
  ['a BEL in a value', sends(`${head('X: a\x07b\r\nContent-Length: 2')}ok`), 'protocol_error'],
  ['a DEL in a value', sends(`${head('X: a\x7fb\r\nContent-Length: 2')}ok`), 'protocol_error'],
  [
    'a BEL in the reason phrase',
    sends('HTTP/1.1 200 O\x07K\r\nContent-Length: 2\r\n\r\nok'),
    'protocol_error',
  ],
  ['a space before a colon', sends(`${head('X : a\r\nContent-Length: 2')}ok`), 'protocol_error'],
  ['a name with a space', sends(`${head('X Y: a\r\nContent-Length: 2')}ok`), 'protocol_error'],
  ['an empty name', sends(`${head(': a\r\nContent-Length: 2')}ok`), 'protocol_error'],
  ['garbage', sends('SSH-2.0-OpenSSH_9.2p1\r\n\r\n'), 'protocol_error'],
  ['binary garbage', sends('\x16\x03\x01\x02\x00\x01\x00'), 'protocol_error'],
  ['status 99', sends('HTTP/1.1 099 Low\r\nContent-Length: 2\r\n\r\nok'), 'protocol_error'],
  ['status 1000', sends('HTTP/1.1 1000 High\r\nContent-Length: 2\r\n\r\nok'), 'protocol_error'],
  ['status 600', sends('HTTP/1.1 600 High\r\nContent-Length: 2\r\n\r\nok'), 'protocol_error'],
  ['HTTP/3.7', sends('HTTP/3.7 200 OK\r\nContent-Length: 2\r\n\r\nok'), 'protocol_error'],
  [
    'a head of 200 kB',
    sends(`${head(`X: ${'a'.repeat(200_000)}\r\nContent-Length: 2`)}ok`),
    'protocol_error',
  ],
  [
    'a 101 that nobody asked for',
    sends('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
    'protocol_error',
  ],
  ['a 101 without Upgrade', sends('HTTP/1.1 101 Switching Protocols\r\n\r\n'), 'protocol_error'],
  ['FIN before the head', sendsAndEnds(''), 'reset'],
  ['FIN within the head', sendsAndEnds('HTTP/1.1 200 OK\r\nContent-Le'), 'reset'],
  ['RST before the head', sendsAndResets(''), 'reset'],
  ['RST within the head', sendsAndResets('HTTP/1.1 200 OK\r\nContent-Le'), 'reset'],
  [
    'only interim answers, then FIN',
    sendsAndEnds('HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n'),
    'reset',
  ],
];

describe('a backend that answers with', () => {
  test.each(MALFORMED)('%s: 502, and the next request is well', async (_what, script, reason) => {
    await using backend = await scriptedBackend([script, answers(ok('well'))]);
    await using worker = await startWorker(poolYaml([backend.url], NO_RETRIES));

    const bad = await askOnce(worker.port, GET_1_0);
    const good = await askOnce(worker.port, GET);

    expect(bad.status).toBe(502);
    expect(valueOf(bad.fields, 'proxy-status')).toContain(`details="${reason}"`);
    expect(good).toMatchObject({ status: 200, body: Buffer.from('well') });
    await backend.peers[0]?.untilEnded();
    expect(backend.peers).toHaveLength(2);
  });
});
