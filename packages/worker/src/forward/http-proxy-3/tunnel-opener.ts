/**
 * Opens tunnels through http-proxy-3. It makes the request, writes the 101 and joins the sockets; what it would do with
 * errors (close the client without an answer) and with other answers (relay without backpressure) is taken out of its
 * hands: its listeners are removed from the request it made, and its `upgrade` listener is called once the 101 is checked.
 */
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { ProxyServer, ServerOptions } from 'http-proxy-3';
import type { FailureCode } from '@lb/shared/errors/reasons';
import type { Clock } from '@lb/shared/time/clock';
import type { Backend } from '../../balancing/backend.ts';
import { endsHere, fieldKind, valueOf } from '../../http1/field-names.ts';
import { fieldsOf, headTextOf } from '../../http1/head-text.ts';
import { connectionNamed } from '../../request/hop-by-hop.ts';
import { classifyError } from '../classify-error.ts';
import { toHeaderRecord } from '../header-record.ts';
import { malformationOf } from '../malformed-head.ts';
import type { Try } from '../forwarder.ts';
import type { TunnelEvents, TunnelOpener, TunnelRequest } from '../tunnel.ts';
import { Answer, MAX_HEAD_BYTES } from './answer.ts';
import { newProxy } from './library.ts';
import { watchAnswer, watchConnect } from './watch-connect.ts';

export class HttpProxy3TunnelOpener implements TunnelOpener {
  readonly #clock: Clock;
  #proxy: ProxyServer | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  open(request: TunnelRequest, backend: Backend, events: TunnelEvents): Try {
    this.#proxy ??= upgradeProxy();
    const attempt = new UpgradeTry({ request, backend, events }, this.#clock);
    attempt.start(this.#proxy);
    return attempt;
  }
}

function upgradeProxy(): ProxyServer {
  const proxy = newProxy();
  proxy.on('proxyReqWs', (upstream, request) => {
    if (!(request instanceof UpgradeTry))
      throw new Error('http-proxy-3 hands back the request it was given');
    request.onRequestMade(upstream);
  });
  return proxy;
}

const NOTHING = Buffer.alloc(0);

type UpgradeListener = (response: IncomingMessage, socket: Socket, head: Buffer) => void;

interface TrySetup {
  readonly request: TunnelRequest;
  readonly backend: Backend;
  readonly events: TunnelEvents;
}

/** One try; towards http-proxy-3 it plays the incoming request. */
class UpgradeTry implements Try {
  // What http-proxy-3 reads of a request. It takes no Upgrade but websocket, so it is shown that one; the request that it
  // makes carries the client's own.
  readonly method = 'GET';
  readonly url: string;
  readonly headers: Record<string, string | string[]> = { upgrade: 'websocket' };
  readonly httpVersion = '1.1';
  readonly httpVersionMajor = 1;

  connectMs: number | undefined;
  readonly #request: TunnelRequest;
  readonly #backend: Backend;
  readonly #events: TunnelEvents;
  readonly #clock: Clock;
  #upstream: ClientRequest | undefined;
  #join: UpgradeListener | undefined;
  #answer: Answer | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isConnected = false;
  #hasAnswerBegun: () => boolean = () => false;
  #isOver = false;

  constructor({ request, backend, events }: TrySetup, clock: Clock) {
    this.#request = request;
    this.#backend = backend;
    this.#events = events;
    this.#clock = clock;
    this.url = request.target;
  }

