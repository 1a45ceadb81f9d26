/**
 * The way of a request that asks for another protocol: the same route, stages, policy and retries as any other, and then, when
 * the backend agrees with 101, a tunnel of bytes.
 */
import type { Socket } from 'node:net';
import type { Backend } from '../balancing/backend.ts';
import type { Try } from '../forward/forwarder.ts';
import type { HeadText } from '../http1/head-text.ts';
import type { TunnelEvents } from '../forward/tunnel.ts';
import { Passage } from './passage.ts';
import { RetryCourse } from './retry-course.ts';
import type { RequestHead } from './request-head.ts';
import { upstreamRequest } from './upstream-request.ts';

/**
 * Whether an Upgrade is taken up at all; otherwise the field is dropped and the request served as a plain one. A body beside
 * an Upgrade would be read as the first bytes of the tunnel, h2c would pass every later request by the rules.
 */
export function takesUpgrade(head: RequestHead): boolean {
  const { upgrade, connection } = head;
  if (upgrade === undefined || connection === undefined || !/\bupgrade\b/.test(connection)) {
    return false;
  }
  if (head.method !== 'GET' || head.httpMinor === 0 || !head.isBodyless) return false;
  const protocol = upgrade.toLowerCase();
  return (
    /^[\w!#$%&'*+.^`|~-]+(\/[\w.]+)?$/.test(protocol) &&
    protocol !== 'h2c' &&
    !protocol.startsWith('tls/')
  );
}

export class TunnelPassage extends Passage implements TunnelEvents {
  /** Any answer but 101 is relayed as it is. */
  protected override newCourse(): RetryCourse {
    return new RetryCourse(this.exchange, this.pool, ['connect', 'reset', 'stale']);
  }

  protected override startTry(backend: Backend): Try {
    const { exchange } = this;
    const plain = upstreamRequest(this, backend, exchange.startedMs);
    const asked = exchange.head?.upgrade ?? '';
    const lines = `${plain.lines}Connection: Upgrade\r\nUpgrade: ${asked}\r\n`;
    const client = exchange.connection.openStream();
    return exchange.services.tunnelOpener.open({ ...plain, lines, client }, backend, this);
  }

  onTunnel(lines: HeadText, start: (answerLines: string) => Socket): void {
    const { exchange, route, pool } = this;
    const { backend, connection, response, services } = exchange;
    if (backend === undefined) throw new Error('a tunnel has a backend');
    this.answered(SWITCHING_PROTOCOLS, services.clock.monotonicMs());
    // The bytes of the tunnel are at hand already: it does not wait until a session is known elsewhere.
    this.stick(lines)?.catch((error: unknown) => exchange.fail(error));
    const client = connection.openStream();
    exchange.isTunnel = true;
    client.isJoined = true;
    response.status = SWITCHING_PROTOCOLS;
    const bytesBefore = connection.socket.bytesWritten;
    client.once('close', () => {
      response.bodyBytes = connection.socket.bytesWritten - bytesBefore;
      this.endTry();
    });
    const idleMs = pool.config.timeouts.tunnel;
    services.tunnels.add({
      client,
      upstream: start(exchange.answerLines),
      backend,
      metrics: route.metrics,
      idleMs,
    });
  }
}

const SWITCHING_PROTOCOLS = 101;
