/** How an exchange is made from what came on a connection. */
import { type Destination, isRefused, readDestination, type RefusedHead } from './destination.ts';
import { type Arrival, Exchange } from './exchange.ts';
import { isAcceptableId } from './request-id.ts';
import type { Services } from './services.ts';

/** An exchange; one whose head must be refused comes with the refusal. */
export interface Begun {
  readonly exchange: Exchange;
  readonly refused: RefusedHead | undefined;
}

/** Makes the exchange, counts it, and has its connection tell it what happens. */
export function beginExchange(arrival: Arrival, services: Services): Begun {
  const { connection, listener, head } = arrival;
  const { trustedProxies, requestIdName, tracer } = services.runtime();
  const peer = connection.peerAddress;
  const isFromProxy = head !== undefined && trustedProxies.trusts(peer);
  const given = isFromProxy ? head.header(requestIdName) : undefined;
  const startedMs = services.clock.monotonicMs();
  const identity = {
    id: given !== undefined && isAcceptableId(given) ? given : services.requestIds.next(startedMs),
    isFromProxy,
    clientAddress: isFromProxy
      ? trustedProxies.clientBehind(peer, head.header('x-forwarded-for') ?? '')
      : peer,
    startedMs,
  };
  let destination: Destination | undefined;
  let refused: RefusedHead | undefined;
  if (head !== undefined) {
    const read = readDestination(head, connection);
    if (isRefused(read)) refused = read;
    else destination = read;
  }
  const exchange = new Exchange(arrival, identity, destination, services);
  if (tracer !== undefined) exchange.trace = tracer.begin(head);
  connection.occupy(exchange);
  services.cells.add(listener.metrics.inFlight, 1);
  return { exchange, refused };
}
