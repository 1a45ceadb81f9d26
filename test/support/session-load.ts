/**
 * Clients with a session each, which go to several instances in turn as behind one address, and note who answered.
 *
 *     table-N   says who it is in X-Session         learn-N   has the cookie that its backend set at /learn/login
 */
import http from 'node:http';
import { text } from 'node:stream/consumers';

/** The load of a test never takes this long. */
const LIMIT_MS = 60_000;

export interface SessionClient {
  readonly name: string;
  /** Backends that answered it, in their order; one that answers again and again is noted once. */
  readonly seen: string[];
}

interface Client extends SessionClient {
  headers: http.OutgoingHttpHeaders | undefined;
  turn: number;
}

export class SessionLoad implements Disposable {
  /** Requests that were answered with 200. */
  answered = 0;
  /** Requests whose connection was refused or broke before the answer was whole. */
  lost = 0;
  /** Any other answer, by its status. */
  readonly refused: string[] = [];
  readonly #clients: readonly Client[];
  readonly #ports: () => readonly number[];
  readonly #agent = new http.Agent({ keepAlive: true, scheduling: 'fifo' });

  /**
   * @param sessions of each of the two kinds
   * @param ports of the instances, as they are now
   */
  constructor(sessions: number, ports: () => readonly number[]) {
    this.#ports = ports;
    this.#clients = Array.from({ length: sessions }, (_, place) => [
      { name: `table-${place}`, seen: [], headers: { 'x-session': `s${place}` }, turn: place },
      { name: `learn-${place}`, seen: [], headers: undefined, turn: place },
    ]).flat();
  }

  get clients(): readonly SessionClient[] {
    return this.#clients;
  }

  /** Sends until this has happened and at least so many more requests were answered. @throws Error when that takes too long */
  async through(happens: () => Promise<unknown>, atLeast: number): Promise<void> {
    const goal = this.answered + atLeast;
    const deadline = performance.now() + LIMIT_MS;
    let hasHappened = false;
    const happening = happens().finally(() => (hasHappened = true));
    const isOver = (): boolean => hasHappened && this.answered >= goal;
    const drive = async (client: Client): Promise<void> => {
      while (!isOver()) {
        if (performance.now() > deadline) throw new Error(`${this.answered} of ${goal} answers`);
        await this.#ask(client);
      }
    };
    await Promise.all([happening, ...this.#clients.map(drive)]);
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  async #ask(client: Client): Promise<void> {
    const ports = this.#ports();
    const port = ports[client.turn++ % ports.length] ?? 0;
    const isLogin = client.headers === undefined;
    const kind = client.name.slice(0, 5);
    try {
      const { status, cookie, body } = await this.#get(
        port,
        isLogin ? `/${kind}/login` : `/${kind}/`,
        client.headers,
      );
      if (status !== 200) {
        this.refused.push(`${client.name}: ${status}`);
        return;
      }
      this.answered++;
      if (isLogin) client.headers = { cookie };
      if (client.seen.at(-1) !== body) client.seen.push(body);
    } catch {
      this.lost++;
    }
  }

  async #get(port: number, path: string, headers: http.OutgoingHttpHeaders = {}) {
    const answer = await new Promise<http.IncomingMessage>((resolve, reject) => {
      http
        .get({ host: '127.0.0.1', port, path, headers, agent: this.#agent }, resolve)
        .on('error', reject);
    });
    const body = await text(answer);
    const cookie = answer.headers['set-cookie']?.[0]?.split(';')[0];
    return { status: answer.statusCode ?? 0, cookie, body };
  }
}
