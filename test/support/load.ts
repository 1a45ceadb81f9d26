/** A load of keep-alive connections, each of which sends its next request when it has the answer to the one before. */
import net from 'node:net';
import { parseMessage, valueOf } from './http-message.ts';

export interface LoadResult {
  /** Answers by body. */
  readonly answers: ReadonlyMap<string, number>;
  /** Answers with 200. */
  readonly succeeded: number;
  /** What went wrong, by kind: a status, or how the connection ended. */
  readonly failures: ReadonlyMap<string, number>;
}

/** Stops by itself when it is disposed of: a test that fails must not leave it running. */
export interface Load extends Disposable {
  /** Ends it after the answers under way. */
  stop(): Promise<LoadResult>;
  /** Ends by itself after `requests`, if any were given. */
  readonly done: Promise<LoadResult>;
  readonly succeeded: () => number;
}

export interface LoadOptions {
  readonly port: number;
  readonly connections: number;
  /** All connections together; without it the load goes on until stop. */
  readonly requests?: number;
  readonly path?: string;
}

/** Starts it. A connection that breaks counts as one failure and is opened anew. */
export function startLoad({
  port,
  connections,
  requests = Number.POSITIVE_INFINITY,
  path = '/',
}: LoadOptions): Load {
  const message = `GET ${path} HTTP/1.1\r\nHost: load.test\r\n\r\n`;
  const answers = new Map<string, number>();
  const failures = new Map<string, number>();
  let begun = 0;
  let succeeded = 0;
  let open = 0;
  let isStopping = false;
  const done = Promise.withResolvers<LoadResult>();
  const count = (map: Map<string, number>, key: string): unknown =>
    map.set(key, (map.get(key) ?? 0) + 1);
  const mayBegin = (): boolean => !isStopping && begun < requests;

  const connect = (): void => {
    const socket = net.connect({ port, host: '127.0.0.1' });
    let received = Buffer.alloc(0);
    let isWaiting = false;
    let failure = 'closed';
    open++;
    const next = (): void => {
      if (!mayBegin()) {
        socket.end();
        return;
      }
      begun++;
      isWaiting = true;
      socket.write(message);
    };
    socket.on('connect', next);
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const answer = parseMessage(received);
      if (answer?.isComplete !== true) return;
      received = received.subarray(answer.size);
      isWaiting = false;
      const status = answer.startLine.split(' ')[1] ?? '';
      if (status === '200') {
        succeeded++;
        count(answers, answer.body.toString());
      } else {
        count(failures, status);
      }
      // The last of its connection: a request that is sent on it would be lost.
      if (valueOf(answer.fields, 'connection') === 'close') socket.end();
      else next();
    });
    socket.on('error', (error) => {
      failure = 'code' in error ? String(error.code) : error.message;
      isWaiting ||= socket.bytesWritten === 0;
    });
    socket.on('close', () => {
      open--;
      if (isWaiting) count(failures, failure);
      if (mayBegin()) connect();
      else if (open === 0) done.resolve({ answers, failures, succeeded });
    });
  };
  for (let i = 0; i < connections; i++) connect();
  return {
    done: done.promise,
    succeeded: () => succeeded,
    stop: () => {
      isStopping = true;
      return done.promise;
    },
    [Symbol.dispose]: () => {
      isStopping = true;
    },
  };
}
