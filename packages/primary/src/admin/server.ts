/**
 * The admin server: one HTTP server on admin.bind, and the same paths on a unix socket for lbctl.
 *
 *     TCP ─▶ access rules (auth.ts) ─┬▶ the page (page.ts)
 *     unix socket, mode 0600 ────────┴▶ table of paths (routes/) ─▶ context
 *
 * Each is a server of its own with its own limit of connections, so whoever fills up the port does not lock lbctl out.
 */
import { chmod } from 'node:fs/promises';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { ListenOptions } from 'node:net';
import { hostname } from 'node:os';
import { isLoopback, parseBind } from '@lb/shared/net/bind-address';
import { nodeHttp } from '@lb/shared/net/node-modules';
import type { Clock } from '@lb/shared/time/clock';
import type { Logger } from 'pino';
import { refuse, type AccessRules } from './auth.ts';
import type { AdminContext } from './context.ts';
import { Door } from './door.ts';
import type { Page } from './page.ts';
import { EventStreams } from './event-streams.ts';
import { refusal, send, sendPieces } from './reply.ts';
import { type AnyReply, dispatch } from './router.ts';
import { ADMIN_ROUTES } from './routes/table.ts';
import { prepareSocketPath } from './socket-path.ts';

const MAX_CONNECTIONS = 128;
const KEEP_ALIVE_MS = 5_000;
/** Answers that are under way when the server closes get this long. */
const CLOSE_GRACE_MS = 2_000;

/** How long a slow client is waited for. */
export interface AdminPatience {
  /** For the whole head of a request. */
  readonly headMs: number;
  /** For the whole request; and for the first byte on a new connection. */
  readonly requestMs: number;
  /** How often the two are looked at. */
  readonly checkMs: number;
}

const PATIENCE: AdminPatience = { headMs: 5_000, requestMs: 10_000, checkMs: 1_000 };

/** What the server is built from; tests have less patience. */
export interface AdminServerOptions {
  readonly context: AdminContext;
  readonly log: Logger;
  readonly clock: Clock;
  /** The dashboard; without it `/` is the list of paths. */
  readonly page?: Page | undefined;
  readonly patience?: AdminPatience;
}

/** Owns its listening sockets until `close`. */
export class AdminServer {
  readonly #context: AdminContext;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #page: Page | undefined;
  readonly #patience: AdminPatience;
  readonly #servers = new Set<Server>();
  readonly #streams = new EventStreams();
  #closing = false;

  constructor({ context, log, clock, page, patience = PATIENCE }: AdminServerOptions) {
    this.#context = context;
    this.#log = log;
    this.#clock = clock;
    this.#page = page;
    this.#patience = patience;
  }

  /**
   * Listens on `host:port` and says where that is: port 0 takes a free one.
   * @throws RangeError when the bind is none, or other machines could reach it without a token; the system's error when
   * it cannot be bound.
   */
  async listenTcp(bind: string, token: string | null): Promise<{ host: string; port: number }> {
    const address = parseBind(bind);
    if (address?.kind !== 'tcp') throw new RangeError(`${bind}: expected host:port`);
    if (token === null && !isLoopback(address))
      throw new RangeError(`${bind}: a token is required, other machines can reach this address`);
    const { host, port } = address;
    const door = new Door(token, this.#clock);
    const server = this.#createServer({ bindHost: host, hostname: hostname(), door });
    await listening(server, host === '' ? { port } : { host, port });
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error('no address after listening');
    return { host: bound.address, port: bound.port };
  }

  /**
   * Listens on a unix socket that only its owner can open.
   * @throws SocketPathError when the path cannot be used; the system's error when it cannot be bound.
   */
  async listenUnix(path: string): Promise<void> {
    await prepareSocketPath(path);
    const server = this.#createServer(undefined);
    // The file is made within listen(): with this mask there is no moment in which others could open it.
    const mask = process.umask(0o177);
    let bound: Promise<void>;
    try {
      bound = listening(server, { path });
    } finally {
      process.umask(mask);
    }
    await bound;
    await chmod(path, 0o600);
  }

  /** Stops accepting, lets answers under way end for 2 s, closes every connection, removes the socket file. */
  async close(): Promise<void> {
    this.#closing = true;
    const servers = [...this.#servers];
    this.#servers.clear();
    this.#streams.close();
    await Promise.all(servers.map(closed));
  }

  #createServer(rules: AccessRules | undefined): Server {
    const { headMs, requestMs, checkMs } = this.#patience;
    const server = nodeHttp().createServer(
      {
        headersTimeout: headMs,
        requestTimeout: requestMs,
        // Without it the two above are only looked at every 30 s.
        connectionsCheckingInterval: checkMs,
        keepAliveTimeout: KEEP_ALIVE_MS,
        maxHeaderSize: 16 * 1024,
      },
      (request, response) => {
        this.#answer(request, response, rules).catch((error: unknown) => {
          if (response.destroyed) return; // The client went away, which is no failure of ours.
          this.#log.error({ err: error, path: request.url }, 'admin request failed');
          if (response.headersSent) response.destroy();
          else send(response, refusal(500, 'internal error'));
        });
      },
    );
    server.maxConnections = MAX_CONNECTIONS;
    server.maxHeadersCount = 100;
    // A connection that never says anything has no head that could be late.
    server.on('connection', (socket) => {
      socket.setTimeout(requestMs);
    });
    server.on('request', (request) => {
      request.socket.setTimeout(0);
    });
    server.on('error', (error) => {
      // A bind that fails is told to the caller, who says it better than a stack does.
      if (server.listening) this.#log.error({ err: error }, 'admin server failed');
    });
    this.#servers.add(server);
    return server;
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    rules: AccessRules | undefined,
  ): Promise<void> {
    request.on('error', (error) => this.#log.debug({ err: error }, 'admin client went away'));
    response.on('error', (error) => this.#log.debug({ err: error }, 'admin client went away'));
    const reply = await this.#reply(request, rules);
    // What is left of a body nobody wanted is not read: the connection ends with the answer.
    if (!request.complete || this.#closing) response.setHeader('Connection', 'close');
    if ('events' in reply) this.#streams.open(response, reply);
    else if ('pieces' in reply) await sendPieces(response, reply);
    else send(response, reply);
  }

  async #reply(request: IncomingMessage, rules: AccessRules | undefined): Promise<AnyReply> {
    const target = request.url ?? '';
    if (!target.startsWith('/')) return refusal(400, 'expected a path as the request target');
    // Parsed behind a fixed origin: `//host/path` is a path here, never another host.
    const url = URL.parse(`http://admin${target}`);
    if (url === null) return refusal(400, 'the request target is malformed');
    const file = this.#page?.answer(request, url.pathname);
    if (rules !== undefined) {
      const refused = refuse(request, file === undefined ? url.pathname : undefined, rules);
      if (refused !== undefined) {
        const { remoteAddress } = request.socket;
        this.#log.warn({ remoteAddress, status: refused.status }, 'admin request refused');
        return refused;
      }
    }
    return file ?? dispatch(ADMIN_ROUTES, this.#context, { request, url, door: rules?.door });
  }
}

function listening(server: Server, where: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
