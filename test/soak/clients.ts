/** The clients of the soak: each does one thing after another, picked by a seeded random, until it is told to stop. */
import http from 'node:http';
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import WebSocket from 'ws';
import type { Random } from '@lb/shared/time/clock';
import { parseMessage } from '../support/http-message.ts';
import { bodyOf, LONGEST_BODY_BYTES, makeBodies, sha256 } from './bodies.ts';
import type { Ending, Sent, Tally } from './tally.ts';

/** No request of the soak takes this long on a machine that works. */
const DEADLINE_MS = 30_000;

type Act = (client: SoakClient) => Promise<void>;

/** What clients do, and how often out of a hundred. */
const ACTS: readonly (readonly [percent: number, act: Act])[] = [
  [30, (client) => client.get(1_024 * 16, 'keep-alive')],
  [12, (client) => client.get(1_024 * 16, 'new')],
  [6, (client) => client.get(LONGEST_BODY_BYTES, 'keep-alive')],
  [16, (client) => client.post(false)],
  [10, (client) => client.post(true)],
  [5, (client) => client.abortUpload()],
  [6, (client) => client.abortDownload()],
  [2, (client) => client.readSlowly()],
  [8, (client) => client.pipeline()],
  [5, (client) => client.tunnel()],
];

interface Target {
  readonly port: number;
  readonly tally: Tally;
}

interface Asked {
  readonly what: string;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly connection: 'keep-alive' | 'new';
  readonly headers?: http.OutgoingHttpHeaders;
}

const BODIES = makeBodies();

/** One of them, with one connection of its own that it keeps. */
export class SoakClient {
  readonly #target: Target;
  readonly #random: Random;
  readonly #agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

  constructor(target: Target, random: Random) {
    this.#target = target;
    this.#random = random;
  }

  /** Acts until `mayGoOn` says no, then closes its connection. */
  async run(mayGoOn: () => boolean): Promise<void> {
    while (mayGoOn()) {
      let dice = this.#random() * 100;
      const [, act] = ACTS.find(([percent]) => (dice -= percent) < 0) ?? ACTS[0] ?? [];
      await act?.(this);
    }
    this.#agent.destroy();
  }

  async get(mostBytes: number, connection: 'keep-alive' | 'new'): Promise<void> {
    const { path, body } = this.#download(mostBytes);
    const what = `GET, ${connection} connection`;
    const { sent, request } = this.#ask({ what, method: 'GET', path, connection });
    request.end();
    await this.#finish(sent, request, body);
  }

  async post(isChunked: boolean): Promise<void> {
    const { path, body } = this.#download(1_024);
    const upload = this.#body(LONGEST_BODY_BYTES);
    const headers = isChunked ? {} : { 'content-length': upload.length };
    const what = isChunked ? 'POST in chunks' : 'POST with a length';
    const asked = { what, method: 'POST', path, connection: 'keep-alive', headers } as const;
    const { sent, request } = this.#ask(asked);
    for (let at = 0; at < upload.length; at += 65_536)
      request.write(upload.subarray(at, at + 65_536));
    request.end();
    await this.#finish(sent, request, body, sha256(upload));
  }