  start(proxy: ProxyServer): void {
    const options: ServerOptions = {
      target: this.#backend.target,
      agent: this.#backend.agent,
      toProxy: true,
      prependPath: false,
      connectTimeout: this.#request.timeouts.connect,
      headers: {},
      ssl: { maxHeaderSize: MAX_HEAD_BYTES },
    };
    const facade = this as unknown as IncomingMessage;
    try {
      proxy.ws(facade, this.#request.client, NOTHING, options, (error: Error) =>
        this.#onError(error),
      );
    } catch (error) {
      process.nextTick(() => this.#fail('protocol_error', String(error)));
      return;
    }
    this.#takeOver();
  }

  /** Called by http-proxy-3 with the request it has just made, before it listens to it itself. */
  onRequestMade(upstream: ClientRequest): void {
    this.#upstream = upstream;
    upstream.path = this.#request.target;
    for (const name of upstream.getHeaderNames()) upstream.removeHeader(name);
    for (const [name, value] of Object.entries(
      toHeaderRecord(fieldsOf(this.#request.lines), this.#request.body),
    )) {
      upstream.setHeader(name, value);
    }
    const watch = { clock: this.#clock, timeoutMs: this.#request.timeouts.connect };
    this.#hasAnswerBegun = watchAnswer(upstream);
    watchConnect(upstream, watch, (connectMs) => {
      this.#isConnected = true;
      if (connectMs === undefined) return;
      this.connectMs = connectMs;
      this.#backend.metrics.connected(connectMs);
    });
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#answer?.drop();
    this.#end();
    this.#upstream?.destroy();
  }

  discard(): void {
    this.cancel();
  }

  resume(): void {
    this.#answer?.resume();
  }

  #takeOver(): void {
    const upstream = this.#upstream;
    if (upstream === undefined) return;
    const [join] = upstream.listeners('upgrade');
    this.#join = join as UpgradeListener;
    for (const event of ['upgrade', 'response', 'error']) upstream.removeAllListeners(event);
    upstream.on('error', (error) => this.#onError(error));
    upstream.on('close', () => this.#fail('reset', 'the backend closed the connection'));
    upstream.once('response', (response: IncomingMessage) => this.#onResponse(response));
    upstream.once('upgrade', (response: IncomingMessage, socket: Socket, head: Buffer) =>
      this.#onUpgrade(response, socket, head),
    );
    this.#timer = setTimeout(
      () => this.#fail('response_timeout', 'no answer in time'),
      this.#request.timeouts.response,
    );
  }

  #onUpgrade(response: IncomingMessage, socket: Socket, head: Buffer): void {
    const asked = valueOf(fieldsOf(this.#request.lines), 'upgrade');
    if (this.#isOver || response.headers.upgrade?.toLowerCase() !== asked?.toLowerCase()) {
      socket.destroy();
      this.#fail('protocol_error', 'the backend switched to a protocol that was not asked for');
      return;
    }
    this.#end();
    this.#events.onTunnel(headTextOf(response.rawHeaders), (answerLines) => {
      response.headers = switchingHeaders(response, fieldsOf(answerLines));
      this.#join?.(response, socket, head);
      return socket;
    });
  }

  #onResponse(response: IncomingMessage): void {
    const malformation = malformationOf(response);
    if (malformation !== undefined) {
      this.#fail('protocol_error', malformation);
      return;
    }
    if (this.#isOver) return;
    clearTimeout(this.#timer);
    const options = { idleMs: this.#request.timeouts.idle, isHead: false, clock: this.#clock };
    this.#answer = new Answer(response, this.#events, options, (isWhole) => {
      this.#end();
      if (!isWhole) this.#upstream?.destroy();
    });
    this.#answer.relay();
  }

  #onError(error: Error): void {
    const { code, detail, isLocal } = classifyError(error, this.#isConnected);
    this.#fail(code, detail, isLocal);
  }

  #fail(code: FailureCode, detail: string, isLocal = false): void {
    if (this.#isOver) return;
    if (this.#answer !== undefined) {
      this.#answer.fail(code, detail);
      return;
    }
    this.#end();
    const reusedConnection = this.#upstream?.reusedSocket === true;
    this.#upstream?.destroy();
    const hasAnswerBegun = this.#hasAnswerBegun();
    this.#events.onFailure({ code, detail, reusedConnection, hasAnswerBegun, isLocal });
  }

  #end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }
}

/**
 * The fields of the 101 that the client gets: the backend's, without what ends at this hop but for the upgrade itself, and the
 * balancer's. @param added names and values in turn
 */
function switchingHeaders(
  response: IncomingMessage,
  added: readonly string[],
): IncomingMessage['headers'] {
  const named = connectionNamed(valueOf(response.rawHeaders, 'connection') ?? '');
  const kept: IncomingMessage['headers'] = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (endsHere(fieldKind(name)) || (named?.has(name) === true && name !== 'upgrade')) continue;
    kept[name] = value;
  }
  for (let i = 0; i < added.length; i += 2) {
    const name = (added[i] as string).toLowerCase();
    const value = added[i + 1] as string;
    const before = kept[name];
    kept[name] = before === undefined ? value : [before, value].flat();
  }
  return { ...kept, connection: 'Upgrade', upgrade: response.headers.upgrade };
}
