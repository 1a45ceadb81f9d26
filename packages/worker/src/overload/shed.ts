/**
 * Has a request wait under overload, or refuses it. The refusal alone would not help enough: reading a request and answering
 * 503 costs nearly half of what serving it costs. So the connection that it came on is not read for a while, and a client that
 * goes on asking waits in its own socket, where it costs nothing.
 */
import type { Priority } from '@lb/shared/config/schema/route';
import type { Exchange } from '../request/exchange.ts';
import { type Reply, errorReply } from '../request/reply.ts';

/** How long a connection is left alone: half of it to one and a half, so that they do not all come back at once. */
const REST_MS = 1_000;

/** It doubles so often for a connection whose requests are refused one after the other. */
const MAX_DOUBLINGS = 2;

/** What becomes of a request under overload: the reply that refuses it, or undefined when it may begin. */
export function shed(
  exchange: Exchange,
  priority: Priority,
): Reply | undefined | Promise<Reply | undefined> {
  const { connection, services } = exchange;
  if (priority === 'critical') connection.isSpared = true;
  const mayBegin = services.shedder.ask(priority);
  return mayBegin instanceof Promise
    ? mayBegin.then((mayNow) => verdict(exchange, mayNow))
    : verdict(exchange, mayBegin);
}

function verdict({ connection, services }: Exchange, mayBegin: boolean): Reply | undefined {
  if (mayBegin) {
    connection.refusals = 0;
    return undefined;
  }
  // A proxy's connection carries the requests of many clients, critical ones too.
  const { trustedProxies } = services.runtime();
  if (!connection.isSpared && !trustedProxies.trusts(connection.peerAddress))
    connection.restMs =
      REST_MS * 2 ** Math.min(connection.refusals, MAX_DOUBLINGS) * (0.5 + services.random());
  connection.refusals++;
  return OVERLOADED;
}

const OVERLOADED = errorReply('overload', 'too many requests for this server at the moment', [
  'Retry-After',
  '1',
]);