  /** Goes away in the middle of its body. The interim answer says that the balancer knows of the request. */
  async abortUpload(): Promise<void> {
    const { path } = this.#download(1_024);
    const headers = { expect: '100-continue', 'content-length': 100_000 };
    const asked = {
      what: 'upload aborted',
      method: 'POST',
      path,
      connection: 'new',
      headers,
    } as const;
    const { sent, request } = this.#ask(asked);
    const ended = Promise.withResolvers<Ending>();
    request.once('continue', () => {
      request.write(Buffer.alloc(50_000), () => {
        if (this.#random() < 0.5) request.destroy();
        else request.socket?.resetAndDestroy();
        ended.resolve({ kind: 'aborted' });
      });
    });
    request.once('response', (response) => {
      ended.resolve({ kind: 'answered', status: response.statusCode ?? 0 });
      request.destroy();
    });
    request.on('error', (error) =>
      ended.resolve({ kind: 'broken', why: error.message, hasHead: false }),
    );
    request.flushHeaders();
    this.#target.tally.end(sent, await ended.promise);
  }

  async abortDownload(): Promise<void> {
    const { path } = this.#download(LONGEST_BODY_BYTES, LONGEST_BODY_BYTES);
    const { sent, request } = this.#ask({
      what: 'download aborted',
      method: 'GET',
      path,
      connection: 'new',
    });
    const ended = Promise.withResolvers<Ending>();
    request.once('response', (response) => {
      response.once('data', () => {
        response.destroy();
        ended.resolve({ kind: 'aborted' });
      });
      response.on('error', () => ended.resolve({ kind: 'aborted' }));
      response.once('close', () => ended.resolve({ kind: 'aborted' }));
    });
    request.on('error', (error) =>
      ended.resolve({ kind: 'broken', why: error.message, hasHead: false }),
    );
    request.end();
    this.#target.tally.end(sent, await ended.promise);
  }

  /** Takes its answer in small pieces with pauses. */
  async readSlowly(): Promise<void> {
    const { path, body } = this.#download(LONGEST_BODY_BYTES, LONGEST_BODY_BYTES);
    const { sent, request } = this.#ask({
      what: 'slow reader',
      method: 'GET',
      path,
      connection: 'new',
    });
    request.once('response', (response) => {
      response.on('data', () => {
        response.pause();
        setTimeout(() => response.resume(), 20);
      });
    });
    request.end();
    await this.#finish(sent, request, body);
  }

  /** Two requests in one packet, two answers in their order. */
  async pipeline(): Promise<void> {
    const { tally, port } = this.#target;
    const wanted = [this.#download(4_096), this.#download(4_096)];
    const sent = wanted.map(() => tally.begin('pipelined GET', true));
    const socket = net.connect({ port, host: '127.0.0.1' });
    const received: Buffer[] = [];
    const ended = Promise.withResolvers<string>();
    const deadline = setTimeout(() => ended.resolve('no answer in time'), DEADLINE_MS);
    let count = 0;
    let bytes: Buffer = Buffer.alloc(0);
    socket.on('connect', () => {
      socket.write(wanted.map(({ path }) => `GET ${path} HTTP/1.1\r\nHost: soak\r\n\r\n`).join(''));
    });
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      for (;;) {
        const message = parseMessage(bytes);
        if (message?.isComplete !== true) break;
        bytes = bytes.subarray(message.size);
        received.push(message.body);
        const status = Number(message.startLine.split(' ')[1]);
        const one = sent[count];
        if (one === undefined) break;
        tally.end(one, { kind: 'answered', status });
        if (status === 200 && !message.body.equals(wanted[count]?.body ?? bytes))
          tally.fail(one, 'wrong body');
        if (++count === sent.length) ended.resolve('whole');
      }
    });
    socket.on('error', (error) => ended.resolve(error.message));
    socket.on('close', () => ended.resolve('closed'));
    const why = await ended.promise;
    clearTimeout(deadline);
    socket.destroy();
    for (const one of sent.slice(count))
      tally.end(one, { kind: 'broken', why, hasHead: bytes.length > 0 });
  }

  /** A WebSocket that sends and gets back a few messages. */
  async tunnel(): Promise<void> {
    const { tally, port } = this.#target;
    const sent = tally.begin('tunnel', false);
    const socket = new WebSocket(`ws://127.0.0.1:${port}/echo`, { handshakeTimeout: DEADLINE_MS });
    const ended = Promise.withResolvers<Ending>();
    let left = 1 + Math.floor(this.#random() * 10);
    let message = this.#body(65_536);
    let isOpen = false;
    socket.on('open', () => {
      isOpen = true;
      socket.send(message);
    });
    socket.on('message', (echo: Buffer) => {
      if (!echo.equals(message)) tally.fail(sent, 'wrong echo');
      if (--left <= 0) socket.close();
      else socket.send((message = this.#body(65_536)));
    });
    socket.on('unexpected-response', (_request, response) => {
      response.resume();
      ended.resolve({ kind: 'answered', status: response.statusCode ?? 0 });
    });
    socket.on('error', (error) =>
      ended.resolve({ kind: 'broken', why: error.message, hasHead: isOpen }),
    );
    socket.on('close', (code) =>
      ended.resolve(
        left <= 0
          ? { kind: 'answered', status: 101 }
          : { kind: 'broken', why: `closed with ${code}`, hasHead: isOpen },
      ),
    );
    tally.end(sent, await ended.promise);
  }

  #ask({ what, method, path, connection, headers = {} }: Asked): {
    sent: Sent;
    request: http.ClientRequest;
  } {
    const { tally, port } = this.#target;
    const agent = connection === 'keep-alive' ? this.#agent : false;
    const options = { host: '127.0.0.1', port, method, path, agent, headers, timeout: DEADLINE_MS };
    const request = http.request(options);
    request.once('timeout', () => request.destroy(new Error('no answer in time')));
    return { sent: tally.begin(what, method === 'GET'), request };
  }

  /** Waits for the answer and holds it against what it must be. @param received SHA-256 that the backend must have seen */
  async #finish(
    sent: Sent,
    request: http.ClientRequest,
    body: Buffer,
    received?: string,
  ): Promise<void> {
    const { tally } = this.#target;
    const ended = Promise.withResolvers<Ending>();
    const chunks: Buffer[] = [];
    request.on('error', (error) =>
      ended.resolve({ kind: 'broken', why: error.message, hasHead: false }),
    );
    request.once('response', (response) => {
      const status = response.statusCode ?? 0;
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () => {
        ended.resolve({ kind: 'answered', status });
        if (status !== 200) return;
        if (sha256(Buffer.concat(chunks)) !== sha256(body)) tally.fail(sent, 'wrong body');
        if (received !== undefined && response.headers['x-received'] !== received)
          tally.fail(sent, 'the backend got another body');
      });
      response.on('error', (error) =>
        ended.resolve({ kind: 'broken', why: error.message, hasHead: true }),
      );
      response.once('close', () => ended.resolve({ kind: 'broken', why: 'closed', hasHead: true }));
    });
    tally.end(sent, await ended.promise);
    if (this.#random() < 0.05) await pause(50);
  }

  /** @param leastBytes default: none */
  #download(mostBytes: number, leastBytes = 0): { path: string; body: Buffer } {
    const seed = Math.floor(this.#random() * 65_536);
    const size = leastBytes + Math.floor(this.#random() * (mostBytes - leastBytes + 1));
    const isChunked = this.#random() < 0.5 ? 1 : 0;
    return {
      path: `/bytes?seed=${seed}&size=${size}&chunked=${isChunked}`,
      body: bodyOf(BODIES, seed, size),
    };
  }

  /** From 1 KiB, small ones more often than large ones. */
  #body(mostBytes: number): Buffer {
    const size = Math.floor(1_024 * (mostBytes / 1_024) ** this.#random());
    return bodyOf(BODIES, Math.floor(this.#random() * 65_536), size);
  }
}
