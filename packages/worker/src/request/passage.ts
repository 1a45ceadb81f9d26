/** A request that goes on to a backend: what every try of it needs. */
import type { Pool } from '../balancing/pool.ts';
import type { ForwardingRoute } from './admission.ts';
import type { Exchange } from './exchange.ts';
import type { RequestBody } from './request-body.ts';
import type { Services } from './services.ts';

export interface Passage {
  readonly exchange: Exchange;
  readonly route: ForwardingRoute;
  readonly pool: Pool;
  readonly body: RequestBody;
  readonly services: Services;
}
