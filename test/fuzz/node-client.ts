/** Node's own HTTP client, strict, on bytes in memory instead of a connection. */
import http from 'node:http';
import { Duplex } from 'node:stream';

/** What a client that wants one answer got. */
export interface NodeAnswer {
  /** Interim answers, names and values in turn. */
  readonly interim: readonly (readonly [status: number, headers: readonly string[]])[];
  readonly status: number;
  readonly statusMessage: string;
  readonly headers: readonly string[];
  /** Latin-1. */
  readonly body: string;
  readonly trailers: readonly string[];
}

/** Far above what the parsers under test allow: a limit of Node's is no opinion about a message. */
const MAX_HEAD_BYTES = 4 * 1024 * 1024;

/** The first answer in these bytes, when it is whole at the end of them. @param isHead the request is HEAD */
export async function readAsNode(bytes: Buffer, isHead: boolean): Promise<NodeAnswer | undefined> {
  const connection = new Duplex({
    read: () => undefined,
    write: (_chunk, _encoding, done) => done(),
  });
  return new Promise((resolve) => {
    const interim: [number, string[]][] = [];
    const settle = (answer: NodeAnswer | undefined): void => {
      resolve(answer);
      connection.destroy();
    };
    const request = http.request({
      createConnection: () => connection,
      method: isHead ? 'HEAD' : 'GET',
      insecureHTTPParser: false,
      maxHeaderSize: MAX_HEAD_BYTES,
    });
    request.on('error', () => settle(undefined));
    request.on('upgrade', () => settle(undefined));
    request.on('information', ({ statusCode, rawHeaders }) => {
      interim.push([statusCode, [...rawHeaders]]);
    });
    let isAnswered = false;
    request.on('close', () => {
      if (!isAnswered) settle(undefined);
    });
    request.on('response', (response) => {
      isAnswered = true;
      let body = '';
      response.setEncoding('latin1');
      response.on('data', (piece: string) => (body += piece));
      response.on('error', () => settle(undefined));
      response.on('close', () => {
        const { statusCode = 0, statusMessage = '', rawHeaders, rawTrailers, complete } = response;
        const head = { status: statusCode, statusMessage, headers: [...rawHeaders] };
        settle(complete ? { interim, ...head, body, trailers: [...rawTrailers] } : undefined);
      });
    });
    request.on('socket', () => {
      // A client takes an answer for one only when its request is on the way.
      request.end(() => {
        connection.push(bytes);
        connection.push(null);
      });
    });
  });
}
